"""One gRPC call inside an activity: its progress reported, cancelled for real, its errors the engine's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError, Message
from temporalio import activity
from temporalio.exceptions import ApplicationError

from orchestrator import heartbeats, recovery
from orchestrator.job import reason_value
from services.chassis import channel
from services.chassis.errors import Internal, Proposal, StoryreelError
from services.chassis.status import proposal_to_proto, suggestions_to_proto
from storyreel.error.v1 import category_pb2
from storyreel.job.v1 import job_pb2

UNARY_SECONDS = 60.0

M = TypeVar("M", bound=Message)


def attempt() -> int:
    """Which attempt of its call the activity is, from 1."""
    return activity.info().attempt


def attempts() -> int:
    """How often the activity's call may be made that is answered with an error."""
    policy = activity.info().retry_policy
    return policy.maximum_attempts - recovery.MAX_DEATHS if policy else recovery.MAX_ATTEMPTS


async def unary(method: grpc.aio.UnaryUnaryMultiCallable[Any, M], request: Message) -> tuple[M, bool]:
    """Make a unary call; the reply, and whether it was found made."""
    with application_errors():
        call = method(request, timeout=UNARY_SECONDS)
        try:
            return await call, await _reused(call)
        finally:
            call.cancel()


async def stream(
    call: grpc.aio.UnaryStreamCall[Any, M],
    cancel: Callable[[str], Awaitable[Any]],
    *,
    frames: int = 0,
    generating: bool = False,
) -> tuple[M, bool]:
    """Follow a long call to its result; that event, and whether the result was found made.

    The next heartbeat tells its progress. A cancelled activity has the service stop the work and waits
    for that: dropping the stream would only start the work's time of grace.

    Args:
        call: The call.
        cancel: Stops the work of a digest.
        frames: Of the whole that is asked for, where a clip may end before: its progress is that of its part.
        generating: The call generates footage, which is not repeated as often.
    """
    digest, last = "", None
    share = 1.0
    with application_errors(generating=generating):
        try:
            async for event in call:
                match event.WhichOneof("event"):
                    case "accepted":
                        digest = event.accepted.digest  # type: ignore[attr-defined]
                        if frames:
                            share = event.accepted.frames / frames  # type: ignore[attr-defined]
                    case "progress":
                        heartbeats.report(event.progress, share=share)  # type: ignore[attr-defined]
                    case _:
                        last = event
        except asyncio.CancelledError:
            if digest and last is None:
                await asyncio.shield(asyncio.ensure_future(_stop(cancel(digest))))
            raise
        finally:
            call.cancel()
        if last is None:
            raise Internal("A stage ended without a result.")
        return last, await _reused(call)


async def _stop(cancelling: Awaitable[Any]) -> None:
    with contextlib.suppress(grpc.aio.AioRpcError):
        await cancelling


async def _reused(call: Any) -> bool:
    return ("storyreel-reused", "1") in tuple(await call.trailing_metadata() or ())


@contextlib.contextmanager
def application_errors(*, generating: bool = False) -> Iterator[None]:
    """Turn our errors into the engine's: the type is the reason, the details a JobError.

    Args:
        generating: The call generates footage, which is not repeated as often.
    """
    try:
        with channel.errors():
            yield
    except StoryreelError as error:
        again = recovery.repeat(error, attempt(), generating=generating, attempts=attempts())
        raise ApplicationError(
            error.message,
            job_error(error),
            type=error.reason,
            non_retryable=not again,
            next_retry_delay=recovery.wait(error, attempt(), generating=generating),
        ) from None


def job_error(error: StoryreelError) -> job_pb2.JobError:
    """What the job's record says of an error."""
    category = f"CATEGORY_{error.metadata.get('category', 'UNSPECIFIED')}"
    known = category in category_pb2.Category.keys()  # noqa: SIM118 - it is not a dict
    return job_pb2.JobError(
        reason=reason_value(error.reason),
        message=error.message,
        error_id=error.error_id,
        retryable=recovery.resumable(error.reason),
        suggestions=suggestions_to_proto(error.suggestions),
        category=category_pb2.Category.Value(category) if known else category_pb2.CATEGORY_UNSPECIFIED,
        proposal=_kept(error.proposal) if error.proposal else None,
    )


def _kept(proposal: Proposal) -> Packed | None:
    """A proposal as a history keeps it; None for one of a type that is not known here, or not whole."""
    packed = proposal_to_proto(proposal)
    try:
        MessageToDict(packed)
    except (TypeError, ValueError, DecodeError):
        return None
    return packed
