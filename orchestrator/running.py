"""What a running job does now: the newest reports of its calls, and its clips of footage, also in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from temporalio.api.workflow.v1 import PendingActivityInfo

from orchestrator.converter import CONVERTER
from orchestrator.job import GENERATION
from storyreel.job.v1 import job_pb2
from storyreel.progress.v1 import progress_pb2

MOST_CLIPS = 20
"""Clips of footage that a job's record names; it travels with every change."""

WAIT = "wait"
"""The step of a clip that no device has taken yet."""

WAITS = "waits for a device"
"""That step in words."""

FOOTAGE = "GenerateFootage"

Reports = Mapping[str, progress_pb2.StageProgress]
"""The newest report of each running call, by its activity's id `<stage>/<scene>/<number>`."""


async def reports(pending: Iterable[PendingActivityInfo]) -> tuple[Reports, Reports]:
    """What the calls in flight tell, and those among them that generate footage."""
    found: dict[str, progress_pb2.StageProgress] = {}
    footage: dict[str, progress_pb2.StageProgress] = {}
    for call in pending:
        if call.heartbeat_details.payloads:
            (report,) = await CONVERTER.decode(call.heartbeat_details.payloads, [progress_pb2.StageProgress])
        elif call.activity_type.name == FOOTAGE:
            report = progress_pb2.StageProgress(step=WAIT)
        else:
            continue
        found[call.activity_id] = report
        if call.activity_type.name == FOOTAGE:
            footage[call.activity_id] = report
    return found, footage


def show_footage(job: job_pb2.Job, footage: Reports) -> None:
    """Put the clips of footage that are in the making on a job's record, by scene."""
    stage = next((stage for stage in job.stages if stage.kind == GENERATION), None)
    if stage is None:
        return
    stage.ClearField("running")
    links = {part.scene_id: part.link for part in stage.parts}
    for call, report in sorted(footage.items())[:MOST_CLIPS]:
        scene = call.split("/")[1]
        failed = sum(attempt.scene_id == scene for attempt in job.attempts)
        stage.running.add(scene_id=scene, attempt=failed + 1, progress=report, link=links.get(scene, 0))
    if stage.running and stage.state == job_pb2.STATE_RUNNING:
        made = [clip for clip in stage.running if clip.progress.step != WAIT]
        furthest = max(made or stage.running, key=lambda clip: clip.progress.fraction)
        waiting = len(stage.running) - len(made) if made else 0
        stage.activity = words(furthest) + (f"; {waiting} more waiting" if waiting else "")


def words(clip: job_pb2.RunningClip) -> str:
    """How far a clip is, as in `generate s003 12/40 steps, about 3 min left (attempt 2)`."""
    progress, again = clip.progress, f" (attempt {clip.attempt})" if clip.attempt > 1 else ""
    name = f"{clip.scene_id} (clip {clip.link + 1})" if clip.link else clip.scene_id
    if progress.step == WAIT:
        return f"{name} {WAITS}{again}"
    counted = f" {progress.done}/{progress.total} {progress.unit}" if progress.total else ""
    left = ""
    if progress.HasField("remaining") and progress.fraction < 1:
        left = f", {about(progress.remaining.ToTimedelta().total_seconds())} left"
    return f"{progress.step or 'begin'} {name}{counted}{left}{again}"


def about(seconds: float) -> str:
    """A length of time as one says it, never more exact than it is known: `about 3 min`."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {max(10, round(seconds / 5) * 5)} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 90 else f"about {minutes // 60} h {minutes % 60:02d} min"
