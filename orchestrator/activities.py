"""One activity per stage call: exactly one gRPC call, cancelled for real."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import Message
from temporalio import activity

from orchestrator import calls, heartbeats
from orchestrator.publication import publish
from services.artifacts import wire
from services.artifacts.store import Store
from services.story.wire import PROTOBUF, encode
from storyreel.artifact.v1 import artifact_pb2
from storyreel.cards.v1 import card_service_pb2 as cards_pb
from storyreel.cards.v1 import card_service_pb2_grpc as cards_grpc
from storyreel.job.v1 import job_pb2, record_pb2
from storyreel.job.v1.record_pb2 import StageResult
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

STREAM_SECONDS = 3600.0
CANCEL_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Stages:
    """A channel to each stage."""

    parsing: grpc.aio.Channel
    script: grpc.aio.Channel
    tts: grpc.aio.Channel
    cards: grpc.aio.Channel
    muxing: grpc.aio.Channel

    def channels(self) -> tuple[grpc.aio.Channel, ...]:
        """All of them."""
        return self.parsing, self.script, self.tts, self.cards, self.muxing


class Activities:
    """The activities of a worker. Each may run twice; the second run finds the first one's result."""

    def __init__(self, stages: Stages, store: Store) -> None:
        self._store = store
        self._parsing = parsing_grpc.ParsingServiceStub(stages.parsing)
        self._script = script_grpc.ScriptServiceStub(stages.script)
        self._tts = tts_grpc.TtsServiceStub(stages.tts)
        self._cards = cards_grpc.CardServiceStub(stages.cards)
        self._muxing = muxing_grpc.MuxingServiceStub(stages.muxing)

    def all(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [
            self.parse,
            self.narrate,
            self.choose_voice,
            self.speak,
            self.draw,
            self.master,
            self.mux,
            self.keep,
            self.publish,
        ]

    @activity.defn(name="ParseDocument")
    async def parse(self, request: parsing_pb2.ParseDocumentRequest) -> StageResult:
        """Cut the document into scenes."""
        reply, reused = await calls.unary(self._parsing.ParseDocument, request)
        return StageResult(reused=reused, attempts=calls.attempt(), storyboard=reply)

    @activity.defn(name="WriteNarration")
    async def narrate(self, scene_id: str, request: script_pb2.WriteNarrationRequest) -> StageResult:
        """Write one scene's narration."""
        reply, reused = await calls.unary(self._script.WriteNarration, request)
        return StageResult(scene_id=scene_id, reused=reused, attempts=calls.attempt(), narration=reply)

    @activity.defn(name="ChooseVoice")
    async def choose_voice(self, request: tts_pb2.ChooseVoiceRequest) -> StageResult:
        """Choose the voice of the whole video."""
        reply, _ = await calls.unary(self._tts.ChooseVoice, request)
        return StageResult(attempts=calls.attempt(), voice=reply)

    @activity.defn(name="Synthesize")
    async def speak(self, scene_id: str, request: tts_pb2.SynthesizeRequest) -> StageResult:
        """Speak one scene."""
        reply, reused = await calls.unary(self._tts.Synthesize, request)
        return StageResult(scene_id=scene_id, reused=reused, attempts=calls.attempt(), speech=reply.speech)

    @activity.defn(name="DrawCard")
    async def draw(self, scene_id: str, request: cards_pb.DrawCardRequest) -> StageResult:
        """Draw one scene's card."""
        call = self._cards.DrawCard(request, timeout=STREAM_SECONDS)
        last, reused = await calls.stream(call, self._cancel_card)
        return StageResult(scene_id=scene_id, reused=reused, attempts=calls.attempt(), card=last.card)

    @activity.defn(name="MasterSound")
    async def master(self, plan: timeline_pb2.SoundPlan) -> StageResult:
        """Make the video's sound; the plan travels as an artifact."""
        request = muxing_pb2.MasterSoundRequest(plan=await self._put(plan))
        call = self._muxing.MasterSound(request, timeout=STREAM_SECONDS)
        last, reused = await calls.stream(call, self._cancel_mux)
        return StageResult(reused=reused, attempts=calls.attempt(), sound=last.sound)

    @activity.defn(name="MuxVideo")
    async def mux(self, plan: timeline_pb2.MuxPlan) -> StageResult:
        """Put the video together; the plan travels as an artifact."""
        request = muxing_pb2.MuxVideoRequest(plan=await self._put(plan))
        call = self._muxing.MuxVideo(request, timeout=STREAM_SECONDS)
        last, reused = await calls.stream(call, self._cancel_mux)
        return StageResult(reused=reused, attempts=calls.attempt(), video=last.video)

    @activity.defn(name="KeepScenes")
    async def keep(self, scenes: record_pb2.SceneRecords) -> artifact_pb2.Artifact:
        """Store what is known of some scenes, for `publish`: all of a long video's do not fit one payload."""
        return await self._put(scenes)

    @activity.defn(name="Publish")
    async def publish(self, publication: record_pb2.Publication) -> job_pb2.Outputs:
        """Write down what was made, and the whole record."""
        heartbeats.report(progress_pb2.StageProgress(step="publish"))
        with calls.application_errors():
            return await publish(self._store, publication)

    async def _put(self, plan: Message) -> artifact_pb2.Artifact:
        with calls.application_errors():
            return wire.to_proto(await self._store.put_bytes(encode(plan), media_type=PROTOBUF))

    def _cancel_card(self, digest: str) -> Awaitable[Any]:
        return self._cards.CancelCard(cards_pb.CancelCardRequest(digest=digest), timeout=CANCEL_SECONDS)

    def _cancel_mux(self, digest: str) -> Awaitable[Any]:
        return self._muxing.CancelMux(muxing_pb2.CancelMuxRequest(digest=digest), timeout=CANCEL_SECONDS)
