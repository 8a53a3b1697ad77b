"""Real services of storyreel with nothing behind them; the request says what becomes of the call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import grpc

from services.chassis.errors import Overloaded, UnknownVoice
from services.chassis.server import MethodLimits, Room
from storyreel.generation.v1 import generation_service_pb2, generation_service_pb2_grpc
from storyreel.media.v1 import clip_pb2
from storyreel.tts.v1 import speech_pb2, tts_service_pb2, tts_service_pb2_grpc

Context = Any


class Voices(tts_service_pb2_grpc.TtsServiceServicer):
    """Speaks nothing; a voice's name says what becomes of the call."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.headers: dict[str, str | bytes] = {}
        self.time_left: float | None = None
        self.attempts = 0

    async def ListVoices(
        self, request: tts_service_pb2.ListVoicesRequest, context: Context
    ) -> tts_service_pb2.ListVoicesResponse:
        """Answer at once."""
        self.headers = dict(context.invocation_metadata())
        self.time_left = context.time_remaining()
        context.set_trailing_metadata((("storyreel-reused", "1"),))
        voice = speech_pb2.Voice(engine="espeak", name="en-us", language="en")
        return tts_service_pb2.ListVoicesResponse(voices=[tts_service_pb2.VoiceInfo(voice=voice)])

    async def ChooseVoice(
        self, request: tts_service_pb2.ChooseVoiceRequest, context: Context
    ) -> tts_service_pb2.ChooseVoiceResponse:
        """Fail in the way the voice's name says."""
        self.attempts += 1
        match request.voice:
            case "nobody":
                raise UnknownVoice("There is no voice nobody.", metadata={"voice": "nobody"})
            case "busy":
                raise Overloaded("The engine is busy.")
            case "broken":
                raise RuntimeError("secret=hunter2")
            case "late":
                raise TimeoutError("an engine's own time-out")
            case "aborting":
                await context.abort(grpc.StatusCode.UNIMPLEMENTED, "not here")
            case "large":
                voice = speech_pb2.Voice(name="x" * 2_000_000)
                return tts_service_pb2.ChooseVoiceResponse(voice=voice)
        return tts_service_pb2.ChooseVoiceResponse()

    async def Synthesize(
        self, request: tts_service_pb2.SynthesizeRequest, context: Context
    ) -> tts_service_pb2.SynthesizeResponse:
        """Answer when `go_on` is set."""
        self.started.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return tts_service_pb2.SynthesizeResponse()


class Clips(generation_service_pb2_grpc.GenerationServiceServicer):
    """Generates nothing; a clip's backend says what becomes of the call."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self.closed = asyncio.Event()

    async def GenerateFootage(
        self, request: generation_service_pb2.GenerateFootageRequest, context: Context
    ) -> AsyncGenerator[generation_service_pb2.GenerateFootageResponse, None]:
        """Send two events, then end, break or wait for ever."""
        try:
            if request.spec.backend == "busy":
                time.sleep(0.2)
            accepted = generation_service_pb2.FootageAccepted(digest="0" * 64)
            yield generation_service_pb2.GenerateFootageResponse(accepted=accepted)
            if request.spec.backend == "broken":
                raise RuntimeError("secret=hunter2")
            if request.spec.backend == "nobody":
                raise UnknownVoice("There is no voice nobody.")
            if request.spec.backend == "endless":
                self.waiting.set()
                await asyncio.Event().wait()
            made = generation_service_pb2.GeneratedClip(clip=clip_pb2.Clip(frames=81))
            yield generation_service_pb2.GenerateFootageResponse(footage=made)
        finally:
            self.closed.set()

    async def CancelFootage(
        self, request: generation_service_pb2.CancelFootageRequest, context: Context
    ) -> generation_service_pb2.CancelFootageResponse:
        """Answer at once."""
        return generation_service_pb2.CancelFootageResponse()


class Rooms:
    """The two services as rooms, with a note of what was started and closed."""

    def __init__(self) -> None:
        self.voices = Voices()
        self.clips = Clips()
        self.log: list[str] = []

    def tts(self, *, seconds: float = 20, at_once: int = 2) -> Room:
        """Speaking."""
        return Room(
            service="storyreel.tts.v1.TtsService",
            add=partial(tts_service_pb2_grpc.add_TtsServiceServicer_to_server, self.voices),
            limits=dict.fromkeys(("ListVoices", "ChooseVoice", "Synthesize"), MethodLimits(seconds, at_once)),
            start=partial(self._note, "tts started"),
            close=partial(self._note, "tts closed"),
        )

    def generation(self, *, seconds: float = 20) -> Room:
        """Generating."""
        return Room(
            service="storyreel.generation.v1.GenerationService",
            add=partial(generation_service_pb2_grpc.add_GenerationServiceServicer_to_server, self.clips),
            limits=dict.fromkeys(
                ("GenerateFootage", "CancelFootage", "EstimateFootage", "GetCapabilities"),
                MethodLimits(seconds, 2),
            ),
            start=partial(self._note, "generation started"),
            close=partial(self._note, "generation closed"),
        )

    async def _note(self, what: str) -> None:
        self.log.append(what)
