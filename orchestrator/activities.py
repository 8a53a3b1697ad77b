"""One activity per stage call: exactly one gRPC call, kept alive by heartbeats, cancelled for real."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message
from temporalio import activity
from temporalio.exceptions import ApplicationError

from orchestrator import recovery
from orchestrator.publication import publish
from services.artifacts import wire
from services.artifacts.store import Store
from services.chassis import channel
from services.chassis.errors import StoryreelError
from services.story.wire import PROTOBUF, encode
from storyreel.error.v1 import recovery_pb2
from storyreel.generation.v1 import generation_service_pb2 as generation_pb2
from storyreel.generation.v1 import generation_service_pb2_grpc as generation_grpc
from storyreel.job.v1 import job_pb2, record_pb2
from storyreel.muxing.v1 import muxing_service_pb2 as muxing_pb2
from storyreel.muxing.v1 import muxing_service_pb2_grpc as muxing_grpc
from storyreel.muxing.v1 import timeline_pb2
from storyreel.parsing.v1 import parsing_service_pb2 as parsing_pb2
from storyreel.parsing.v1 import parsing_service_pb2_grpc as parsing_grpc
from storyreel.progress.v1 import progress_pb2
from storyreel.script.v1 import script_service_pb2 as script_pb2
from storyreel.script.v1 import script_service_pb2_grpc as script_grpc
from storyreel.tts.v1 import tts_service_pb2 as tts_pb2
from storyreel.tts.v1 import tts_service_pb2_grpc as tts_grpc

HEARTBEAT = timedelta(seconds=0.5)
UNARY_SECONDS = 60.0
STREAM_SECONDS = 3600.0
CANCEL_SECONDS = 15.0

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Stages:
    """A channel to each stage."""

    parsing: grpc.aio.Channel
    script: grpc.aio.Channel
    tts: grpc.aio.Channel
    generation: grpc.aio.Channel
    muxing: grpc.aio.Channel


class Activities:
    """The activities of a worker. Each may run twice; the second run finds the first one's result."""

    def __init__(self, stages: Stages, store: Store) -> None:
        self._store = store
        self._parsing = parsing_grpc.ParsingServiceStub(stages.parsing)
        self._script = script_grpc.ScriptServiceStub(stages.script)
        self._tts = tts_grpc.TtsServiceStub(stages.tts)
        self._generation = generation_grpc.GenerationServiceStub(stages.generation)
        self._muxing = muxing_grpc.MuxingServiceStub(stages.muxing)

    def all(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [
            self.parse,
            self.narrate,
            self.choose_voice,
            self.speak,
            self.generate,
            self.mux,
            self.publish,
        ]

    @activity.defn(name="ParseDocument")
    async def parse(self, request: parsing_pb2.ParseDocumentRequest) -> record_pb2.StageResult:
        """Cut the document into scenes."""
        reply, reused = await _unary(self._parsing.ParseDocument, request)
        return record_pb2.StageResult(reused=reused, attempts=_attempt(), storyboard=reply)

    @activity.defn(name="WriteNarration")
    async def narrate(
        self, scene_id: str, request: script_pb2.WriteNarrationRequest
    ) -> record_pb2.StageResult:
        """Write one scene's narration."""
        reply, reused = await _unary(self._script.WriteNarration, request)
        return record_pb2.StageResult(scene_id=scene_id, reused=reused, attempts=_attempt(), narration=reply)

    @activity.defn(name="ChooseVoice")
    async def choose_voice(self, request: tts_pb2.ChooseVoiceRequest) -> record_pb2.StageResult:
        """Choose the voice of the whole video."""
        reply, _ = await _unary(self._tts.ChooseVoice, request)
        return record_pb2.StageResult(attempts=_attempt(), voice=reply)

    @activity.defn(name="Synthesize")
    async def speak(self, scene_id: str, request: tts_pb2.SynthesizeRequest) -> record_pb2.StageResult:
        """Speak one scene."""
        reply, reused = await _unary(self._tts.Synthesize, request)
        return record_pb2.StageResult(
            scene_id=scene_id, reused=reused, attempts=_attempt(), speech=reply.speech
        )

    @activity.defn(name="GenerateClip")
    async def generate(
        self, scene_id: str, request: generation_pb2.GenerateClipRequest
    ) -> record_pb2.StageResult:
        """Make one scene's picture."""
        cancel = self._generation.CancelClip
        stream = self._generation.GenerateClip(request, timeout=STREAM_SECONDS)
        events = _events(
            stream, lambda d: cancel(generation_pb2.CancelClipRequest(digest=d), timeout=CANCEL_SECONDS)
        )
        async with contextlib.aclosing(events):
            last = await _last(events)
        return record_pb2.StageResult(
            scene_id=scene_id, reused=await _reused(stream), attempts=_attempt(), clip=last.clip
        )

    @activity.defn(name="MuxVideo")
    async def mux(self, plan: timeline_pb2.MuxPlan) -> record_pb2.StageResult:
        """Put the video together; the plan travels as an artifact."""
        with _application_errors():
            stored = await self._store.put_bytes(encode(plan), media_type=PROTOBUF)
        request = muxing_pb2.MuxVideoRequest(plan=wire.to_proto(stored))
        cancel = self._muxing.CancelMux
        stream = self._muxing.MuxVideo(request, timeout=STREAM_SECONDS)
        events = _events(
            stream, lambda d: cancel(muxing_pb2.CancelMuxRequest(digest=d), timeout=CANCEL_SECONDS)
        )
        async with contextlib.aclosing(events):
            last = await _last(events)
        return record_pb2.StageResult(reused=await _reused(stream), attempts=_attempt(), video=last.video)

    @activity.defn(name="Publish")
    async def publish(self, publication: record_pb2.Publication) -> job_pb2.Outputs:
        """Write down what was made, and the whole record."""
        async with _beating(progress_pb2.StageProgress(step="publish")):
            with _application_errors():
                return await publish(self._store, publication)


def _attempt() -> int:
    return activity.info().attempt


async def _unary(method: grpc.aio.UnaryUnaryMultiCallable[Any, M], request: Message) -> tuple[M, bool]:
    """Make a unary call; the reply, and whether it was found made."""
    async with _beating(progress_pb2.StageProgress()):
        with _application_errors():
            call = method(request, timeout=UNARY_SECONDS)
            try:
                return await call, await _reused(call)
            finally:
                call.cancel()


async def _events(
    stream: grpc.aio.UnaryStreamCall[Any, M], cancel: Callable[[str], Awaitable[Any]]
) -> AsyncGenerator[M, None]:
    """The events of a stream, each one a heartbeat; leaving it early cancels the work and waits for that."""
    digest = ""
    state = progress_pb2.StageProgress()
    ended = False
    async with _beating(state):
        with _application_errors():
            try:
                async for event in stream:
                    if event.HasField("accepted"):
                        digest = event.accepted.digest  # type: ignore[attr-defined]
                    elif event.HasField("progress"):
                        state.CopyFrom(event.progress)  # type: ignore[attr-defined]
                        activity.heartbeat(state)
                    yield event
                ended = True
            except asyncio.CancelledError:
                if digest and not ended:
                    # Dropping the stream would only start the work's time of grace.
                    with contextlib.suppress(grpc.aio.AioRpcError):
                        await asyncio.shield(asyncio.ensure_future(_awaited(cancel(digest))))
                raise
            finally:
                stream.cancel()


async def _awaited(call: Awaitable[Any]) -> None:
    await call


async def _last(events: AsyncIterator[M]) -> M:
    last: M | None = None
    async for event in events:
        last = event
    if last is None or not (
        last.DESCRIPTOR.oneofs_by_name["event"] and last.WhichOneof("event") in ("clip", "video")
    ):
        raise ApplicationError("The stage ended without a result.", type="INTERNAL")
    return last


async def _reused(call: Any) -> bool:
    trailing = await call.trailing_metadata() or ()
    return ("storyreel-reused", "1") in [(key, value) for key, value in trailing]


@contextlib.asynccontextmanager
async def _beating(state: progress_pb2.StageProgress) -> AsyncIterator[None]:
    """Send heartbeats in the background: a silent call must beat too, and learns of a cancel by it."""

    async def beat() -> None:
        while True:
            activity.heartbeat(state)
            await asyncio.sleep(HEARTBEAT.total_seconds())

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()


@contextlib.contextmanager
def _application_errors() -> Iterator[None]:
    """Turn our errors into the engine's: the type is the reason, the details a JobError."""
    try:
        with channel.errors():
            yield
    except StoryreelError as error:
        again = recovery.repeat(error, _attempt())
        raise ApplicationError(
            error.message,
            job_error(error),
            type=error.reason,
            non_retryable=not again,
            next_retry_delay=error.retry_after,
        ) from None


def job_error(error: StoryreelError) -> job_pb2.JobError:
    """What the job's record says of an error."""
    return job_pb2.JobError(
        reason=error.reason,
        message=error.message,
        error_id=error.error_id,
        retryable=recovery.resumable(error.reason),
        suggestions=[
            recovery_pb2.Suggestion(
                description=s.description,
                changes=[
                    recovery_pb2.Change(field=c.field, to=c.after, **{"from": c.before}) for c in s.changes
                ],
            )
            for s in error.suggestions
        ],
    )
