"""A stream that is no longer read ends on the server too, whichever way its reader left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import grpc
import pytest

from services.chassis.channel import connect, errors
from services.chassis.errors import UnknownVoice
from services.chassis.server import Server
from storyreel.generation.v1 import generation_service_pb2_grpc


@pytest.fixture
async def generation(rooms: Any, runtime: Path, clip: Any) -> AsyncGenerator[Any, None]:
    """The clips' stub; the clip asked for never ends."""
    clip.spec.backend = "endless"
    server = Server([rooms.generation()], f"unix:{runtime}/s.sock")
    await server.start()
    async with connect(server.bound) as connection:
        yield generation_service_pb2_grpc.GenerationServiceStub(connection)
    await server.stop(0)


async def test_leaving_the_loop_ends_the_call(generation: Any, rooms: Any, clip: Any) -> None:
    async for _ in generation.GenerateFootage(clip):
        break

    async with asyncio.timeout(10):
        await rooms.clips.closed.wait()


async def test_closing_a_generator_around_the_loop_ends_the_call(
    generation: Any, rooms: Any, clip: Any
) -> None:
    async def events() -> AsyncGenerator[Any, None]:
        with errors():
            async for event in generation.GenerateFootage(clip):
                yield event

    reading = events()
    await anext(reading)

    await reading.aclose()

    async with asyncio.timeout(10):
        await rooms.clips.closed.wait()


async def test_an_error_of_the_reader_ends_the_call(generation: Any, rooms: Any, clip: Any) -> None:
    with pytest.raises(KeyError):
        async for _ in generation.GenerateFootage(clip):
            raise KeyError("the reader's own")

    async with asyncio.timeout(10):
        await rooms.clips.closed.wait()


async def test_a_cancelled_reader_ends_the_call(generation: Any, rooms: Any, clip: Any) -> None:
    async def read() -> None:
        _ = [event async for event in generation.GenerateFootage(clip)]

    reading = asyncio.ensure_future(read())
    await rooms.clips.waiting.wait()

    reading.cancel()

    async with asyncio.timeout(10):
        await rooms.clips.closed.wait()
    assert (await asyncio.gather(reading, return_exceptions=True))[0].__class__ is asyncio.CancelledError


async def test_a_call_tells_how_it_stands(generation: Any, clip: Any) -> None:
    told = asyncio.Event()
    call = generation.GenerateFootage(clip, timeout=50)
    call.add_done_callback(lambda _: told.set())
    await call.wait_for_connection()
    before = (call.done(), call.cancelled(), call.time_remaining() <= 50)

    call.cancel()

    await told.wait()
    assert before == (False, False, True)
    assert (call.done(), call.cancelled()) == (True, True)
    assert await call.code() is grpc.StatusCode.CANCELLED
    assert await call.details()


async def test_replies_can_be_read_one_by_one_until_the_end(generation: Any, clip: Any) -> None:
    clip.spec.backend = ""
    call = generation.GenerateFootage(clip)

    replies = [await call.read(), await call.read(), await call.read()]

    assert [reply.WhichOneof("event") for reply in replies[:2]] == ["accepted", "footage"]
    assert replies[2] is grpc.aio.EOF
    assert await call.initial_metadata() is not None
    assert await call.trailing_metadata() is not None


async def test_a_call_cancelled_by_its_own_reader_is_no_error_of_the_service(
    generation: Any, clip: Any
) -> None:
    call = generation.GenerateFootage(clip)
    await call.read()
    call.cancel()

    with pytest.raises(asyncio.CancelledError), errors():
        await call.read()


async def test_reading_one_by_one_raises_what_the_loop_raises(generation: Any, clip: Any) -> None:
    clip.spec.backend = "nobody"
    call = generation.GenerateFootage(clip)
    await call.read()

    with pytest.raises(UnknownVoice), errors():
        await call.read()
