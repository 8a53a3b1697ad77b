"""A call takes no longer than it may, and no more of them go on at once than may."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.trace import StatusCode

from services.chassis.channel import connect, errors
from services.chassis.errors import (
    Deadline,
    Overloaded,
)
from services.chassis.server import Server
from storyreel.generation.v1 import generation_service_pb2_grpc
from storyreel.tts.v1 import tts_service_pb2, tts_service_pb2_grpc
from tests.unit.chassis.recorded import Recorded


async def test_a_call_too_many_is_told_when_to_come_back_and_a_free_place_is_given_again(
    tts: Any, rooms: Any, speech: Any
) -> None:
    running = [asyncio.ensure_future(_await(tts.Synthesize(speech))) for _ in range(2)]
    refused = asyncio.ensure_future(_await(tts.Synthesize(speech)))
    pending = {*running, refused}
    done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)

    rooms.voices.go_on.set()
    outcomes = await asyncio.gather(*pending, return_exceptions=True)
    await tts.Synthesize(speech)

    (first,) = done
    with pytest.raises(Overloaded) as caught, errors():
        first.result()
    assert caught.value.retry_after is not None
    assert caught.value.metadata == {"at_once": "2"}
    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1


async def _await(call: Any) -> Any:
    return await call


async def test_one_method_that_is_full_does_not_fill_the_others(tts: Any, rooms: Any, speech: Any) -> None:
    running = [asyncio.ensure_future(_await(tts.Synthesize(speech))) for _ in range(2)]
    await rooms.voices.started.wait()

    reply = await tts.ListVoices(tts_service_pb2.ListVoicesRequest())

    rooms.voices.go_on.set()
    await asyncio.gather(*running)
    assert len(reply.voices) == 1


async def test_a_call_without_a_deadline_gets_the_methods_cap(
    rooms: Any, runtime: Path, speech: Any, recorded: Recorded
) -> None:
    server = Server([rooms.tts(seconds=0.05)], f"unix:{runtime}/cap.sock")
    await server.start()
    async with grpc.aio.insecure_channel(server.bound) as bare:
        with pytest.raises(Deadline) as caught, errors():
            await tts_service_pb2_grpc.TtsServiceStub(bare).Synthesize(speech)
    await server.stop(0)

    span = await recorded.span()
    assert "0.05 seconds" in caught.value.message
    assert rooms.voices.cancelled.is_set()
    assert span.attributes["rpc.status_code"] == "DEADLINE_EXCEEDED"
    assert span.status.status_code is StatusCode.ERROR


async def test_a_deadline_beyond_the_cap_is_cut_to_it_for_streams_too(
    rooms: Any, runtime: Path, clip: Any
) -> None:
    clip.spec.backend = "endless"
    server = Server([rooms.generation(seconds=0.05)], f"unix:{runtime}/cap.sock")
    await server.start()
    async with connect(server.bound) as connection:
        stub = generation_service_pb2_grpc.GenerationServiceStub(connection)
        with pytest.raises(Deadline), errors():
            _ = [event async for event in stub.GenerateFootage(clip, timeout=3600)]
    await server.stop(0)

    assert rooms.clips.closed.is_set()


async def test_a_cap_that_passes_while_an_event_is_written_is_told_after_it(
    rooms: Any, runtime: Path, clip: Any
) -> None:
    clip.spec.backend = "busy"
    server = Server([rooms.generation(seconds=0.05)], f"unix:{runtime}/cap.sock")
    await server.start()
    events = []
    async with asyncio.timeout(60), connect(server.bound) as connection:
        stub = generation_service_pb2_grpc.GenerationServiceStub(connection)
        with pytest.raises(Deadline), errors():
            async for event in stub.GenerateFootage(clip, timeout=3600):
                events.append(event)
    await server.stop(0)

    assert [event.WhichOneof("event") for event in events] == ["accepted"]


async def test_a_deadline_of_the_caller_stops_the_method(
    tts: Any, rooms: Any, speech: Any, recorded: Recorded
) -> None:
    with pytest.raises(Deadline), errors():
        await tts.Synthesize(speech, timeout=0.1)

    span = await recorded.span()
    assert rooms.voices.cancelled.is_set()
    assert span.attributes["rpc.status_code"] == "DEADLINE_EXCEEDED"


async def test_a_call_that_its_caller_gives_up_is_cancelled_and_accounted(
    tts: Any, rooms: Any, speech: Any, recorded: Recorded
) -> None:
    call = tts.Synthesize(speech)
    waiting = asyncio.ensure_future(_await(call))
    await rooms.voices.started.wait()

    waiting.cancel()

    span = await recorded.span()
    assert rooms.voices.cancelled.is_set()
    assert span.attributes["rpc.status_code"] == "CANCELLED"
    assert span.status.status_code is StatusCode.UNSET
