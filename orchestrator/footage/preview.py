"""What a plan says of a scene's footage: who will make it, of how many clips, what it needs, or why not."""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from orchestrator import recovery, requests, stages
    from orchestrator.footage import edits, routing
    from orchestrator.job import Record, reason_name
    from storyreel.error.v1 import error_reason_pb2
    from storyreel.generation.v1 import generation_service_pb2 as generation_pb2
    from storyreel.job.v1 import job_pb2, record_pb2
    from storyreel.parsing.v1 import storyboard_pb2

Scene = record_pb2.SceneRecord

AGAIN = "Render the document again when the reason is gone; what is finished is found and not made again."
BACKEND = (
    "Set STORYREEL_GENERATION_DEVICE where the generation service runs, or "
    "STORYREEL_ORCHESTRATOR_FOOTAGE_BACKEND to the backend that it has, and render again."
)


class Outlook:
    """Asks the pools what they would do."""

    def __init__(self, record: Record, calls: stages.Calls) -> None:
        self._calls = calls
        self._settings = record.job.settings

    async def foresee(self, scene: Scene) -> None:
        """Put on a plan what will become of a scene's footage."""
        pools = self._settings.pools
        wish = routing.suited(scene.ref.footage, pools)
        pool = routing.pool(wish, pools)
        plan = scene.plan_footage
        plan.pool = pool
        plan.place.CopyFrom(scene.ref.visual_place)
        if pool not in pools:
            as_asked = scene.ref.visual == storyboard_pb2.VISUAL_AUTO
            told = "" if as_asked else f" {no_pool_remedy(pool)}"
            plan.outlook = f"A card will be shown: {no_pool(pool)}{told}"
            return
        plan.outlook = f"The pool {pool} will generate it."
        successor = routing.successor(wish, pools)
        try:
            request = requests.estimate(scene, self._settings, wish, early=bool(successor))
            found = await self._calls.estimate(request, scene, queue=stages.pool_queue(pool, plans=True))
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            cause = stages.job_error(error)
            if not recovery.resumable(reason_name(cause.reason)):
                plan.outlook = f"A card will be shown: {cause.message} {way_out(cause, scene)}"
            else:
                why = (
                    "Nobody of the pool answered."
                    if cause.reason == error_reason_pb2.ERROR_REASON_DEADLINE
                    else cause.message
                )
                plan.outlook += f" What it needs is not known: {why}"
            return
        _tell(plan, found.estimate, request.spec.frames, successor)


def _tell(
    footage: job_pb2.PlanFootage, found: generation_pb2.EstimateFootageResponse, frames: int, successor: str
) -> None:
    """Put on a plan what a pool found for the first clip of a scene that lasts so many frames."""
    footage.report.CopyFrom(found.report)
    if any(finding.blocking for finding in found.report.findings):
        footage.outlook = f"The pool {footage.pool} will refuse it as it is."
        return
    first = found.frames or frames
    links = -(-frames // first)
    footage.clips = min(links, routing.LINKS_MOST)
    if found.report.forecast.HasField("duration"):
        footage.estimated_duration.FromTimedelta(found.report.forecast.duration.ToTimedelta() * footage.clips)
    if footage.clips > 1:
        who = " by the pool i2v" if routing.pool_of_model(successor) != footage.pool else ""
        fro = ", the last of them to and fro" if links > routing.LINKS_MOST else ""
        footage.outlook = (
            f"The pool {footage.pool} will generate it, in {footage.clips} clips, each from the last frame "
            f"of the one before{who}{fro}."
        )


def no_pool(pool: str) -> str:
    """Why nobody makes it."""
    return f"No pool that generates {pool} is set."


def no_pool_remedy(pool: str) -> str:
    """How somebody would."""
    return (
        f"Set STORYREEL_ORCHESTRATOR_POOLS={pool} where jobs are handed in, with a generation server that "
        f"has the model, and render again."
    )


def way_out(cause: job_pb2.JobError, scene: Scene) -> str:
    """What a person can do about footage that there is not; where another wish helps, what to write where.

    Args:
        cause: Why there is none.
        scene: The scene, with the attempts at its footage.
    """
    if (
        cause.reason == error_reason_pb2.ERROR_REASON_UNKNOWN_BACKEND
    ):  # it suggests the card, which is shown already
        return BACKEND
    if cause.reason == error_reason_pb2.ERROR_REASON_GENERATION_FAILED:
        return edits.another_wish(scene.ref.visual_place.line)
    # What follows other attempts is a change of the last of them, and not of what the document says.
    retried = any(attempt.HasField("retry") for attempt in scene.attempts)
    written = "" if retried else edits.first_edit(cause.suggestions, scene.ref.visual_place.line)
    if written and cause.reason == error_reason_pb2.ERROR_REASON_INVALID_REQUEST:
        return written
    ways = sorted(cause.suggestions, key=lambda way: bool(way.changes))
    first = next((way.description for way in ways if way.description and not (written and way.changes)), "")
    return " ".join(filter(None, (first, written))) or AGAIN
