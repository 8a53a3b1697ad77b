"""TtsService on the wire."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import grpc

from services.artifacts import wire as artifacts
from services.artifacts.results import Results
from services.artifacts.store import Store
from services.chassis.server import MethodLimits, Room
from services.chassis.settings import home
from services.story import wire as story
from services.story.narration import SpeechTiming
from services.tts import wire
from services.tts.choice import Engines
from services.tts.engines import engines
from services.tts.settings import TtsSettings
from storyreel.tts.v1 import speech_pb2, tts_service_pb2, tts_service_pb2_grpc

FULL_SPEED = 100


class TtsServicer(tts_service_pb2_grpc.TtsServiceServicer):
    """Speaks.

    Args:
        engines: Who can speak.
        store: Where speech goes.
        scratch: The folder that speech is made in.
    """

    def __init__(self, engines: Engines, store: Store, *, scratch: Path) -> None:
        self._engines = engines
        self._store = store
        self._scratch = scratch
        self._results = Results(store, stage="tts")

    async def ListVoices(
        self,
        request: tts_service_pb2.ListVoicesRequest,
        context: grpc.aio.ServicerContext[
            tts_service_pb2.ListVoicesRequest, tts_service_pb2.ListVoicesResponse
        ],
    ) -> tts_service_pb2.ListVoicesResponse:
        """Name the voices that can be used now."""
        voices = await self._engines.voices(request.language)
        return tts_service_pb2.ListVoicesResponse(voices=map(wire.info_to_proto, voices))

    async def ChooseVoice(
        self,
        request: tts_service_pb2.ChooseVoiceRequest,
        context: grpc.aio.ServicerContext[
            tts_service_pb2.ChooseVoiceRequest, tts_service_pb2.ChooseVoiceResponse
        ],
    ) -> tts_service_pb2.ChooseVoiceResponse:
        """Find one voice for a whole video; never from the cache, since engines come and go."""
        choice = await self._engines.choose(
            request.voice,
            language=request.language,
            excluded=request.excluded_engines,
            offline=request.offline,
        )
        return wire.choice_to_proto(choice)

    async def Synthesize(
        self,
        request: tts_service_pb2.SynthesizeRequest,
        context: grpc.aio.ServicerContext[
            tts_service_pb2.SynthesizeRequest, tts_service_pb2.SynthesizeResponse
        ],
    ) -> tts_service_pb2.SynthesizeResponse:
        """Speak one text."""
        request.speed_percent = request.speed_percent or FULL_SPEED
        backend = self._engines.of(wire.voice_from_proto(request.voice))
        outcome = await self._results.once(
            request,
            tts_service_pb2.SynthesizeResponse,
            partial(self._speak, request),
            made_by=backend.made_by,
        )
        context.set_trailing_metadata((("storyreel-reused", "1" if outcome.reused else "0"),))
        return outcome.reply

    async def start(self) -> None:
        """Warm the engines up."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        await self._engines.start()

    async def close(self) -> None:
        """Stop all work."""
        await self._results.close()
        await self._engines.close()

    async def _speak(self, request: tts_service_pb2.SynthesizeRequest) -> tts_service_pb2.SynthesizeResponse:
        voice = wire.voice_from_proto(request.voice)
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            flac = Path(folder) / "speech.flac"
            speech = await self._engines.speak(
                request.text, voice, speed_percent=request.speed_percent, to=flac
            )
            audio = await self._store.put_file(flac, media_type="audio/flac")
        timing = await self._store.put_bytes(
            story.encode(story.timing_to_proto(SpeechTiming(request.text, speech.words))),
            media_type=story.PROTOBUF,
        )
        return tts_service_pb2.SynthesizeResponse(
            speech=speech_pb2.Speech(
                audio=artifacts.to_proto(audio),
                timing=artifacts.to_proto(timing),
                samples=speech.samples,
                voice=request.voice,
            )
        )


def room(settings: TtsSettings, store: Store) -> Room:
    """TtsService with the engines of this machine."""
    servicer = TtsServicer(engines(settings), store, scratch=home() / "scratch")
    return Room(
        service="storyreel.tts.v1.TtsService",
        add=partial(tts_service_pb2_grpc.add_TtsServiceServicer_to_server, servicer),
        limits={
            name: MethodLimits(60, settings.at_once) for name in ("ListVoices", "ChooseVoice", "Synthesize")
        },
        start=servicer.start,
        close=servicer.close,
    )
