"""TtsService from the caller's side; raises the errors the service raised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import grpc

from services.artifacts import wire as artifacts
from services.artifacts.store import Artifact
from services.chassis.channel import errors
from services.tts import wire
from services.tts.choice import Choice
from services.tts.voice import VoiceId, VoiceInfo
from storyreel.tts.v1 import tts_service_pb2, tts_service_pb2_grpc


@dataclass(frozen=True, slots=True)
class StoredSpeech:
    """One scene's voice in the store: FLAC, a SpeechTiming, its length in samples at 48 kHz, who spoke."""

    audio: Artifact
    timing: Artifact
    samples: int
    voice: VoiceId


class TtsClient:
    """Has texts spoken over a channel that the caller closes."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = tts_service_pb2_grpc.TtsServiceStub(channel)

    async def list_voices(self, *, language: str = "") -> list[VoiceInfo]:
        """The voices that can be used now, those of the preferred engine first.

        Args:
            language: Only voices of this language (BCP 47, a prefix matches); "": all.
        """
        with errors():
            reply = await self._stub.ListVoices(tts_service_pb2.ListVoicesRequest(language=language))
        return [wire.info_from_proto(info) for info in reply.voices]

    async def choose_voice(
        self, voice: str = "", *, language: str, excluded_engines: Sequence[str] = ()
    ) -> Choice:
        """Find one voice for a whole video.

        Args:
            voice: A role or an engine's own name; "" is `male`.
            language: The language to speak (BCP 47).
            excluded_engines: Engines that have failed in this job.

        Raises:
            UnknownVoice: Nobody has the voice, or speaks the language; the suggestions name some.
            VoiceUnavailable: Who has it cannot be used now.
        """
        request = tts_service_pb2.ChooseVoiceRequest(
            voice=voice, language=language, excluded_engines=excluded_engines
        )
        with errors():
            return wire.choice_from_proto(await self._stub.ChooseVoice(request))

    async def synthesize(self, text: str, *, voice: VoiceId, speed_percent: int = 100) -> StoredSpeech:
        """Have one text spoken.

        A voice is chosen once for a whole video, so its name alone is not enough here::

            chosen = await client.choose_voice("female", language="en")
            speech = await client.synthesize("Hello.", voice=chosen.voice)

        Args:
            text: Plain text, 1 to 20,000 characters.
            voice: Who speaks, the `voice` of what `choose_voice` gave.
            speed_percent: 50 to 200, of the voice's own pace.

        Raises:
            UnknownVoice: The engine has no such voice.
            UnspeakableText: The text holds no letter and no digit.
            VoiceUnavailable: The engine is down, silent or refuses.
            InvalidRequest: A value is out of its range, or speaking takes longer than an hour.
        """
        request = tts_service_pb2.SynthesizeRequest(
            text=text, voice=wire.voice_to_proto(voice), speed_percent=speed_percent
        )
        with errors():
            speech = (await self._stub.Synthesize(request)).speech
        return StoredSpeech(
            artifacts.from_proto(speech.audio),
            artifacts.from_proto(speech.timing),
            speech.samples,
            wire.voice_from_proto(speech.voice),
        )
