"""The child's own side: frames, limits, and its end when nobody is left to answer."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from services.chassis.errors import EmptyDocument
from services.chassis.inside import HEADER, MAX_FRAME, READY, REQUEST, RESULT, Pipe, describe, serve
from services.chassis.progress import Report

PARENT = """
import json, os, subprocess, sys, time
settings = {"parent": os.getpid(), "scratch": os.getcwd(), "address_space": None,
            "file_bytes": None, "open_files": 64, "cpu_seconds": None}
child = subprocess.Popen([sys.executable, "-m", "services.chassis.inside", "sleeper", json.dumps(settings)],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
child.stdout.read(5)
child.stdin.write(b"q" + (0).to_bytes(4, "big"))
child.stdin.flush()
child.stdout.read(1)
print(child.pid, flush=True)
time.sleep(600)
"""

SLEEPER = """
import time
from services.chassis.progress import Progress
def answer(payload, report):
    report(Progress("sleeping", 0.0))
    time.sleep(600)
"""


def request(body: bytes) -> bytes:
    return HEADER.pack(REQUEST, len(body)) + body


def replies(sink: io.BytesIO) -> list[tuple[bytes, bytes]]:
    found, data = [], sink.getvalue()
    while data:
        kind, size = HEADER.unpack(data[: HEADER.size])
        found.append((kind, data[HEADER.size : HEADER.size + size]))
        data = data[HEADER.size + size :]
    return found


def ended(pid: int) -> bool:
    """Tell whether a process is over within 30 s; one that waits to be reaped is."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def shout(payload: bytes, report: Report) -> bytes:
    if payload == b"empty":
        raise EmptyDocument("Nothing there.", retry_after=timedelta(seconds=2))
    return payload.upper()


def test_requests_are_answered_in_order_until_the_input_ends() -> None:
    sink = io.BytesIO()

    serve(Pipe(io.BytesIO(request(b"a") + request(b"b")), sink), shout, cpu_seconds=None)

    assert replies(sink) == [(RESULT, b"A"), (RESULT, b"B")]


def test_an_error_does_not_end_the_worker() -> None:
    sink = io.BytesIO()

    serve(Pipe(io.BytesIO(request(b"empty") + request(b"b")), sink), shout, cpu_seconds=None)

    (_, error), result = replies(sink)
    assert json.loads(error)["reason"] == "EMPTY_DOCUMENT"
    assert json.loads(error)["retry_after"] == 2
    assert result == (RESULT, b"B")


def test_a_frame_that_is_no_request_is_refused() -> None:
    pipe = Pipe(io.BytesIO(HEADER.pack(READY, 0)), io.BytesIO())

    with pytest.raises(ValueError, match="not a request"):
        pipe.read()


def test_a_request_that_announces_more_than_a_frame_is_refused_unread() -> None:
    pipe = Pipe(io.BytesIO(HEADER.pack(REQUEST, MAX_FRAME + 1)), io.BytesIO())

    with pytest.raises(ValueError, match="not a request"):
        pipe.read()


def test_a_request_cut_short_is_the_end_of_the_input() -> None:
    pipe = Pipe(io.BytesIO(request(b"hello")[:-1]), io.BytesIO())

    assert pipe.read() is None


def test_a_defect_is_described_without_its_text_but_with_its_trace() -> None:
    body = json.loads(describe(KeyError("hunter2")))

    assert body["reason"] == "INTERNAL"
    assert body["message"] == ""
    assert "hunter2" in body["trace"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_a_working_child_dies_with_its_parent(tmp_path: Path) -> None:
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{root}"}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env=environment, cwd=tmp_path
    ) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        parent.kill()

    assert ended(child)
