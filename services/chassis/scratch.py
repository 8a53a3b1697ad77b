"""Folders for work in progress, locked while in use, so that what a killed process left can be removed.

The system lets go of a lock with its process, however that ends: what nobody holds, nobody uses.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Self

from services.chassis.settings import home_folder

PREFIX = "storyreel-scratch-"
NAME = re.compile(re.escape(PREFIX) + r"[a-z0-9_]{8}")
"""What our folders among other programs' are called, and nothing that a person would name so."""

LEFT_BEHIND = timedelta(days=1)
"""What is older belongs to nobody, where several processes work that hold no lock on each of their files."""

_held: dict[Path, int] = {}
"""The shared folders that this process works in, with the lock it has on each until it ends."""


class Scratch:
    """A new folder that is this process's own until it is removed; the system frees it with the process.

    Args:
        parent: Where it is made; None: the system's folder for temporary files.
    """

    def __init__(self, parent: Path | None = None) -> None:
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
            # Before it was locked somebody who swept may have taken it for left behind.
            with suppress(FileNotFoundError):
                self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
                with suppress(OSError):  # where there are no locks nobody sweeps, either
                    fcntl.flock(self._lock, fcntl.LOCK_SH)
                if self.path.exists():
                    return
                os.close(self._lock)

    def remove(self) -> None:
        """Remove the folder and what is in it; what cannot be removed now is swept up later."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def clean(*more: Path) -> None:
    """Sweep where work is done: the home's scratch folder, the system's for all, and others like that."""
    with suppress(OSError):
        share(home_folder("scratch"))
    for folder in {Path(tempfile.gettempdir()), *more}:
        sweep(folder)


def share(folder: Path) -> None:
    """Say until the end of this process that it works in a folder; who is alone there empties it first.

    Nothing is raised: what cannot be removed stays, a start must not fail for it.
    """
    if folder in _held:
        return
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        lock = _held[folder] = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        alone = True
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            alone = False
        for entry in folder.iterdir():
            with suppress(OSError):
                if alone or time.time() - entry.lstat().st_mtime > LEFT_BEHIND.total_seconds():
                    _remove(entry)
        fcntl.flock(lock, fcntl.LOCK_SH)  # waits for somebody who empties it


def sweep(folder: Path) -> None:
    """Remove the folders that killed processes of this user left among others' files.

    Nothing is raised: what cannot be removed stays, a start must not fail for it.
    """
    with suppress(OSError):
        for entry in folder.iterdir():
            with suppress(OSError):
                if NAME.fullmatch(entry.name) and stat.S_ISDIR(entry.lstat().st_mode):
                    _remove(entry)


def _remove(entry: Path) -> None:
    """Remove a file or folder of this user, unless somebody holds a lock on it."""
    found = entry.lstat()
    if found.st_uid != os.getuid():
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
