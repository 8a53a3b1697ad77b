"""A channel brings deadlines, traces and retries to every call, and its failures are exceptions of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from services.chassis.channel import connect, errors
from services.chassis.errors import InvalidRequest, StoryreelError, UnknownVoice, Unreachable
from services.chassis.server import Server
from storyreel.generation.v1 import generation_service_pb2_grpc
from storyreel.tts.v1 import tts_service_pb2, tts_service_pb2_grpc

LIST = tts_service_pb2.ListVoicesRequest()


@pytest.fixture
async def server(rooms: Any, runtime: Path) -> AsyncGenerator[Server, None]:
    """Both services."""
    serving = Server([rooms.tts(seconds=3600), rooms.generation()], f"unix:{runtime}/s.sock")
    await serving.start()
    yield serving
    await serving.stop(0)


@pytest.fixture
async def channel(server: Server) -> AsyncGenerator[grpc.aio.Channel, None]:
    """A connection to them."""
    async with connect(server.bound) as connection:
        yield connection


@pytest.fixture
def tts(channel: grpc.aio.Channel) -> Any:
    """The voices' stub."""
    return tts_service_pb2_grpc.TtsServiceStub(channel)


@pytest.fixture
def generation(channel: grpc.aio.Channel) -> Any:
    """The clips' stub."""
    return generation_service_pb2_grpc.GenerationServiceStub(channel)


async def test_a_call_without_a_deadline_is_given_one(tts: Any, rooms: Any) -> None:
    await tts.ListVoices(LIST)

    assert rooms.voices.time_left == pytest.approx(60, abs=30)


async def test_a_callers_own_deadline_is_kept(tts: Any, rooms: Any) -> None:
    await tts.ListVoices(LIST, timeout=500)

    assert rooms.voices.time_left == pytest.approx(500, abs=100)


async def test_the_callers_trace_goes_along_with_its_own_headers(tts: Any, rooms: Any) -> None:
    span = TracerProvider().get_tracer("test").start_span("job")

    with trace.use_span(span):
        await tts.ListVoices(LIST, metadata=(("storyreel-tenant", "local"),))

    assert f"{span.get_span_context().trace_id:032x}" in rooms.voices.headers["traceparent"]
    assert rooms.voices.headers["storyreel-tenant"] == "local"


async def test_trailers_of_a_call_can_be_read(tts: Any) -> None:
    call = tts.ListVoices(LIST)

    await call

    assert dict(await call.trailing_metadata())["storyreel-reused"] == "1"


async def test_trailers_of_a_stream_can_be_read(generation: Any, clip: Any) -> None:
    call = generation.GenerateFootage(clip)

    events = [event async for event in call]

    assert len(events) == 2
    assert await call.trailing_metadata() is not None


async def test_a_refused_call_raises_the_class_the_service_raised(tts: Any) -> None:
    with pytest.raises(UnknownVoice, match="There is no voice nobody"), errors():
        await tts.ChooseVoice(tts_service_pb2.ChooseVoiceRequest(voice="nobody", language="en"))


async def test_errors_leaves_exceptions_of_ours_and_of_others_as_they_are() -> None:
    with pytest.raises(UnknownVoice), errors():
        raise UnknownVoice("None.")
    with pytest.raises(KeyError), errors():
        raise KeyError("x")


@pytest.mark.parametrize("kind", ["unix", "tcp"])
async def test_a_service_that_is_not_there_is_named_by_its_address(
    runtime: Path, kind: str, unused_port: int
) -> None:
    address = f"unix:{runtime}/none.sock" if kind == "unix" else f"127.0.0.1:{unused_port}"

    with pytest.raises(Unreachable) as caught, errors():
        async with connect(address) as connection:
            await tts_service_pb2_grpc.TtsServiceStub(connection).ListVoices(LIST)

    assert f"at {address} " in caught.value.message
    assert caught.value.metadata == {"address": address}


async def test_a_stream_that_loses_its_service_names_the_address(
    server: Server, generation: Any, rooms: Any, clip: Any
) -> None:
    clip.spec.backend = "endless"

    async def watch() -> None:
        with errors():
            _ = [event async for event in generation.GenerateFootage(clip)]

    watching = asyncio.ensure_future(watch())
    await rooms.clips.waiting.wait()
    await server.stop(0)
    outcome = (await asyncio.gather(watching, return_exceptions=True))[0]

    assert isinstance(outcome, Unreachable)
    assert server.bound in outcome.message


async def test_a_service_that_comes_back_is_found_again(rooms: Any, runtime: Path) -> None:
    address = f"unix:{runtime}/back.sock"
    first, second = Server([rooms.tts()], address), Server([rooms.tts()], address)
    async with connect(address) as connection:
        stub = tts_service_pb2_grpc.TtsServiceStub(connection)
        await first.start()
        await stub.ListVoices(LIST)
        await first.stop(0)
        await second.start()

        reply = await stub.ListVoices(LIST, wait_for_ready=True)

        await second.stop(0)
    assert len(reply.voices) == 1


async def test_an_error_other_than_a_lost_connection_is_not_retried(tts: Any, rooms: Any) -> None:
    with pytest.raises(StoryreelError), errors():
        await tts.ChooseVoice(tts_service_pb2.ChooseVoiceRequest(voice="busy", language="en"))

    assert rooms.voices.attempts == 1


@pytest.mark.parametrize("way", ["request", "reply"])
async def test_a_message_over_1_mib_is_refused_with_what_to_do(tts: Any, way: str) -> None:
    large = tts_service_pb2.ListVoicesRequest(language="x" * 2_000_000)
    calls = {
        "request": lambda: tts.ListVoices(large),
        "reply": lambda: tts.ChooseVoice(tts_service_pb2.ChooseVoiceRequest(voice="large", language="en")),
    }

    with pytest.raises(InvalidRequest, match="artifact"), errors():
        await calls[way]()


async def test_a_server_that_is_not_ready_is_not_called_over_tcp(rooms: Any) -> None:
    server = Server([rooms.tts()], "127.0.0.1:0")
    await server.start()
    async with connect(server.bound) as connection:
        stub = tts_service_pb2_grpc.TtsServiceStub(connection)
        await stub.ListVoices(LIST)
        await server.drain()
        refused = await _until_refused(stub)
    await server.stop(0)

    assert server.bound in refused.message


async def _until_refused(stub: Any) -> Unreachable:
    """Call until the channel has heard that the server drains."""
    async with asyncio.timeout(10):
        while True:
            try:
                with errors():
                    await stub.ListVoices(LIST)
            except Unreachable as error:
                return error
