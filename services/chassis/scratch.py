"""Folders for work in progress, locked while in use, so that what a killed process left can be removed."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Self

from services.chassis.settings import home

PREFIX = "storyreel-"
"""What the names of our folders among other programs' temporary files begin with."""

LEFT_BEHIND = timedelta(days=1)
"""What is older, and not locked, belongs to nobody: no work takes so long."""


class Scratch:
    """A new folder that is this process's own until it is removed; the system frees it with the process.

    Args:
        parent: Where it is made; None: the system's folder for temporary files.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def remove(self) -> None:
        """Remove the folder and what is in it; what cannot be removed now is swept up later."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def clean() -> None:
    """Sweep the two places in which work is done: the home's scratch folder, and the system's for all."""
    sweep(home() / "scratch")
    sweep(Path(tempfile.gettempdir()), prefix=PREFIX)


def sweep(folder: Path, *, prefix: str = "") -> None:
    """Remove the files and folders that killed processes of this user left in a folder a day ago or earlier.

    Nothing is raised: what cannot be removed stays, a start must not fail for it.
    """
    with suppress(OSError):
        for entry in folder.iterdir():
            if entry.name.startswith(prefix):
                with suppress(OSError):
                    _sweep(entry)


def _sweep(entry: Path) -> None:
    found = entry.lstat()
    if found.st_uid != os.getuid() or time.time() - found.st_mtime < LEFT_BEHIND.total_seconds():
        return
    if not stat.S_ISDIR(found.st_mode):
        entry.unlink()
        return
    lock = os.open(entry, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError: a long-lived process uses it
        shutil.rmtree(entry, ignore_errors=True)
    finally:
        os.close(lock)
