"""Attempts at one clip of a scene's footage: each after the first with what the service proposes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from orchestrator import recovery, requests, stages
    from orchestrator.footage import routing
    from orchestrator.job import Record
    from storyreel.generation.v1 import clip_pb2, footage_pb2
    from storyreel.job.v1 import job_pb2, record_pb2

Scene = record_pb2.SceneRecord


@dataclass
class Take:
    """One clip of a scene.

    Args:
        link: How many clips of the scene come before it.
        frames: What is left of the scene.
        early: It may end before that, and another clip goes on from it.
        tried: The wishes that were tried for it; the last one counts.
    """

    link: int
    frames: int
    early: bool
    tried: list[footage_pb2.Footage]

    @property
    def wish(self) -> footage_pb2.Footage:
        """What it is made from."""
        return self.tried[-1]

    @property
    def pool(self) -> str:
        """Who makes it."""
        return routing.pool(self.wish)


class Takes:
    """Asks the pools for clips, and for other clips when those cannot be made."""

    def __init__(self, record: Record, calls: stages.Calls) -> None:
        self._record, self._calls = record, calls

    def first(self, scene: Scene, wish: footage_pb2.Footage, *, link: int, frames: int, early: bool) -> Take:
        """A clip as it is tried first: what earlier runs of the job changed is not tried unchanged again."""
        tried = [wish]
        for attempt in self._record.job.attempts:
            if (attempt.scene_id, attempt.link) == (scene.ref.id, link) and attempt.changes:
                with suppress(ValueError):  # another wish than the one it was proposed for
                    tried.append(routing.retried(tried[-1], attempt.category, attempt.changes))
                    scene.attempts.append(attempt)
        return Take(link, frames, early, tried)

    async def clip(self, scene: Scene, take: Take) -> clip_pb2.Clip:
        """Generate a clip.

        Raises:
            ActivityError: It cannot be made, whatever is changed; `given_up` tells whether that is all.
        """
        settings = self._record.job.settings
        while True:
            request = requests.footage(
                scene, settings, take.wish, frames=take.frames, early=take.early, continues=take.link > 0
            )
            try:
                result = await self._calls.generate(request, scene, queue=stages.pool_queue(take.pool))
            except ActivityError as error:
                if not given_up(error) or not await self._again(scene, take, stages.job_error(error)):
                    raise
            else:
                return result.clip

    async def _again(self, scene: Scene, take: Take, cause: job_pb2.JobError) -> bool:
        """Record a failed attempt, and wait for the next one; False when there is none."""
        changes = next((way.changes for way in cause.suggestions if way.changes), ())
        category = recovery.CATEGORIES.get(cause.reason, cause.reason)
        try:
            proposed = routing.bare(routing.changed(take.wish, changes))
        except ValueError:
            proposed = None  # nothing that this version can change
        pause = recovery.pause(cause.reason, tried=[*map(routing.bare, take.tried)], proposed=proposed)
        attempt = job_pb2.Attempt(
            scene_id=scene.ref.id,
            number=len(scene.attempts) + 1,
            category=category,
            message=cause.message,
            changes=changes if pause else (),
            link=take.link,
        )
        scene.attempts.append(attempt)
        self._record.tried(attempt)
        self._calls.note(whole=True)
        if pause is None:
            return False
        take.tried.append(routing.retried(take.wish, category, changes))
        await asyncio.sleep(pause.total_seconds())
        return True


def given_up(error: ActivityError) -> bool:
    """Tell whether a clip failed for a reason that leaves the rest of the job as it is."""
    return not is_cancelled_exception(error) and recovery.stands_in(stages.job_error(error).reason)
