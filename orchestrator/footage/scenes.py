"""Footage of a job's scenes: generated where it can be, else the card stands in and the record says why."""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from orchestrator import requests, stages
    from orchestrator.footage import routing
    from orchestrator.footage.attempts import Take, Takes, given_up
    from orchestrator.footage.preview import no_pool, no_pool_remedy, way_out
    from orchestrator.job import GENERATION, Record
    from storyreel.error.v1 import recovery_pb2
    from storyreel.generation.v1 import clip_pb2, footage_pb2
    from storyreel.job.v1 import record_pb2
    from storyreel.parsing.v1 import storyboard_pb2

Scene = record_pb2.SceneRecord

CARD = "A card is shown in the place of footage."
OTHER = "Footage was generated with other values than were asked for."
LOOPED = "Footage plays to and fro where it was to go on."
ROOM = "Ask for less, or use a device with more room; then render again."
SHORTER = "Cut the scene in two, each with footage of its own; then render again."


class Footage:
    """Asks the pools for a scene's clips: one, or links of which each goes on from the one before."""

    def __init__(self, record: Record, calls: stages.Calls) -> None:
        self._record, self._calls = record, calls
        self._takes = Takes(record, calls)
        self._settings = record.job.settings

    async def make(self, scene: Scene) -> bool:
        """Generate a scene's clips; False when the card has to stand in, of which the record tells."""
        wish = routing.suited(scene.ref.footage, self._settings.pools)
        pool = routing.pool(wish)
        if pool not in self._settings.pools:
            if scene.ref.visual != storyboard_pb2.VISUAL_AUTO:
                self._record.degrade(GENERATION, CARD, no_pool(pool), no_pool_remedy(pool), scene.ref.id)
            return False
        try:
            clips = await self._clips(scene, wish)
        except ActivityError as error:
            if not given_up(error):
                raise
            cause = stages.job_error(error)
            self._record.degrade(GENERATION, CARD, cause.message, way_out(cause, scene), scene.ref.id)
            return False
        scene.clip.CopyFrom(clips[0])
        scene.continued.extend(clips[1:])
        self._tell_changes(scene)
        return True

    async def _clips(self, scene: Scene, wish: footage_pb2.Footage) -> list[clip_pb2.Clip]:
        """A scene's clips; one that plays to and fro when its links cannot all be made."""
        total = requests.frames(scene, self._settings)
        first = take = self._take(scene, wish, link=0, frames=total)
        clips: list[clip_pb2.Clip] = []
        while True:
            self._tell_part(scene, take, total)
            try:
                clip = await self._takes.clip(scene, take)
            except ActivityError as error:
                if not clips or not given_up(error):
                    raise
                return [await self._looped(scene, first, error)]
            clips.append(clip)
            if clip.frames >= take.frames:
                self._tell_looped(scene, clip, wish)
                return clips
            if not take.early or not clip.frames or not clip.HasField("last_frame"):
                raise ApplicationError("A clip ended early, and nothing can go on from it.", type="INTERNAL")
            model = routing.successor(take.wish, self._settings.pools)
            following = routing.continued(take.wish, clip.last_frame, model=model)
            take = self._take(scene, following, link=len(clips), frames=take.frames - clip.frames)

    def _take(self, scene: Scene, wish: footage_pb2.Footage, *, link: int, frames: int) -> Take:
        goes_on = routing.successor(wish, self._settings.pools) and link + 1 < routing.LINKS_MOST
        return self._takes.first(scene, wish, link=link, frames=frames, early=bool(goes_on))

    def _tell_part(self, scene: Scene, take: Take, total: int) -> None:
        """How much of a scene is made, and about how much of it the next clip is."""
        rate, length = requests.rate(self._settings), take.frames
        if take.early:
            length = routing.length(take.wish, take.frames, rate, link=take.link)
        if length < total:
            self._record.part(scene.ref.id, (total - take.frames) / total, length / total, link=take.link)
            self._calls.note()

    async def _looped(self, scene: Scene, first: Take, error: ActivityError) -> clip_pb2.Clip:
        """The first clip alone, to and fro, after a later one failed with an error."""
        first.early = False
        made = self._record.made(scene.ref.id)
        self._record.part(scene.ref.id, made, 1 - made, link=0)
        clip = await self._takes.clip(scene, first)
        cause = stages.job_error(error)
        self._record.degrade(GENERATION, LOOPED, cause.message, way_out(cause, scene), scene.ref.id)
        return clip

    def _tell_looped(self, scene: Scene, last: clip_pb2.Clip, wish: footage_pb2.Footage) -> None:
        """Its author asked for a scene that goes on, and nobody could make it to its end."""
        short = [told.reason for told in last.making.adjustments if told.field == "frames"]
        if wish.extension == footage_pb2.EXTENSION_CONTINUE and short:
            no_i2v = routing.pool(wish) == "t2v" and "i2v" not in self._settings.pools
            remedy = no_pool_remedy("i2v") if no_i2v else SHORTER
            self._record.degrade(GENERATION, LOOPED, short[0], remedy, scene.ref.id)

    def _tell_changes(self, scene: Scene) -> None:
        """What retries changed is not as it was asked for, where the clip is shown."""
        shown = [attempt for attempt in scene.attempts if attempt.link <= len(scene.continued)]
        changes = [change for attempt in shown for change in attempt.changes]
        if changes:
            why = f"{_changes(changes)}: {shown[0].message}"
            self._record.degrade(GENERATION, OTHER, why, ROOM, scene.ref.id)


def _changes(changes: list[recovery_pb2.Change]) -> str:
    """Changes in words, each field once: from what it was at first to what it became."""
    first = {change.field: getattr(change, "from") for change in reversed(changes)}
    last = {change.field: change.to for change in changes}
    return ", ".join(f"{field} {first[field] or 'none'} → {last[field] or 'none'}" for field in last)
