"""Six real gRPC services that do no work: they answer the contract at once, or fail when told to.

They stand for the stages where a test is about the orchestrator: the calls, the engine, the errors
on the wire are real.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration

from orchestrator.activities import Stages
from services.artifacts import wire
from services.artifacts.store import Store
from services.chassis import channel
from services.chassis.server import MethodLimits, Room, Server
from services.story.scene import ParagraphCard
from services.story.text import Text
from services.story.wire import PROTOBUF, encode, scene_to_proto
from storyreel.artifact.v1 import artifact_pb2
from storyreel.cards.v1 import card_service_pb2, card_service_pb2_grpc
from storyreel.generation.v1 import (
    footage_pb2,
    generation_service_pb2,
    generation_service_pb2_grpc,
    making_pb2,
)
from storyreel.media.v1 import clip_pb2
from storyreel.muxing.v1 import muxing_service_pb2, muxing_service_pb2_grpc, timeline_pb2
from storyreel.parsing.v1 import parsing_service_pb2, parsing_service_pb2_grpc, storyboard_pb2
from storyreel.progress.v1 import progress_pb2
from storyreel.script.v1 import narration_pb2, script_service_pb2, script_service_pb2_grpc
from storyreel.tts.v1 import speech_pb2, tts_service_pb2, tts_service_pb2_grpc

CARD_DIGEST = "c" * 64
FOOTAGE_DIGEST = "f" * 64
"""Of every card, and of every clip of footage."""

Fault = Callable[[str, Any], Any]
"""Called before each answer with the RPC's name and the request; may raise a StoryreelError or wait."""


