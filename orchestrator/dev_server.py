"""Temporal's dev server as a process: how it is started, and how one that runs is found."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PROCESSES = Path("/proc")
"""Linux tells here what every process was started with; elsewhere only the state file is asked."""

FLAGS = (
    *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"),
    # The default, 20 polls a second, makes every hop wait for a 50 ms tick.
    *("--dynamic-config-value", "history.transferProcessorMaxPollRPS=1000"),
    *("--dynamic-config-value", "history.timerProcessorMaxPollRPS=1000"),
    # Timers under a second are rounded up to one otherwise.
    *("--dynamic-config-value", 'history.timerProcessorMaxTimeShift="20ms"'),
    # Priorities hold only inside one partition.
    *("--dynamic-config-value", "matching.numTaskqueueReadPartitions=1"),
    *("--dynamic-config-value", "matching.numTaskqueueWritePartitions=1"),
    *("--dynamic-config-value", "matching.enableFairness=true"),
)


@dataclass(frozen=True, slots=True)
class Running:
    """A local server: its process id and port on 127.0.0.1."""

    pid: int
    port: int

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"127.0.0.1:{self.port}"


def start(
    program: str, database: str, *, port: int, log: IO[bytes], lock: IO[str]
) -> subprocess.Popen[bytes]:
    """Start a server at a port of 127.0.0.1.

    Args:
        program: The `temporal` program.
        database: The path of its SQLite file.
        port: Where it listens.
        log: Where it writes what it says.
        lock: A file that it keeps open, and with it the lock on it.
    """
    where = ("--ip", "127.0.0.1", "--port", str(port), "--db-filename", database)
    return subprocess.Popen(
        [program, "server", "start-dev", "--headless", *where, "--log-level", "error", *FLAGS],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=_environment(Path(database).parent),
        pass_fds=[lock.fileno()],
        start_new_session=True,  # a Ctrl-C for one command must not reach the shared server
    )


def find(database: str) -> Running | None:
    """The server of a database by what it was started with: a state file may name a recycled id."""
    for pid, words in _commands():
        try:
            if words[words.index("--db-filename") + 1] == database:
                return Running(pid, int(words[words.index("--port") + 1]))
        except (ValueError, IndexError):
            continue
    return None


def _environment(folder: Path) -> dict[str, str]:
    """Ours; Go finds no user without a name in an image whose user ids have none."""
    given = {name: value for name, value in os.environ.items() if value}
    # It collects twice as often: 25 MB less, no slower.
    return {"GOGC": "50", "USER": "storyreel", "HOME": str(folder)} | given


def _commands() -> Iterator[tuple[int, list[str]]]:
    """The processes that can be seen, with the words of their command lines."""
    for entry in PROCESSES.iterdir():
        if entry.name.isdecimal():
            # It may have ended since it was listed, or be somebody else's.
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes()
                yield int(entry.name), os.fsdecode(line).split("\0")
