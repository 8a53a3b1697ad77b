"""How the workflow asks for a stage call: which activity, which id, which limits, what the record says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.exceptions import TimeoutError as TimedOut

from orchestrator.call_id import CallId
from orchestrator.job import GENERATION, TTS, WEIGHTS, Record, StageKind, State, stage_name
from orchestrator.recovery import MAX_ATTEMPTS, MAX_DEATHS

with workflow.unsafe.imports_passed_through():
    from google.protobuf.message import Message

    from storyreel.artifact.v1 import artifact_pb2
    from storyreel.error.v1 import error_reason_pb2
    from storyreel.generation.v1 import generation_service_pb2 as generation_pb2
    from storyreel.job.v1 import job_pb2, record_pb2
    from storyreel.tts.v1 import speech_pb2
    from storyreel.tts.v1 import tts_service_pb2 as tts_pb2

M = TypeVar("M", bound=Message)

HEARTBEAT_TIMEOUT = timedelta(seconds=60)
"""When a silent worker's call is given to another one, unless the job's settings say otherwise."""

LIMITS = {
    "ParseDocument": timedelta(seconds=90),
    "WriteNarration": timedelta(seconds=120),
    "ChooseVoice": timedelta(seconds=60),
    "Synthesize": timedelta(seconds=120),
    "DrawCard": timedelta(hours=1),
    "GenerateFootage": timedelta(hours=6),
    "EstimateFootage": timedelta(seconds=30),
    "MasterSound": timedelta(hours=1),
    "MuxVideo": timedelta(hours=1),
    "KeepScenes": timedelta(seconds=120),
    "Publish": timedelta(seconds=120),
}
"""How long one attempt of each call may take, its wait for a free child included."""

ESTIMATE_WAIT = timedelta(seconds=20)
"""How long a plan waits for a pool in all: one may be scaled to nothing, and is not started for a plan."""

PART_BYTES = 400_000
"""Of scene records in one payload; an engine warns of more than 512 kB, and refuses 2 MB."""

MOST_IN_FLIGHT = 64
"""Calls of one job that workers are asked for at once: each that is asked for takes the workflow's time, and
each in flight that of everybody who looks at the job. Footage waits in its pools' queues besides."""


def pool_queue(pool: str, *, plans: bool = False) -> str:
    """The task queue of a pool's clips; plans have their own, so that none waits for a clip."""
    return f"storyreel-gpu-{pool}{'-plan' if plans else ''}"


