"""Footage of a job's scenes: generated where it can be, else the card stands in and the record says why."""

from __future__ import annotations

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from orchestrator import recovery, requests, stages, wishes
    from orchestrator.job import GENERATION, Record
    from storyreel.error.v1 import recovery_pb2
    from storyreel.generation.v1 import footage_pb2
    from storyreel.job.v1 import job_pb2, record_pb2
    from storyreel.parsing.v1 import storyboard_pb2

Scene = record_pb2.SceneRecord

CARD = "A card is shown in the place of footage."
OTHER = "Footage was generated with other values than were asked for."
AGAIN = "Render the document again when the reason is gone; what is finished is found and not made again."
BACKEND = (
    "Set STORYREEL_GENERATION_DEVICE where the generation service runs, or "
    "STORYREEL_ORCHESTRATOR_FOOTAGE_BACKEND to the backend that it has, and render again."
)
ROOM = "Ask for less, or use a device with more room; then render again."


def wished(scene: Scene) -> bool:
    """Tell whether a scene is to be footage."""
    return scene.ref.HasField("footage") and scene.ref.visual != storyboard_pb2.VISUAL_TEMPLATE


class Footage:
    """Asks the pools for clips, and for other clips when those cannot be made."""

    def __init__(self, record: Record, calls: stages.Calls) -> None:
        self._record, self._calls = record, calls
        self._settings = record.job.settings

    async def make(self, scene: Scene) -> bool:
        """Generate a scene's clip; False when the card has to stand in, of which the record tells."""
        wish = wishes.suited(scene.ref.footage, self._settings.pools)
        pool = wishes.pool(wish)
        if pool not in self._settings.pools:
            if scene.ref.visual != storyboard_pb2.VISUAL_AUTO:
                self._record.degrade(GENERATION, CARD, _no_pool(pool), _remedy(pool), scene.ref.id)
            return False
        tried = self._earlier(scene, wish)
        while True:
            request = requests.footage(scene, self._settings, tried[-1])
            try:
                result = await self._calls.generate(request, scene, queue=stages.pool_queue(pool))
            except ActivityError as error:
                cause = stages.job_error(error)
                if is_cancelled_exception(error) or not recovery.stands_in(cause.reason):
                    raise
                if not await self._again(scene, tried, cause):
                    self._record.degrade(GENERATION, CARD, cause.message, _way_out(cause), scene.ref.id)
                    return False
            else:
                scene.clip.CopyFrom(result.clip)
                self._tell_changes(scene)
                return True

    async def foresee(self, scene: Scene) -> None:
        """Put on a plan what will become of a scene's footage."""
        wish = wishes.suited(scene.ref.footage, self._settings.pools)
        pool = scene.footage.pool = wishes.pool(wish)
        if pool not in self._settings.pools:
            as_asked = scene.ref.visual == storyboard_pb2.VISUAL_AUTO
            told = "" if as_asked else f" {_remedy(pool)}"
            scene.footage.outlook = f"A card will be shown: {_no_pool(pool)}{told}"
            return
        scene.footage.outlook = f"The pool {pool} will generate it."
        try:
            request = requests.estimate(scene, self._settings, wish)
            found = await self._calls.estimate(request, scene, queue=stages.pool_queue(pool, plans=True))
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            cause = stages.job_error(error)
            if not recovery.resumable(cause.reason):
                scene.footage.outlook = f"A card will be shown: {cause.message} {_way_out(cause)}"
            else:
                why = "Nobody of the pool answered." if cause.reason == "DEADLINE" else cause.message
                scene.footage.outlook += f" What it needs is not known: {why}"
            return
        scene.footage.report.CopyFrom(found.estimate.report)
        if blocking := [finding.message for finding in found.estimate.report.findings if finding.blocking]:
            scene.footage.outlook = f"The pool {pool} will refuse it as it is: {blocking[0]}"

    def _earlier(self, scene: Scene, wish: footage_pb2.Footage) -> list[footage_pb2.Footage]:
        """The wishes tried so far: what earlier runs of the job changed is not tried unchanged again."""
        tried = [wish]
        for attempt in self._record.job.attempts:
            if attempt.scene_id == scene.ref.id and attempt.changes:
                scene.attempts.append(attempt)
                tried.append(wishes.retried(tried[-1], attempt.category, attempt.changes))
        return tried

    async def _again(self, scene: Scene, tried: list[footage_pb2.Footage], cause: job_pb2.JobError) -> bool:
        """Record a failed attempt, and wait for the next one; False when there is none."""
        changes = next((way.changes for way in cause.suggestions if way.changes), ())
        category = recovery.CATEGORIES.get(cause.reason, cause.reason)
        try:
            proposed = wishes.bare(wishes.changed(tried[-1], changes))
        except ValueError:
            proposed = None  # nothing that this version can change
        pause = recovery.pause(cause.reason, tried=[*map(wishes.bare, tried)], proposed=proposed)
        attempt = job_pb2.Attempt(
            scene_id=scene.ref.id,
            number=len(scene.attempts) + 1,
            category=category,
            message=cause.message,
            changes=changes if pause else (),
        )
        scene.attempts.append(attempt)
        self._record.tried(attempt)
        self._calls.note(whole=True)
        if pause is None:
            return False
        tried.append(wishes.retried(tried[-1], category, changes))
        await asyncio.sleep(pause.total_seconds())
        return True

    def _tell_changes(self, scene: Scene) -> None:
        """What retries changed is not as it was asked for."""
        changes = [change for attempt in scene.attempts for change in attempt.changes]
        if changes:
            why = f"{_changes(changes)}: {scene.attempts[0].message}"
            self._record.degrade(GENERATION, OTHER, why, ROOM, scene.ref.id)


def _changes(changes: list[recovery_pb2.Change]) -> str:
    """Changes in words, each field once: from what it was at first to what it became."""
    first = {change.field: getattr(change, "from") for change in reversed(changes)}
    last = {change.field: change.to for change in changes}
    return ", ".join(f"{field} {first[field] or 'none'} → {last[field] or 'none'}" for field in last)


def _no_pool(pool: str) -> str:
    return f"No pool that generates {pool} is set."


def _remedy(pool: str) -> str:
    return (
        f"Set STORYREEL_ORCHESTRATOR_POOLS={pool} where jobs are handed in, with a generation server that "
        f"has the model, and render again."
    )


def _way_out(cause: job_pb2.JobError) -> str:
    """What a person can do: the suggestions that no machine can carry out come first."""
    if cause.reason == "UNKNOWN_BACKEND":  # it suggests the card, which is shown already
        return BACKEND
    ways = sorted(cause.suggestions, key=lambda way: bool(way.changes))
    return next((way.description for way in ways if way.description), AGAIN)
