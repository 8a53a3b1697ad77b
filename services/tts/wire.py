"""The nouns of tts to and from the contract."""

from __future__ import annotations

from services.tts.choice import Choice, PassedOver
from services.tts.voice import VoiceId, VoiceInfo
from storyreel.tts.v1 import speech_pb2, tts_service_pb2


def voice_to_proto(voice: VoiceId) -> speech_pb2.Voice:
    """The contract's form of a voice."""
    return speech_pb2.Voice(engine=voice.engine, name=voice.name, language=voice.language)


def voice_from_proto(message: speech_pb2.Voice) -> VoiceId:
    """The voice of a message."""
    return VoiceId(message.engine, message.name, message.language)


def info_to_proto(info: VoiceInfo) -> tts_service_pb2.VoiceInfo:
    """The contract's form of a listed voice."""
    return tts_service_pb2.VoiceInfo(voice=voice_to_proto(info.voice), role=info.role, online=info.online)


def info_from_proto(message: tts_service_pb2.VoiceInfo) -> VoiceInfo:
    """The listed voice of a message."""
    return VoiceInfo(voice_from_proto(message.voice), message.role, message.online)


def choice_to_proto(choice: Choice) -> tts_service_pb2.ChooseVoiceResponse:
    """The contract's form of a choice."""
    return tts_service_pb2.ChooseVoiceResponse(
        voice=voice_to_proto(choice.voice),
        passed_over=[
            tts_service_pb2.PassedOver(engine=one.engine, why=one.why) for one in choice.passed_over
        ],
        notice=choice.notice,
    )


def choice_from_proto(message: tts_service_pb2.ChooseVoiceResponse) -> Choice:
    """The choice of a message."""
    passed = tuple(PassedOver(one.engine, one.why) for one in message.passed_over)
    return Choice(voice_from_proto(message.voice), passed, message.notice)
