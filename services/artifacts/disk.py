"""Files that are whole and durable or not there, and what a disk's refusals mean."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from services.chassis.errors import StoreFull, StoreUnavailable, Suggestion

PIECE = 1 << 20
"""Bytes read, hashed and written at once."""
TEMPORARY = ".unfinished-"
"""What names of files begin with that a killed process may leave behind; nothing ever reads them."""

FULL = {errno.ENOSPC, errno.EDQUOT}
MIB = 1 << 20


@contextmanager
def errors(folder: Path) -> Iterator[None]:
    """Turn the system's refusals under `folder` into errors that say what to do.

    Raises:
        StoreFull: The disk, or the user's quota on it, is used up.
        StoreUnavailable: Anything else: no permission, no such place, a failing disk.
    """
    try:
        yield
    except OSError as error:
        raise (_full(error, folder) if error.errno in FULL else _refused(error, folder)) from error


@contextmanager
def new_file(target: Path, *, mode: int) -> Iterator[BinaryIO]:
    """A file that appears under its name, durably, when the block ends well, and not at all otherwise.

    Replaces what has the name. `mode` are the permission bits, whatever the umask.
    """
    make_folder(target.parent)
    number, name = tempfile.mkstemp(prefix=TEMPORARY, dir=target.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        unfinished.replace(target)
    except BaseException:
        with suppress(FileNotFoundError):
            unfinished.unlink()
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


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that they outlive a power cut."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
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


def _full(error: OSError, folder: Path) -> StoreFull:
    there = next(place for place in (folder, *folder.parents) if place.is_dir())
    usage = shutil.disk_usage(there)
    what = "The quota is used up" if error.errno == errno.EDQUOT else "The disk is full"
    return StoreFull(
        f"{what}: {usage.free / MIB:.1f} MiB of {usage.total / MIB:.0f} MiB is free under {folder}.",
        suggestions=[
            Suggestion("Delete what is not needed, or set STORYREEL_HOME to a folder on a larger disk.")
        ],
        metadata={"free_bytes": str(usage.free), "total_bytes": str(usage.total)},
    )


def _refused(error: OSError, folder: Path) -> StoreUnavailable:
    why = error.strerror or type(error).__name__
    return StoreUnavailable(
        f"The artifact store cannot use the folder {folder}: {why}.",
        suggestions=[
            Suggestion("Make the folder writable for this user, or set STORYREEL_HOME to one that is.")
        ],
        metadata={"errno": errno.errorcode.get(error.errno or 0, "")},
    )
