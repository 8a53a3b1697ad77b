"""How the workflow asks for a stage call: which activity, which id, which limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.exceptions import TimeoutError as TimedOut

from orchestrator.job import WEIGHTS, stage_name
from orchestrator.recovery import MAX_ATTEMPTS, MAX_ATTEMPTS_LONG

with workflow.unsafe.imports_passed_through():
    from google.protobuf.message import Message

    from storyreel.job.v1 import job_pb2, record_pb2

HEARTBEAT_TIMEOUT = timedelta(seconds=3)
"""When a dead worker's call is given to another one."""

LIMITS = {
    "ParseDocument": timedelta(seconds=90),
    "WriteNarration": timedelta(seconds=120),
    "ChooseVoice": timedelta(seconds=60),
    "Synthesize": timedelta(seconds=120),
    "GenerateClip": timedelta(hours=1),
    "MuxVideo": timedelta(hours=1),
    "Publish": timedelta(seconds=120),
}
"""How long one attempt of each call may take, its wait for a free child included."""

LONG = frozenset({"GenerateClip", "MuxVideo"})


async def call(name: str, call_id: str, *arguments: Message | str) -> record_pb2.StageResult:
    """Make one stage call.

    Args:
        name: The RPC, and the activity of the same name.
        call_id: Unique in the workflow run, `generation/s003/1`. Replay compares ids, not
            arguments: without them two swapped calls would replay unnoticed.
    """
    result: record_pb2.StageResult = await _execute(name, call_id, arguments, record_pb2.StageResult)
    return result


async def publish(publication: record_pb2.Publication) -> job_pb2.Outputs:
    """Write down what was made."""
    outputs: job_pb2.Outputs = await _execute("Publish", "publish", (publication,), job_pb2.Outputs)
    return outputs


async def _execute(name: str, call_id: str, arguments: tuple[Any, ...], result_type: type) -> Any:
    return await workflow.execute_activity(
        name,
        args=arguments,
        activity_id=call_id,
        result_type=result_type,
        start_to_close_timeout=LIMITS[name],
        heartbeat_timeout=HEARTBEAT_TIMEOUT,
        # Cancelled means that nothing works for the job any more.
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        retry_policy=RetryPolicy(
            initial_interval=timedelta(milliseconds=200),
            backoff_coefficient=1.5,
            maximum_interval=timedelta(seconds=2),
            maximum_attempts=MAX_ATTEMPTS_LONG if name in LONG else MAX_ATTEMPTS,
        ),
        priority=Priority(priority_key=3),
    )


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
        found = job_pb2.JobError(reason="DEADLINE", message="A stage did not answer in time.", retryable=True)
    else:
        found = job_pb2.JobError(reason="INTERNAL", message=f"The workflow failed: {cause}", retryable=True)
    if isinstance(error, ActivityError):
        stage, scene, *_ = [*error.activity_id.split("/"), ""]
        found.stage = next((kind for kind in WEIGHTS if stage_name(kind) == stage), found.stage)
        found.scene_id = scene if scene.startswith("s") else ""
    return found