class Calls:
    """The stage calls of one job, and their traces on its record."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self._count = 0
        self._room = asyncio.Semaphore(MOST_IN_FLIGHT)
        given = record.job.settings
        self._attempts = given.call_attempts or MAX_ATTEMPTS
        self._silence = (
            given.heartbeat_timeout.ToTimedelta()
            if given.HasField("heartbeat_timeout")
            else HEARTBEAT_TIMEOUT
        )

    async def make(
        self, stage: StageKind, name: str, request: Message, scene: record_pb2.SceneRecord | None = None
    ) -> record_pb2.StageResult:
        """Make a stage call and put it on the record."""
        scene_id = scene.ref.id if scene else ""
        arguments = (scene_id, request) if scene else (request,)
        result = await self._execute(stage, name, arguments, scene_id, record_pb2.StageResult)
        return self._done(stage, name, scene_id, result)

    async def generate(
        self, request: generation_pb2.GenerateFootageRequest, scene: record_pb2.SceneRecord, *, queue: str
    ) -> record_pb2.StageResult:
        """Have a pool generate a scene's next clip, as soon as it has a device free.

        The scene is done on the record with the clip that comes to its end.
        """
        name, scene_id = "GenerateFootage", scene.ref.id
        result = await self._execute(
            GENERATION, name, (scene_id, request), scene_id, record_pb2.StageResult, queue=queue
        )
        if result.footage.clip.frames < request.spec.frames:
            self.record.stage(GENERATION).attempts += result.attempts
            return self._of(name, scene_id, result)
        return self._done(GENERATION, name, scene_id, result)

    async def estimate(
        self, request: generation_pb2.EstimateFootageRequest, scene: record_pb2.SceneRecord, *, queue: str
    ) -> record_pb2.StageResult:
        """Ask a pool what a clip needs; not one of the stage's counted calls."""
        return await self._execute(
            GENERATION,
            "EstimateFootage",
            (scene.ref.id, request),
            scene.ref.id,
            record_pb2.StageResult,
            queue=queue,
            within=ESTIMATE_WAIT,
        )

    def _done(
        self, stage: StageKind, name: str, scene_id: str, result: record_pb2.StageResult
    ) -> record_pb2.StageResult:
        """Put a call on the record."""
        self._of(name, scene_id, result)
        now, times = workflow.now(), result.attempts
        self.record.done(stage, now, reused=result.reused, attempts=times, scene_id=scene_id)
        self.note()
        return result

    def _of(self, name: str, scene_id: str, result: record_pb2.StageResult) -> record_pb2.StageResult:
        """The result of a call, which must have been made for the right scene."""
        if result.scene_id != scene_id:
            raise ApplicationError(
                f"{name} of {scene_id!r} answered for {result.scene_id!r}", type="INTERNAL"
            )
        return result

    async def choose_voice(self, request: tts_pb2.ChooseVoiceRequest) -> tts_pb2.ChooseVoiceResponse:
        """Choose the voice of the whole video; not one of the stage's counted calls."""
        result = await self._execute(TTS, "ChooseVoice", (request,), "", record_pb2.StageResult)
        return result.voice

    async def publish(
        self,
        scenes: Sequence[record_pb2.SceneRecord],
        coverage: artifact_pb2.Artifact,
        voice: speech_pb2.Voice,
    ) -> None:
        """Write down what was made; its outputs go on the record."""
        last = self.record.job.stages[-1].kind
        publication = record_pb2.Publication(job=self.record.job, coverage=coverage, voice=voice)
        for part in _parts(scenes):  # one after the other: all at once are more than an answer may hold
            kept = await self._execute(last, "KeepScenes", (part,), "", artifact_pb2.Artifact)
            publication.scenes.append(kept)
        outputs = await self._execute(last, "Publish", (publication,), "", job_pb2.Outputs)
        self.record.job.outputs.CopyFrom(outputs)
        self.note(whole=True)

    def begin(self, stage: StageKind, calls: int) -> None:
        """A stage starts, with so many calls."""
        self.record.begin(stage, workflow.now(), calls=calls)
        self.note()

    def end(self, state: State, error: job_pb2.JobError | None = None) -> None:
        """The job ends."""
        self.record.end(state, workflow.now(), error)
        self.note(whole=True)

    def note(self, *, whole: bool = False) -> None:
        """Show the record to watchers, when it has changed by enough."""
        if whole or self.record.moved():
            workflow.upsert_memo({"job": self.record.job})

    async def _execute(
        self,
        stage: StageKind,
        name: str,
        arguments: Sequence[Message | str],
        scene_id: str,
        kind: type[M],
        *,
        queue: str | None = None,
        within: timedelta | None = None,
    ) -> M:
        async with self._room if queue is None else contextlib.nullcontext():
            # Replay compares ids, not arguments: without them two swapped calls would replay unnoticed.
            self._count += 1
            result: M = await workflow.execute_activity(
                name,
                args=arguments,
                activity_id=str(CallId(stage_name(stage), scene_id, self._count)),
                result_type=kind,
                task_queue=queue,
                schedule_to_close_timeout=within,
                start_to_close_timeout=LIMITS[name],
                heartbeat_timeout=self._silence,
                # Cancelled means that nothing works for the job any more.
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                retry_policy=RetryPolicy(
                    initial_interval=timedelta(milliseconds=200),
                    backoff_coefficient=1.5,
                    maximum_interval=timedelta(seconds=2),
                    maximum_attempts=self._attempts + MAX_DEATHS,
                ),
                priority=Priority(priority_key=3),
            )
        if workflow.cancellation_reason() is not None:
            # The call ended well before it heard of the cancel, which would be forgotten.
            raise asyncio.CancelledError
        return result


def _parts(scenes: Sequence[record_pb2.SceneRecord]) -> Iterator[record_pb2.SceneRecords]:
    """Neighbouring scenes together, as many as fit one payload."""
    part, size = record_pb2.SceneRecords(), 0
    for scene in scenes:
        if part.scenes and size + scene.ByteSize() > PART_BYTES:
            yield part
            part, size = record_pb2.SceneRecords(), 0
        part.scenes.append(scene)
        size += scene.ByteSize()
    yield part


def job_error(error: BaseException) -> job_pb2.JobError:
    """What the record says of a failure: the stage's own words, and the stage and scene it happened in."""
    cause = error.cause if isinstance(error, ActivityError) else error
    if (
        isinstance(cause, ApplicationError)
        and cause.details
        and isinstance(cause.details[0], job_pb2.JobError)
    ):
        found = cause.details[0]
    elif isinstance(cause, TimedOut):
        found = job_pb2.JobError(
            reason=error_reason_pb2.ERROR_REASON_DEADLINE,
            message="A stage did not answer in time.",
            retryable=True,
        )
    else:
        found = job_pb2.JobError(
            reason=error_reason_pb2.ERROR_REASON_INTERNAL,
            message=f"The workflow failed: {cause}",
            retryable=True,
        )
    if isinstance(error, ActivityError):
        call = CallId.parse(error.activity_id)
        found.stage = next((kind for kind in WEIGHTS if stage_name(kind) == call.stage), found.stage)
        found.scene_id = call.scene
    return found
