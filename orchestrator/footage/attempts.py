"""Attempts at one clip of a scene's footage: each after the first is the one that the service proposed."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from orchestrator import recovery, requests, stages
    from orchestrator.footage import routing
    from orchestrator.job import Record, reason_name
    from storyreel.generation.v1 import footage_pb2
    from storyreel.generation.v1.generation_service_pb2 import GeneratedClip
    from storyreel.job.v1 import job_pb2, record_pb2

Scene = record_pb2.SceneRecord


@dataclass
class Link:
    """One clip of a scene.

    Args:
        number: How many clips of the scene come before it.
        frames: What is left of the scene.
        early: It may end before that, and another clip goes on from it.
        wish: What it is made from, with the retries that were made.
        pool: Who makes it.
        made: Attempts at it, the next one included.
    """

    number: int
    frames: int
    early: bool
    wish: footage_pb2.Footage
    pool: str
    made: int = 1


class Attempts:
    """Asks the pools for clips, and for the clips that they propose when those cannot be made."""

    def __init__(self, record: Record, calls: stages.Calls) -> None:
        self._record = record
        self._calls = calls

    def first(
        self, scene: Scene, wish: footage_pb2.Footage, *, number: int, frames: int, early: bool
    ) -> Link:
        """A clip as it is tried first: what earlier runs of the job changed is not tried unchanged again."""
        made = 1
        for attempt in self._record.job.attempts:
            mine = (attempt.scene_id, attempt.link) == (scene.ref.id, number)
            if mine and attempt.HasField("retry") and attempt.wish_sha256 == _digest(wish):
                wish = routing.retried(wish, attempt.retry)
                scene.attempts.append(attempt)
                made += 1
        pool = routing.pool(wish, self._record.job.settings.pools)
        return Link(number=number, frames=frames, early=early, wish=wish, pool=pool, made=made)

    async def clip(self, scene: Scene, link: Link) -> GeneratedClip:
        """Generate a clip.

        Raises:
            ActivityError: It cannot be made, whatever is changed; `given_up` tells whether that is all.
        """
        settings = self._record.job.settings
        while True:
            request = requests.footage(
                settings, link.wish, frames=link.frames, early=link.early, continues=link.number > 0
            )
            try:
                result = await self._calls.generate(request, scene, queue=stages.pool_queue(link.pool))
            except ActivityError as error:
                if not given_up(error) or not await self._again(scene, link, stages.job_error(error)):
                    raise
            else:
                return result.footage

    async def _again(self, scene: Scene, link: Link, cause: job_pb2.JobError) -> bool:
        """Record a failed attempt, and wait for the one that follows; False when there is none."""
        retry = footage_pb2.Retry()
        proposed = cause.HasField("proposal") and cause.proposal.Unpack(retry)
        pause = recovery.pause(made=link.made) if proposed else None
        attempt = job_pb2.Attempt(
            scene_id=scene.ref.id,
            number=len(scene.attempts) + 1,
            reason=cause.reason,
            category=cause.category,
            message=cause.message,
            retry=retry if pause else None,
            link=link.number,
            wish_sha256=_digest(link.wish),
        )
        scene.attempts.append(attempt)
        self._record.tried(attempt)
        self._calls.note(whole=True)
        if pause is None:
            return False
        link.wish = routing.retried(link.wish, retry)
        link.made += 1
        await asyncio.sleep(pause.total_seconds())
        return True


def given_up(error: ActivityError) -> bool:
    """Tell whether a clip failed for a reason that leaves the rest of the job as it is."""
    return not is_cancelled_exception(error) and recovery.stands_in(
        reason_name(stages.job_error(error).reason)
    )


def _digest(wish: footage_pb2.Footage) -> str:
    return hashlib.sha256(wish.SerializeToString(deterministic=True)).hexdigest()
