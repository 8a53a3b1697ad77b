"""One poller of a job for all who watch it: each of them gets every change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from orchestrator.job import ENDED
from storyreel.job.v1 import job_pb2

POLL_SECONDS = 0.5

Look = Callable[[], Awaitable[job_pb2.Job]]
"""Asks how a job is doing."""


class Watched:
    """A job that is watched: polled while somebody does, until it has ended.

    Args:
        look: Asks how the job is doing.
        closed: Called, maybe twice, when nobody is to join it any more.
    """

    def __init__(self, look: Look, *, closed: Callable[[Watched], None]) -> None:
        self._look = look
        self._closed = closed
        self._latest: job_pb2.Job | None = None
        self._watchers: set[asyncio.Queue[job_pb2.Job | Exception]] = set()
        self._polling = asyncio.create_task(self._poll())

    async def events(self) -> AsyncIterator[job_pb2.Job]:
        """The job now and at each change; the last one has ended. Nobody may change what is yielded.

        Raises:
            StoryreelError: As the look at the job did.
        """
        mine: asyncio.Queue[job_pb2.Job | Exception] = asyncio.Queue()
        if self._latest is not None:
            mine.put_nowait(self._latest)
        self._watchers.add(mine)
        try:
            while True:
                event = await mine.get()
                if isinstance(event, Exception):
                    raise event
                yield event
                if event.state in ENDED:
                    return
        finally:
            self._watchers.discard(mine)
            if not self._watchers:
                self._polling.cancel()
                self._closed(self)

    async def _poll(self) -> None:
        before = b""
        try:
            while True:
                job = await self._look()
                now = job.SerializeToString(deterministic=True)
                if now != before:
                    before = now
                    self._latest = job
                    self._tell(job)
                if job.state in ENDED:
                    return
                await asyncio.sleep(POLL_SECONDS)
        except Exception as error:  # theirs, each of whom hears it
            self._tell(error)
        finally:
            self._closed(self)

    def _tell(self, event: job_pb2.Job | Exception) -> None:
        for watcher in self._watchers:
            watcher.put_nowait(event)