class NoOp:
    """The servicers' common ground: scenes, one artifact for everything, counts, faults."""

    def __init__(self, store: Store, scenes: int) -> None:
        self.scenes = scenes
        self.store = store
        self.calls: Counter[str] = Counter()
        self.requests: list[tuple[str, Any]] = []
        self.fault: Fault = lambda rpc, request: None
        self.narration = ""
        self.progress_seconds = 0.0
        self.longest = 1 << 30  # frames of a clip that the model makes
        self.keeps_last = True
        self.cancelled: list[str] = []
        self.artifact = artifact_pb2.Artifact()
        self.coverage = artifact_pb2.Artifact()
        self.refs: list[storyboard_pb2.SceneRef] = []

    def wish(self, number: int, prompt: str, *, visual: str = "FOOTAGE", **values: Any) -> None:
        """Mark a scene, counted from 1, as footage."""
        ref = self.refs[number - 1]
        ref.footage.CopyFrom(footage_pb2.Footage(prompt=prompt, **values))
        ref.visual = storyboard_pb2.Visual.Value(f"VISUAL_{visual}")

    def asked(self) -> list[generation_service_pb2.FootageSpec]:
        """The clips of footage that were asked for, in the order in which they were."""
        return [request.spec for rpc, request in self.requests if rpc == "GenerateFootage"]

    def footage(self) -> list[footage_pb2.Footage]:
        """The footage that was asked for, in the order in which it was."""
        return [spec.footage for spec in self.asked()]

    async def prepare(self) -> None:
        """Store what the answers refer to."""
        self.artifact = wire.to_proto(await self.store.put_bytes(b"no-op", media_type="video/mp4"))
        coverage = storyboard_pb2.Coverage()
        for number in range(1, self.scenes + 1):
            card = ParagraphCard(header=Text(""), sentences=(Text(f"Sentence {number}."),))
            scene = await self.store.put_bytes(encode(scene_to_proto(card)), media_type=PROTOBUF)
            scene_id = f"s{number:03d}"
            self.refs.append(
                storyboard_pb2.SceneRef(
                    id=scene_id,
                    type=storyboard_pb2.SCENE_TYPE_PARAGRAPH,
                    scene=wire.to_proto(scene),
                    chapter="",
                )
            )
            block = coverage.blocks.add(
                id=f"b{number:04d}", kind=storyboard_pb2.BLOCK_KIND_PARAGRAPH, text=f"Sentence {number}."
            )
            block.placements.add(scene_id=scene_id, element="text/0")
        dropped = coverage.blocks.add(
            id=f"b{self.scenes + 1:04d}",
            kind=storyboard_pb2.BLOCK_KIND_RULE,
            drop_reason="A rule says nothing.",
        )
        dropped.place.line = 9
        self.coverage = wire.to_proto(await self.store.put_bytes(encode(coverage), media_type=PROTOBUF))

    async def answer(self, rpc: str, request: Any) -> None:
        """Count a call, then fail or wait when told to."""
        self.calls[rpc] += 1
        self.requests.append((rpc, request))
        waited = self.fault(rpc, request)
        if asyncio.iscoroutine(waited):
            await waited

    async def ParseDocument(self, request: Any, context: Any) -> parsing_service_pb2.ParseDocumentResponse:
        await self.answer("ParseDocument", request)
        return parsing_service_pb2.ParseDocumentResponse(
            title="No-op", scenes=self.refs, coverage=self.coverage
        )

    async def WriteNarration(self, request: Any, context: Any) -> script_service_pb2.WriteNarrationResponse:
        await self.answer("WriteNarration", request)
        text = self.narration or f"Scene {request.scene.sha256[:6]}."
        segment = narration_pb2.Segment(text=text, element="text/0")
        return script_service_pb2.WriteNarrationResponse(
            narration=narration_pb2.Narration(language="en", segments=[segment]),
            estimated_duration=Duration(seconds=2),
        )

    async def ListVoices(self, request: Any, context: Any) -> tts_service_pb2.ListVoicesResponse:
        return tts_service_pb2.ListVoicesResponse()

    async def ChooseVoice(self, request: Any, context: Any) -> tts_service_pb2.ChooseVoiceResponse:
        await self.answer("ChooseVoice", request)
        engine = ("first", "second", "third")[len(request.excluded_engines)]
        return tts_service_pb2.ChooseVoiceResponse(
            voice=speech_pb2.Voice(engine=engine, name="nobody", language="en")
        )

    async def Synthesize(self, request: Any, context: Any) -> tts_service_pb2.SynthesizeResponse:
        await self.answer("Synthesize", request)
        speech = speech_pb2.Speech(
            audio=self.artifact, timing=self.artifact, samples=48_000, voice=request.voice
        )
        return tts_service_pb2.SynthesizeResponse(speech=speech)

    async def DrawCard(self, request: Any, context: Any) -> AsyncIterator[Any]:
        response = card_service_pb2.DrawCardResponse
        yield response(accepted=progress_pb2.Accepted(digest=CARD_DIGEST))
        await self.answer("DrawCard", request)
        async for progress in self._progress():
            yield response(progress=progress)
        clip = clip_pb2.Clip(video=self.artifact, frames=request.spec.frames, picture=request.spec.picture)
        yield response(card=card_service_pb2.DrawnCard(clip=clip))

    async def CancelCard(self, request: Any, context: Any) -> card_service_pb2.CancelCardResponse:
        self.cancelled.append(request.digest)
        return card_service_pb2.CancelCardResponse()

    async def ListThemes(self, request: Any, context: Any) -> card_service_pb2.ListThemesResponse:
        return card_service_pb2.ListThemesResponse()

    async def GenerateFootage(self, request: Any, context: Any) -> AsyncIterator[Any]:
        response, spec = generation_service_pb2.GenerateFootageResponse, request.spec
        frames = self._frames(spec)
        accepted = generation_service_pb2.FootageAccepted(digest=FOOTAGE_DIGEST, frames=frames)
        yield response(accepted=accepted)
        await self.answer("GenerateFootage", request)
        async for progress in self._progress():
            yield response(progress=progress)
        made = generation_service_pb2.GeneratedClip(
            clip=clip_pb2.Clip(video=self.artifact, frames=frames, picture=spec.picture)
        )
        made.making.plan.steps = _steps(spec.footage)
        if frames < spec.frames and self.keeps_last:
            made.last_frame.CopyFrom(self.artifact)
        if frames > self.longest:
            made.making.adjustments.add(field="frames", reason="It plays to and fro.")
        yield response(footage=made)

    async def CancelFootage(self, request: Any, context: Any) -> generation_service_pb2.CancelFootageResponse:
        self.cancelled.append(request.digest)
        return generation_service_pb2.CancelFootageResponse()

    async def EstimateFootage(self, request: Any, context: Any) -> Any:
        await self.answer("EstimateFootage", request)
        report = making_pb2.Report()
        report.plan.model, report.plan.frames = "t2v-A14B", request.spec.frames
        report.forecast.duration.FromSeconds(600)
        frames = self._frames(request.spec)
        return generation_service_pb2.EstimateFootageResponse(report=report, frames=frames)

    async def GetCapabilities(self, request: Any, context: Any) -> Any:
        return generation_service_pb2.GetCapabilitiesResponse()

    async def MuxVideo(self, request: Any, context: Any) -> AsyncIterator[Any]:
        response = muxing_service_pb2.MuxVideoResponse
        yield response(accepted=progress_pb2.Accepted(digest="0" * 64))
        await self.answer("MuxVideo", request)
        yield response(video=timeline_pb2.Video(mp4=self.artifact))

    async def MasterSound(self, request: Any, context: Any) -> AsyncIterator[Any]:
        response = muxing_service_pb2.MasterSoundResponse
        yield response(accepted=progress_pb2.Accepted(digest="0" * 64))
        await self.answer("MasterSound", request)
        yield response(sound=timeline_pb2.Sound(audio=self.artifact, samples=1))

    async def CancelMux(self, request: Any, context: Any) -> muxing_service_pb2.CancelMuxResponse:
        return muxing_service_pb2.CancelMuxResponse()

    def _frames(self, spec: generation_service_pb2.FootageSpec) -> int:
        """How long the clip of a spec is."""
        return min(spec.frames, self.longest) if spec.may_end_early else spec.frames

    async def _progress(self) -> AsyncIterator[progress_pb2.StageProgress]:
        """Take the time that a clip takes, and tell how far it is."""
        steps = int(self.progress_seconds / 0.1)
        for step in range(steps):
            progress = progress_pb2.StageProgress(step="draw", fraction=step / steps, done=step, total=steps)
            progress.remaining.FromMilliseconds(100 * (steps - step))
            yield progress
            await asyncio.sleep(0.1)


