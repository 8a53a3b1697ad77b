"""What sounds and videos are made with, and where their files lie meanwhile."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from services.artifacts import disk
from services.artifacts.store import Artifact, Store
from services.chassis.child import Child
from services.chassis.progress import Report
from services.media.clock import SAMPLE_RATE
from services.muxing import worker
from services.muxing.backends.ffmpeg import Ffmpeg

T = TypeVar("T")
U = TypeVar("U")

FETCHES = 8
"""Artifacts fetched at once."""


@dataclass(frozen=True, slots=True)
class Studio:
    """ffmpeg, the child that reads and writes media, the store, a place for files."""

    ffmpeg: Ffmpeg
    child: Child
    store: Store
    scratch: Path

    async def do(self, task: worker.Task, *, samples: int, report: Report) -> bytes:
        """Have the child do a task on a video that lasts so many samples; the answer is the task's.

        Raises:
            StoryreelError: What the task raises.
            ChildDied: The child died.
            Deadline: It took a minute and as long as the video lasts.
        """
        limit = timedelta(seconds=60 + samples / SAMPLE_RATE)
        return await self.child.call(worker.TASKS.dump_json(task), timeout=limit, report=report)

    @asynccontextmanager
    async def files(self, wanted: Sequence[Artifact]) -> AsyncIterator[list[Path]]:
        """The files of artifacts, in order.

        Raises:
            ArtifactMissing: One is not in the store.
        """
        turns = asyncio.Semaphore(FETCHES)
        async with AsyncExitStack() as held:

            async def fetch(artifact: Artifact) -> Path:
                async with turns:
                    return await held.enter_async_context(self.store.path(artifact))

            yield await together(fetch(artifact) for artifact in wanted)

    @asynccontextmanager
    async def folder(self) -> AsyncIterator[Path]:
        """A folder of its own under `scratch`, gone afterwards whatever happens."""

        def make() -> Path:
            with disk.errors(self.scratch):
                disk.make_folder(self.scratch)
                return Path(tempfile.mkdtemp(prefix="mux-", dir=self.scratch))

        folder = await asyncio.to_thread(make)
        try:
            yield folder
        finally:
            # Without a thread: a cancelled caller cannot wait, and there are few files in it.
            shutil.rmtree(folder, ignore_errors=True)


async def together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do all of it at once: results in order; a failure stops the rest and is raised as it is."""
    tasks = [asyncio.ensure_future(part) for part in work]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def both(one: Coroutine[Any, Any, T], other: Coroutine[Any, Any, U]) -> tuple[T, U]:
    """`together` for two things of different kinds."""
    first, second = asyncio.ensure_future(one), asyncio.ensure_future(other)
    try:
        await asyncio.gather(first, second)
        return first.result(), second.result()
    finally:
        first.cancel()
        second.cancel()
        await asyncio.wait((first, second))
