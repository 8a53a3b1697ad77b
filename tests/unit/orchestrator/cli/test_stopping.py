"""The end of a command that is asked to stop, also while its loop is busy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

BUSY = """
import asyncio, subprocess, sys, time
from orchestrator.cli import stopping
stopping.GRACE_SECONDS = float(sys.argv[1])
async def work():
    return 0
async def main():
    child = subprocess.Popen(["sleep", "600"])
    asked = asyncio.Event()
    stopping.Stopping(asyncio.ensure_future(work()), asked).listen()
    print(child.pid, flush=True)
    time.sleep(600)
asyncio.run(main())
"""


def busy(grace: float) -> tuple[subprocess.Popen[str], int]:
    """A command whose loop does nothing else than work, and the id of a process that it has started."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", BUSY, str(grace)]
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def gone(process: int) -> bool:
    """Tell whether a process has ended, which may take one that is killed a moment."""
    for _ in range(100):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_busy_command_ends_after_its_grace_with_what_it_has_started(number: signal.Signals) -> None:
    process, child = busy(0.3)

    process.send_signal(number)
    _, said = process.communicate()

    assert process.returncode == 130
    assert "the rest is ended now. What is finished is kept: `storyreel resume`" in said
    assert gone(child)


def test_a_second_signal_ends_it_at_once() -> None:
    process, child = busy(600)

    process.terminate()
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    _, said = process.communicate()

    assert (process.returncode, said) == (130, "")
    assert gone(child)
