"""What a running job does now: the newest reports of its calls, and its clips of footage, also in words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from temporalio.api.enums.v1 import PendingActivityState as PendingState
from temporalio.api.workflow.v1 import PendingActivityInfo

from orchestrator.call_id import CallId
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

STALL_SECONDS = 60.0
"""Without any news of a job, after which its watchers are told what it waits for."""
STALL_STEP_SECONDS = 15
"""How often they are told anew."""
NAMED_CALLS = 3

VERBS = {
    "ParseDocument": "parse",
    "WriteNarration": "narrate",
    "ChooseVoice": "choose a voice",
    "Synthesize": "speak",
    "DrawCard": "draw",
    "GenerateFootage": "generate",
    "EstimateFootage": "estimate",
    "MasterSound": "master",
    "MuxVideo": "mux",
    "KeepScenes": "keep",
    "Publish": "publish",
}
"""What each call does, in words."""

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


class News:
    """Whether anything happens in a job, by the calls it has in flight.

    Args:
        clock: Seconds, from anywhere on.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[str, bytes] = {}
        self._changed = clock()

    def waiting(self, pending: Sequence[PendingActivityInfo]) -> str:
        """What the job waits for, as in `waiting for generation: s012 draw, 75 s without news`.

        Args:
            pending: The calls in flight now; empty is answered while there was news within a minute.
        """
        now = self._clock()
        told = {call.activity_id: _told(call) for call in pending}
        if told != self._last:
            self._changed = now
        self._last = told
        quiet = now - self._changed
        if quiet < STALL_SECONDS:
            return ""
        seconds = int(quiet) // STALL_STEP_SECONDS * STALL_STEP_SECONDS
        return f"waiting for {_calls(pending)}, {seconds} s without news"


def _told(call: PendingActivityInfo) -> bytes:
    """What is known of a call, without the times at which it was told again."""
    known = PendingActivityInfo(
        state=call.state, attempt=call.attempt, heartbeat_details=call.heartbeat_details
    )
    return known.SerializeToString(deterministic=True)


def _calls(pending: Sequence[PendingActivityInfo]) -> str:
    """Calls in words: those that a worker has taken before those that wait for one."""
    if not pending:
        return "the workflow"
    taken = [call for call in pending if call.state != PendingState.PENDING_ACTIVITY_STATE_SCHEDULED]
    first = sorted(taken or pending, key=lambda call: call.activity_id)[:NAMED_CALLS]
    stages = dict.fromkeys(CallId.parse(call.activity_id).stage for call in first)
    more = f" and {len(pending) - len(first)} more" if len(pending) > len(first) else ""
    untaken = "" if taken else " (no worker has taken it)"
    return f"{', '.join(stages)}: {', '.join(map(_call, first))}{more}{untaken}"


def _call(call: PendingActivityInfo) -> str:
    scene = CallId.parse(call.activity_id).scene
    verb = VERBS.get(call.activity_type.name, call.activity_type.name)
    again = f" (attempt {call.attempt})" if call.attempt > 1 else ""
    return f"{scene} {verb}{again}" if scene else f"{verb}{again}"


def show_footage(job: job_pb2.Job, footage: Reports) -> None:
    """Put the clips of footage that are in the making on a job's record, by scene."""
    stage = next((stage for stage in job.stages if stage.kind == GENERATION), None)
    if stage is None:
        return
    stage.ClearField("running")
    links = {part.scene_id: part.link for part in stage.parts}
    for call, report in sorted(footage.items())[:MOST_CLIPS]:
        scene = CallId.parse(call).scene
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
