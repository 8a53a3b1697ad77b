"""A server takes its addresses or says why not, serves, and goes down without losing calls."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from services.chassis.channel import connect, errors
from services.chassis.errors import Configuration, StoreUnavailable, StoryreelError, Unreachable
from services.chassis.server import MethodLimits, Server
from storyreel.generation.v1 import generation_service_pb2_grpc
from storyreel.tts.v1 import tts_service_pb2, tts_service_pb2_grpc

LIST = tts_service_pb2.ListVoicesRequest()


async def voices(address: str) -> int:
    """How many voices the service at an address has."""
    async with connect(address) as connection:
        with errors():
            reply = await tts_service_pb2_grpc.TtsServiceStub(connection).ListVoices(LIST)
    return len(reply.voices)


async def test_a_free_port_is_taken_and_told(rooms: Any) -> None:
    server = Server([rooms.tts()], "127.0.0.1:0")

    await server.start()

    assert not server.bound.endswith(":0")
    assert await voices(server.bound) == 1
    await server.stop(0)


async def test_several_servers_of_several_rooms_live_in_one_process(rooms: Any, runtime: Path) -> None:
    both = Server([rooms.tts(), rooms.generation()], f"unix:{runtime}/a.sock")
    other = Server([rooms.tts()], f"unix:{runtime}/b.sock")

    await asyncio.gather(both.start(), other.start())

    assert await voices(both.bound) == await voices(other.bound) == 1
    await asyncio.gather(both.stop(0), other.stop(0))
    assert sorted(rooms.log) == sorted(
        ["tts started", "generation started", "tts started", "tts closed", "generation closed", "tts closed"]
    )


async def test_rooms_start_in_order_and_close_in_the_other(rooms: Any, runtime: Path) -> None:
    server = Server([rooms.tts(), rooms.generation()], f"unix:{runtime}/s.sock")

    await server.start()
    await server.stop(0)

    assert rooms.log == ["tts started", "generation started", "generation closed", "tts closed"]


async def test_a_stopped_server_can_be_stopped_again(rooms: Any, runtime: Path) -> None:
    server = Server([rooms.tts()], f"unix:{runtime}/s.sock")
    await server.start()
    await server.stop(0)

    await server.stop(0)

    assert rooms.log == ["tts started", "tts closed"]


async def test_a_room_that_cannot_start_leaves_nothing_behind(rooms: Any, runtime: Path) -> None:
    async def fail() -> None:
        raise StoreUnavailable("The store does not answer.")

    address = f"unix:{runtime}/s.sock"
    broken = Server([rooms.generation(), replace(rooms.tts(), start=fail)], address)

    with pytest.raises(StoreUnavailable):
        await broken.start()

    assert rooms.log == ["generation started", "tts closed", "generation closed"]
    whole = Server([rooms.tts()], address)
    await whole.start()
    assert await voices(address) == 1
    await whole.stop(0)


async def test_a_room_must_limit_each_of_its_methods(rooms: Any) -> None:
    with pytest.raises(ValueError, match="each of its methods"):
        replace(rooms.tts(), limits={"Synthesize": MethodLimits(60, 1)})


async def test_a_port_in_use_is_named_with_the_setting_to_change(rooms: Any) -> None:
    first = Server([rooms.tts()], "127.0.0.1:0")
    await first.start()
    second = Server([rooms.tts()], first.bound, setting="STORYREEL_TTS_ADDRESS")

    with pytest.raises(Configuration) as caught:
        await second.start()

    await first.stop(0)
    assert f"port {first.bound.rpartition(':')[2]} is in use" in caught.value.message
    assert "STORYREEL_TTS_ADDRESS" in caught.value.message


async def test_a_health_address_in_use_names_its_own_setting(rooms: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = Server(
            [rooms.tts()],
            "127.0.0.1:0",
            health_address=f"127.0.0.1:{port}",
            setting="STORYREEL_TTS_ADDRESS",
        )

        with pytest.raises(Configuration) as caught:
            await server.start()

    assert "STORYREEL_TTS_HEALTH_ADDRESS" in caught.value.message
    assert rooms.log == []


async def test_calls_in_flight_end_well_when_the_server_stops(rooms: Any, runtime: Path, speech: Any) -> None:
    server = Server([rooms.tts()], f"unix:{runtime}/s.sock")
    await server.start()
    async with connect(server.bound) as connection:
        stub = tts_service_pb2_grpc.TtsServiceStub(connection)

        async def synthesize() -> Any:
            return await stub.Synthesize(speech)

        speaking = asyncio.ensure_future(synthesize())
        await rooms.voices.started.wait()
        stopping = asyncio.ensure_future(server.stop(30))
        await asyncio.sleep(0)
        with pytest.raises(Unreachable), errors():
            await stub.ListVoices(LIST)
        rooms.voices.go_on.set()

        reply = await speaking

        await stopping
    assert reply.ByteSize() == 0
    assert rooms.log == ["tts started", "tts closed"]


async def test_calls_that_do_not_end_within_the_grace_are_cut(rooms: Any, runtime: Path, speech: Any) -> None:
    server = Server([rooms.tts()], f"unix:{runtime}/s.sock")
    await server.start()
    async with connect(server.bound) as connection:

        async def synthesize() -> Any:
            with errors():
                await tts_service_pb2_grpc.TtsServiceStub(connection).Synthesize(speech)

        speaking = asyncio.ensure_future(synthesize())
        await rooms.voices.started.wait()

        await server.stop(0.05)

        with pytest.raises(StoryreelError):
            await speaking
    assert rooms.voices.cancelled.is_set()


async def test_the_contract_can_be_asked_for_unless_turned_off(rooms: Any, runtime: Path) -> None:
    open_, closed = (
        Server([rooms.tts()], f"unix:{runtime}/{name}.sock", reflection=reflects)
        for name, reflects in (("open", True), ("closed", False))
    )
    await asyncio.gather(open_.start(), closed.start())

    told = await _services(open_.bound)
    async with connect(closed.bound) as connection:
        # Nothing is asked: gRPC reports a request that meets the end of its call as INTERNAL.
        stub: Any = partial(reflection_pb2_grpc.ServerReflectionStub)(connection)
        with pytest.raises(Configuration), errors():
            await stub.ServerReflectionInfo(timeout=30).read()

    await asyncio.gather(open_.stop(0), closed.stop(0))
    assert "storyreel.tts.v1.TtsService" in told


async def _services(address: str) -> list[str]:
    """The services a server names by reflection."""

    async def ask() -> Any:
        yield reflection_pb2.ServerReflectionRequest(list_services="")

    async with connect(address) as connection:
        stub: Any = partial(reflection_pb2_grpc.ServerReflectionStub)(connection)
        async for reply in stub.ServerReflectionInfo(ask()):
            return [service.name for service in reply.list_services_response.service]
    return []


async def test_a_stream_outlives_nothing_of_its_server(rooms: Any, runtime: Path, clip: Any) -> None:
    clip.spec.backend = "endless"
    server = Server([rooms.generation()], f"unix:{runtime}/s.sock")
    await server.start()
    async with connect(server.bound) as connection:
        stub: Any = generation_service_pb2_grpc.GenerationServiceStub(connection)
        events = stub.GenerateFootage(clip).__aiter__()
        await anext(events)

        await server.stop(0)

        with pytest.raises(StoryreelError), errors():
            await anext(events)
    assert rooms.clips.closed.is_set()
