"""CPU seconds and peak memory of a command with everything it starts, daemons included."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): orphans become children of this process, so that their CPU time is counted too."""

SAMPLE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Usage:
    """What a command took.

    `cpu_seconds` is user and system time of the whole process tree; `peak_bytes` the largest sum of
    proportional set sizes (PSS: shared pages count once over all) seen at ten samples a second;
    `first_line_seconds` when the first line of standard output came.
    """

    code: int
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    first_line_seconds: float
    output: str


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Usage:
    """Run a command to its end, and wait for what it left behind."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before, began = _children_cpu(), time.monotonic()
    peak = [0]
    ended = threading.Event()
    sampler = threading.Thread(target=_sample, args=(peak, ended))
    sampler.start()
    process = subprocess.Popen(
        command, env={**os.environ, **(env or {})}, cwd=cwd, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    first_seconds = time.monotonic() - began
    output = first + process.stdout.read()
    code = process.wait()
    wall = time.monotonic() - began
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    ended.set()
    sampler.join()
    return Usage(code, _children_cpu() - before, wall, peak[0], first_seconds, output)


def storyreel(*arguments: str) -> list[str]:
    """The command line of this environment's storyreel."""
    return [str(Path(sys.executable).with_name("storyreel")), *arguments]


def say(what: str, value: str, limit: str, *, ok: bool) -> None:
    """Print one figure beside its limit."""
    print(f"{'ok  ' if ok else 'MISS'}  {what:<58} {value:>16}   limit {limit}", flush=True)


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _sample(peak: list[int], ended: threading.Event) -> None:
    while not ended.wait(SAMPLE_SECONDS):
        peak[0] = max(peak[0], sum(_pss(pid) for pid in _descendants()))


def _descendants() -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    open_ends = [os.getpid()]
    while open_ends:
        children = parents.get(open_ends.pop(), [])
        found += children
        open_ends += children
    return found


def _pss(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
