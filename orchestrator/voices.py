"""TtsService beside JobService: each call is passed on to the tts service."""

from __future__ import annotations

from functools import partial
from typing import Any

import grpc

from services.chassis.channel import errors
from services.chassis.server import MethodLimits, Room
from storyreel.tts.v1 import tts_service_pb2 as pb
from storyreel.tts.v1 import tts_service_pb2_grpc as pb_grpc

Context = grpc.aio.ServicerContext[Any, Any]

ANSWER_SECONDS = 45.0
"""How long the tts service may take, until it is ready too: it may have started just now."""


class VoicesServicer(pb_grpc.TtsServiceServicer):
    """Passes calls on.

    Args:
        tts: A channel to the tts service.
    """

    def __init__(self, tts: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.TtsServiceStub(tts)

    async def ListVoices(self, request: pb.ListVoicesRequest, context: Context) -> pb.ListVoicesResponse:
        """Name the voices that can be used now."""
        reply: pb.ListVoicesResponse = await _passed_on(self._stub.ListVoices, request)
        return reply

    async def ChooseVoice(self, request: pb.ChooseVoiceRequest, context: Context) -> pb.ChooseVoiceResponse:
        """Find one voice for a whole video."""
        reply: pb.ChooseVoiceResponse = await _passed_on(self._stub.ChooseVoice, request)
        return reply

    async def Synthesize(self, request: pb.SynthesizeRequest, context: Context) -> pb.SynthesizeResponse:
        """Speak one text."""
        reply: pb.SynthesizeResponse = await _passed_on(self._stub.Synthesize, request)
        return reply


async def _passed_on(method: Any, request: Any) -> Any:
    with errors():
        return await method(request, timeout=ANSWER_SECONDS, wait_for_ready=True)


def room(tts: grpc.aio.Channel) -> Room:
    """TtsService, in front of the one that a channel leads to."""
    limit = MethodLimits(seconds=60, at_once=16)
    return Room(
        service="storyreel.tts.v1.TtsService",
        add=partial(pb_grpc.add_TtsServiceServicer_to_server, VoicesServicer(tts)),
        limits=dict.fromkeys(("ListVoices", "ChooseVoice", "Synthesize"), limit),
        start=_nothing,
        close=_nothing,
    )


async def _nothing() -> None:
    """The tts service starts and stops by itself."""
