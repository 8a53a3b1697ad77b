"""The end of a command that is asked to stop: what does not end within its grace is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from orchestrator.cli.terminal import nobody_reads, tell

GRACE_SECONDS = 15.0
"""From the first signal; a busy machine may need most of it to stop in good order."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 130


class Stopping:
    """What signals do to the task of a command: the first one asks it to stop, a second one ends the process.

    Args:
        task: The command.
        asked: Set when it is asked.
    """

    def __init__(self, task: asyncio.Future[int], asked: asyncio.Event) -> None:
        self._task = task
        self._asked = asked
        self._loop = asyncio.get_running_loop()
        self._signalled = False

    def listen(self) -> None:
        """Take the signals that are not ignored: nohup ignores SIGHUP.

        Not by the loop: while that is busy its own handlers wait, and so would the grace.
        """
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._take)

    def _take(self, number: int, _: object) -> None:
        if number == signal.SIGHUP:
            nobody_reads()
        if self._signalled:
            leave(INTERRUPTED)
        self._signalled = True
        timer = threading.Timer(GRACE_SECONDS, _give_up)
        timer.daemon = True
        timer.start()
        self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        self._asked.set()
        self._task.cancel()


def _give_up() -> None:
    tell(
        f"Not everything has stopped within {GRACE_SECONDS:.0f} s; the rest is ended now. "
        "What is finished is kept: `storyreel resume`, or the same command, goes on with it.\n"
    )
    leave(INTERRUPTED)


def leave(code: int) -> NoReturn:
    """End this process at once, with what it has started and nobody else uses.

    The engine's client may crash while the interpreter takes itself apart; all is written by now.
    """
    engine = sys.modules.get("orchestrator.local_engine")
    shared: set[int] = engine.started() if engine else set()
    with suppress(Exception):
        for child in [*_children(os.getpid(), shared)]:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(child, signal.SIGKILL)
        if engine:
            engine.abandon()
    os._exit(code)


def _children(process: int, shared: set[int]) -> Iterator[int]:
    """The processes that one has started and those that they have, but none of `shared`."""
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):  # it may have ended
            for child in map(int, listed.read_text().split()):
                if child not in shared:
                    yield child
                    yield from _children(child, shared)