def _steps(footage: footage_pb2.Footage) -> int:
    """The steps that a clip is made with: those of the newest retry that changed them, else the footage's."""
    changed = [retry.values.steps for retry in footage.retries if retry.values.HasField("steps")]
    return changed[-1] if changed else footage.steps


SERVICES = {
    "storyreel.parsing.v1.ParsingService": parsing_service_pb2_grpc.add_ParsingServiceServicer_to_server,
    "storyreel.script.v1.ScriptService": script_service_pb2_grpc.add_ScriptServiceServicer_to_server,
    "storyreel.tts.v1.TtsService": tts_service_pb2_grpc.add_TtsServiceServicer_to_server,
    "storyreel.cards.v1.CardService": card_service_pb2_grpc.add_CardServiceServicer_to_server,
    "storyreel.generation.v1.GenerationService": (
        generation_service_pb2_grpc.add_GenerationServiceServicer_to_server
    ),
    "storyreel.muxing.v1.MuxingService": muxing_service_pb2_grpc.add_MuxingServiceServicer_to_server,
}


@asynccontextmanager
async def serve(noop: NoOp, folder: Path) -> AsyncIterator[tuple[Stages, grpc.aio.Channel]]:
    """Serve all six on one unix socket; the channels a worker needs, and a pool's."""
    from google.protobuf import descriptor_pool

    async def nothing() -> None:
        """It owns nothing that starts or stops."""

    rooms = []
    for service, add in SERVICES.items():
        methods = descriptor_pool.Default().FindServiceByName(service).methods
        limits = {method.name: MethodLimits(seconds=3600, at_once=1000) for method in methods}
        rooms.append(
            Room(service=service, add=partial(add, noop), limits=limits, start=nothing, close=nothing)
        )
    async with AsyncExitStack() as stack:
        server = Server(rooms, f"unix:{folder}/noop.sock")
        await server.start()
        stack.push_async_callback(server.stop, 0)
        one = channel.connect(server.bound)
        stack.push_async_callback(one.close)
        yield Stages(parsing=one, script=one, tts=one, cards=one, muxing=one), one
