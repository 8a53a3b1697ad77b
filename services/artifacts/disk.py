"""Files that are whole and durable or not there, and what a disk's refusals mean."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from services.chassis.errors import StoreFull, StoreUnavailable, Suggestion
from services.chassis.settings import PRIVATE, home

PIECE = 1 << 20
"""Bytes read, hashed and written at once."""
TEMPORARY = ".unfinished-"
"""What names of files begin with that a killed process may leave behind; nothing ever reads them."""
LEFT = re.compile(re.escape(TEMPORARY) + r"[0-9a-f]{16}")
"""Such names whole, and nothing that a person would name so."""

FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do about a folder that is `full`, or that is `refused` to this user."""

    full: str
    refused: str


HOME = Remedy(
    "Delete what is not needed, or set STORYREEL_HOME to a folder on a larger disk.",
    "Make the folder writable for this user, or set STORYREEL_HOME to one that is.",
)
TARGET = Remedy("Make room there.", "Make the folder writable for this user.")
"""For a folder that the caller named."""


@contextmanager
def errors(folder: Path, *, remedy: Remedy = HOME, needed: int = 0) -> Iterator[None]:
    """Turn the system's refusals under `folder` into errors that say what to do.

    Args:
        folder: What is written to or read from.
        remedy: What the errors suggest.
        needed: Bytes of the file that is written, 0 when nobody knows.

    Raises:
        StoreFull: The disk, or the user's quota on it, is used up.
        StoreUnavailable: Anything else: no permission, no such place, a failing disk.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise _full(error, folder, remedy, needed) from error
        raise _refused(error, folder, remedy) from error


@contextmanager
def new_file(target: Path, *, mode: int = 0o666, unfinished: Path | None = None) -> Iterator[BinaryIO]:
    """A file that appears under its name, durably, when the block ends well, and not at all otherwise.

    Replaces what has the name. While it is written it is locked, by which `sweep` tells it from what a
    killed process left.

    Args:
        target: Its name.
        mode: The permission bits; the umask takes away from them.
        unfinished: The folder that it is written in, on the same disk; None: beside its name.
    """
    folder = unfinished or target.parent
    make_folder(folder)
    make_folder(target.parent)
    path, number = _unfinished(folder, mode)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            path.replace(target)
    except BaseException:
        with suppress(FileNotFoundError):
            path.unlink()
        raise
    sync_folder(target.parent)


@asynccontextmanager
async def new_folder(parent: Path, *, prefix: str) -> AsyncIterator[Path]:
    """A new folder for work in progress; it is gone when the block ends, whatever happens.

    Raises:
        StoreFull: The disk is full.
        StoreUnavailable: The parent cannot be used.
    """

    def make() -> Path:
        with errors(parent):
            make_folder(parent)
            return Path(tempfile.mkdtemp(prefix=prefix, dir=parent))

    making = asyncio.ensure_future(asyncio.to_thread(make))
    try:
        yield await asyncio.shield(making)
    finally:
        if making.done():
            _remove_folder(making)
        else:  # the caller was cancelled, and the thread goes on
            making.add_done_callback(_remove_folder)


def _unfinished(folder: Path, mode: int) -> tuple[Path, int]:
    """A new file that this process has locked, where the disk has locks."""
    while True:
        path = folder / f"{TEMPORARY}{secrets.token_hex(8)}"
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = os.fstat(number).st_nlink > 0
        except OSError as error:
            mine = not isinstance(error, BlockingIOError)  # without locks nobody sweeps, either
        if mine:
            return path, number
        os.close(number)  # before it was locked, somebody who swept took it away


def sweep(folder: Path) -> None:
    """Remove the unfinished files that killed processes of this user left in a folder, not below it.

    Nothing is raised: what cannot be removed stays.
    """
    with suppress(OSError):
        for entry in folder.iterdir():
            if LEFT.fullmatch(entry.name):
                with suppress(OSError):
                    _remove(entry)


def _remove(entry: Path) -> None:
    number = os.open(entry, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        found = os.fstat(number)
        if stat.S_ISREG(found.st_mode) and found.st_uid == os.getuid():
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError: it is being written
            entry.unlink()
    finally:
        os.close(number)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that they outlive a power cut; in the home they are private."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=PRIVATE if folder.is_relative_to(home()) else 0o777, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _remove_folder(making: asyncio.Future[Path]) -> None:
    """Remove the folder that was made, if one was."""
    if not making.cancelled() and making.exception() is None:
        # Without a thread: a cancelled caller cannot wait, and there are a few files in it at most.
        shutil.rmtree(making.result(), ignore_errors=True)


def _full(error: OSError, folder: Path, remedy: Remedy, needed: int) -> StoreFull:
    there = next(place for place in (folder, *folder.parents) if place.is_dir())
    usage = shutil.disk_usage(there)
    what = "The quota is used up" if error.errno == errno.EDQUOT else "The disk is full"
    wanted = f"; the file needs {size(needed)}" if needed else ""
    return StoreFull(
        f"{what}: {size(usage.free)} of {size(usage.total)} is free under {folder}{wanted}.",
        suggestions=[Suggestion(remedy.full)],
        metadata={"free_bytes": str(usage.free), "total_bytes": str(usage.total)},
    )


def size(number: int) -> str:
    """A number of bytes as people read it: `7 bytes`, `196 KiB`, `3.0 MiB`, `1.2 GiB`."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB")):
        if number >= unit:
            return f"{number / unit:.1f} {name}"
    return f"{number / 1024:.0f} KiB" if number >= 1024 else f"{number} bytes"


def _refused(error: OSError, folder: Path, remedy: Remedy) -> StoreUnavailable:
    why = error.strerror or type(error).__name__
    return StoreUnavailable(
        f"Cannot use the folder {folder}: {why}.",
        suggestions=[Suggestion(remedy.refused)],
        metadata={"errno": errno.errorcode.get(error.errno or 0, "")},
    )
