"""Room on the home's disk: without it the engine stands still and says nothing."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import NoReturn

from services.artifacts import disk
from services.chassis import telemetry
from services.chassis.errors import StoreFull, StoreUnavailable

LEAST_BYTES = 256 << 10
"""Room without which a running engine stands still at once: its next commits take so much."""

WATCH_SECONDS = 1.0


def check(folder: Path, needed: int = LEAST_BYTES) -> None:
    """See that a file of `needed` bytes fits into a folder.

    Raises:
        StoreFull: It does not; the message has the sizes.
        StoreUnavailable: No file can be made there.
    """
    with disk.errors(folder), tempfile.TemporaryFile(dir=folder) as file:
        os.posix_fallocate(file.fileno(), 0, needed)  # a quota counts, too, which the free space does not


async def watch(folder: Path) -> NoReturn:
    """Look at a folder's disk for as long as it has room.

    Raises:
        StoreFull: It had none twice in a row.
    """
    before = False
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        try:
            await asyncio.to_thread(check, folder)
            before = False
        except StoreFull:
            if before:
                raise
            before = True
        except StoreUnavailable as error:
            telemetry.log.warning("home.unavailable", why=error.message)
