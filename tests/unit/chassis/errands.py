"""A worker module that does what a test asks of it, and a child that runs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from services.chassis.child import Child

LONG = timedelta(seconds=60)

WORKER = """
import json, os, signal, subprocess, sys, time
from pathlib import Path
from datetime import timedelta
from services.chassis.errors import Change, DocumentTooLarge, Suggestion, Violation
from services.chassis.progress import Progress

def answer(payload, report):
    verb, _, rest = payload.decode().partition(" ")
    if verb == "echo":
        return rest.encode()
    if verb == "pid":
        return str(os.getpid()).encode()
    if verb == "environment":
        return json.dumps(dict(os.environ)).encode()
    if verb == "print":
        print("noise on standard output", flush=True)
        return b"quiet"
    if verb == "count":
        for done in range(3):
            report(Progress("counting", done / 2, done, 2, "steps"))
        return b"counted"
    if verb == "refuse":
        print(rest, file=sys.stderr, flush=True)
        raise DocumentTooLarge(
            "Too large.", suggestions=[Suggestion("Split it.", (Change("size", "2", "1"),))],
            metadata={"limit": "1"}, violations=[Violation("a", "b")], retry_after=timedelta(seconds=3))
    if verb == "bug":
        raise KeyError("secret=hunter2")
    if verb == "exit":
        os._exit(3)
    if verb == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if verb == "eat":
        return bytes(1 << 30)
    if verb == "spin":
        while True:
            pass
    if verb == "scratch":
        Path("left-behind").write_text("x")
        return str(Path.cwd()).encode()
    if verb == "large":
        return bytes((16 << 20) + 1)
    if verb == "babble":
        for fd in range(3, 32):
            try:
                os.write(fd, b"this is no frame at all")
            except OSError:
                pass
    if verb == "meet":
        Path(rest, str(os.getpid())).touch()
        while len(os.listdir(rest)) < 2:
            time.sleep(0.01)
        return b"met"
    if verb == "family":
        process = subprocess.Popen(["sleep", "600"])
        Path(rest).write_text(f"{os.getpid()} {process.pid}")
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "errand.py").write_text(WORKER)
    (tmp_path / "broken.py").write_text("raise RuntimeError('cannot be imported')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "errand"


@pytest.fixture
async def child(module: str) -> AsyncIterator[Child]:
    child = Child(module)
    yield child
    await child.close()


def facts(caplog: pytest.LogCaptureFixture) -> list[object]:
    return [getattr(record, "facts", None) for record in caplog.records]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
