"""Makes a clip: a scratch folder, a backend that writes the file, the store that keeps it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.artifacts import disk
from services.artifacts.store import Store
from services.chassis.progress import Report
from services.generation.clip import UNSHOWN_MOST, Backend, Clip, Shot

MP4 = "video/mp4"


_PREFIX = "clip-"


async def film(backend: Backend, shot: Shot, store: Store, *, scratch: Path, report: Report) -> Clip:
    """Have a backend make a shot's clip, and store it.

    Args:
        backend: Who makes it.
        shot: What it is made from.
        store: Where the clip goes.
        scratch: Where the file is made, in a folder of its own that is gone afterwards, whatever happens.
        report: Told how far it is.

    Raises:
        ChildDied: The process that made it died.
        StoreFull: The disk, or the store, is full.
    """
    async with _folder(scratch) as folder:
        path = folder / "clip.mp4"
        unshown = await backend.make(shot, path, report)
        video = await store.put_file(path, media_type=MP4)
    return Clip(video, shot.frames, shot.picture, _at_most(unshown))


def _at_most(unshown: tuple[str, ...]) -> tuple[str, ...]:
    if len(unshown) <= UNSHOWN_MOST:
        return unshown
    shown = unshown[: UNSHOWN_MOST - 1]
    return (*shown, f"… and {len(unshown) - len(shown)} more")


@asynccontextmanager
async def _folder(scratch: Path) -> AsyncIterator[Path]:
    def make() -> Path:
        with disk.errors(scratch):
            disk.make_folder(scratch)
            return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=scratch))

    folder = await asyncio.to_thread(make)
    try:
        yield folder
    finally:
        # Without a thread: a cancelled caller cannot wait, and there is one file in it at most.
        shutil.rmtree(folder, ignore_errors=True)
