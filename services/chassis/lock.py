"""Locks on files, as the system frees them with the process that held them."""

from __future__ import annotations

import contextlib
import errno
import fcntl
from pathlib import Path
from typing import IO

from services.chassis.errors import Configuration, Suggestion

NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}
"""What a file system answers that has none: NFS without lockd, Lustre mounted without flock."""


def take(file: int | IO[str] | IO[bytes], how: int, *, folder: Path) -> None:
    """Take a lock on an open file, as `fcntl.flock` does.

    Args:
        file: The file.
        how: `fcntl.LOCK_SH` or `LOCK_EX`, with `LOCK_NB` so as not to wait.
        folder: What the error names.

    Raises:
        BlockingIOError: Somebody else holds it, and waiting was not wanted.
        Configuration: The file system has no locks.
    """
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        raise Configuration(
            f"The file system of {folder} has no locks ({error.strerror}).",
            suggestions=[Suggestion("Set STORYREEL_HOME to a folder on a local disk.")],
            metadata={"folder": str(folder)},
        ) from None


def free(path: Path) -> bool:
    """Tell whether nobody holds a lock on the file of this name, if there is one."""
    with contextlib.suppress(FileNotFoundError), path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
