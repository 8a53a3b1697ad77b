"""Makes a clip: a scratch folder, a backend that writes the file, the store that keeps it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.artifacts import disk
from services.artifacts.store import Store
from services.generation.clip import UNSHOWN_MOST, Clip, Shot, last_frame_path
from services.generation.footage.plan import Making

MP4 = "video/mp4"
PNG = "image/png"

_PREFIX = "clip-"


@dataclass(frozen=True, slots=True)
class Made:
    """What a backend tells of a clip it has written: text it could not show, or how it was generated."""

    unshown: tuple[str, ...] = ()
    making: Making | None = None


async def film(make: Callable[[Path], Awaitable[Made]], shot: Shot, store: Store, *, scratch: Path) -> Clip:
    """Have a shot's clip made, and store it; of a shot that ends early its last frame, too.

    Args:
        make: Writes the clip to a new file.
        shot: What it is made from.
        store: Where the clip goes.
        scratch: Where the file is made, in a folder of its own that is gone afterwards, whatever happens.

    Raises:
        StoreFull: The disk, or the store, is full.
        StoryreelError: What `make` raises.
    """
    async with _folder(scratch) as folder:
        path = folder / "clip.mp4"
        made = await make(path)
        video = await store.put_file(path, media_type=MP4)
        last = await store.put_file(last_frame_path(path), media_type=PNG) if shot.ends_early else None
    return Clip(video, shot.frames, shot.picture, _at_most(made.unshown), made.making, last)


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
        # Without a thread: a cancelled caller cannot wait, and there are a few files in it at most.
        shutil.rmtree(folder, ignore_errors=True)
