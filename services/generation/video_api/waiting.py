"""Waits for a video server's job, and lets go of it, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from services.chassis import telemetry
from services.chassis.errors import DeviceFault, StoryreelError
from services.generation.video_api.connection import Sleep
from services.generation.video_api.dialects import Dialect
from services.generation.video_api.faults import failed
from services.generation.video_api.jobs import Job, Jobs
from services.generation.video_api.progress import Telling
from services.generation.video_api.request import Body

LETTING_GO_SECONDS = 300.0
"""How long it may take in all to delete a job: nobody waits for ever for what nobody wants any more."""

GONE_LOOKS = 30
"""How often a deleted job is asked for until it is gone; then the server is left to itself."""


class Waiting:
    """Has a server make videos, one call each.

    Args:
        jobs: The server's jobs.
        dialect: How it is spoken to.
        poll: Seconds between two looks at a job.
        sleep: Waits so many seconds.
        clock: Seconds, ever more.
    """

    def __init__(
        self, jobs: Jobs, dialect: Dialect, *, poll: float, sleep: Sleep, clock: Callable[[], float]
    ) -> None:
        self._jobs = jobs
        self._dialect = dialect
        self._poll = poll
        self._sleep = sleep
        self._clock = clock
        self._endings: set[asyncio.Task[None]] = set()

    async def video(self, body: Body, to: Path, telling: Telling) -> Job:
        """Have a video made and downloaded to a file; the job as it ended.

        A cancelled call deletes the job, and returns when it is gone where deleting aborts it.

        Raises:
            StoryreelError: As `faults.failed` and `faults.refused` tell.
        """
        telling.at("generate")
        job = await self._created(body, to)
        ended = False
        try:
            job = await self._watched(job, telling)
            ended = True
            if job.state == "failed":
                raise failed(job.error, code=job.code)
            if self._dialect.answers == "job":
                await self._jobs.fetch(job, to)
        finally:
            if self._dialect.answers == "job":
                await self._end(self._forget(job) if ended else self._stop(job))
        return job

    async def close(self) -> None:
        """Wait until every job has been let go of."""
        if self._endings:
            await asyncio.wait(self._endings)

    async def _created(self, body: Body, to: Path) -> Job:
        """A new job. Cancelled meanwhile it waits for the job's name, without which it cannot be deleted."""
        if self._dialect.answers == "video":
            # Closing the connection is the only way to say that nobody waits any more.
            return await self._jobs.create(body, to)
        creating = asyncio.ensure_future(self._jobs.create(body, to))
        try:
            return await asyncio.shield(creating)
        except asyncio.CancelledError:
            await self._end(self._stop_when_named(creating))
            raise

    async def _watched(self, job: Job, telling: Telling) -> Job:
        """A job when it is done or has failed."""
        began = self._clock()
        while job.state == "working":
            waited = round(self._clock() - began)
            if self._dialect.progress:
                telling.at("generate", job.progress, done=round(100 * job.progress), total=100, unit="%")
            else:
                telling.at("generate", done=waited, unit="seconds")
            await self._sleep(self._poll)
            found = await self._jobs.look(job)
            if found is None:
                raise DeviceFault(
                    "The video server has forgotten the job: it was started again, or deleted it."
                )
            job = found
        telling.at("generate", 1.0)
        return job

    async def _stop_when_named(self, creating: asyncio.Future[Job]) -> None:
        try:
            job = await creating
        except StoryreelError:
            return
        await self._stop(job)

    async def _stop(self, job: Job) -> None:
        """Delete a job that is not done; where that aborts it, wait until it is gone."""
        facts = {"dialect": self._dialect.name}
        try:
            if not await self._jobs.delete(job):
                return
            if not self._dialect.aborts:
                telemetry.log.warning("footage.left", **facts, why="the server goes on with a deleted job")
                return
            for _ in range(GONE_LOOKS):
                if await self._jobs.look(job) is None:
                    telemetry.log.info("footage.aborted", **facts)
                    return
                await self._sleep(self._poll)
            telemetry.log.warning(
                "footage.left", **facts, why="the server keeps the job it was told to delete"
            )
        except StoryreelError as error:
            telemetry.log.warning("footage.left", **facts, why=error.reason)

    async def _forget(self, job: Job) -> None:
        """Delete a job that has ended, so that its video takes no room there."""
        try:
            await self._jobs.delete(job)
        except StoryreelError as error:
            telemetry.log.info("footage.kept", dialect=self._dialect.name, why=error.reason)

    async def _end(self, ending: Coroutine[Any, Any, None]) -> None:
        """Let go of a job, even when the caller is cancelled again."""
        task = asyncio.ensure_future(self._within(ending))
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)
        await asyncio.shield(task)

    async def _within(self, ending: Coroutine[Any, Any, None]) -> None:
        """Let go of a job within the time that may take."""
        try:
            async with asyncio.timeout(LETTING_GO_SECONDS):
                await ending
        except TimeoutError:
            why = "the server did not say in time that the job is gone"
            telemetry.log.warning("footage.left", dialect=self._dialect.name, why=why)
