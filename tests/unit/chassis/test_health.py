"""Health checks tell what a server is ready for, on its own address and on a second one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.chassis.server import Server

SERVING, NOT_SERVING = 1, 2


async def states(address: str) -> dict[str, int]:
    """What each name's check answers."""
    async with grpc.aio.insecure_channel(address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]
        return {
            name: (await stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)).status
            for name in ("startup", "ready", "live", "")
        }


async def test_a_started_server_serves_under_every_name(rooms: Any, runtime: Path) -> None:
    server = Server([rooms.tts()], f"unix:{runtime}/s.sock")
    await server.start()

    found = await states(server.bound)

    await server.stop(0)
    assert found == {"startup": SERVING, "ready": SERVING, "live": SERVING, "": SERVING}


async def test_while_rooms_warm_up_the_second_address_says_so(rooms: Any, unused_port: int) -> None:
    warm = asyncio.Event()

    async def warm_up() -> None:
        await warm.wait()

    health = f"127.0.0.1:{unused_port}"
    server = Server([replace(rooms.tts(), start=warm_up)], "127.0.0.1:0", health_address=health)
    starting = asyncio.ensure_future(server.start())
    async with grpc.aio.insecure_channel(health) as channel:
        await channel.channel_ready()

    cold = await states(health)
    warm.set()
    await starting
    warmed = await states(server.health_bound)

    await server.stop(0)
    assert cold == {"startup": NOT_SERVING, "ready": NOT_SERVING, "live": SERVING, "": NOT_SERVING}
    assert warmed == {"startup": SERVING, "ready": SERVING, "live": SERVING, "": SERVING}


async def test_a_draining_server_is_alive_and_started_but_not_ready(rooms: Any, runtime: Path) -> None:
    server = Server([rooms.tts()], f"unix:{runtime}/s.sock")
    await server.start()

    await server.drain()

    found = await states(server.bound)
    await server.stop(0)
    assert found == {"startup": SERVING, "ready": NOT_SERVING, "live": SERVING, "": NOT_SERVING}


async def test_a_full_method_does_not_fail_the_checks(rooms: Any, runtime: Path) -> None:
    server = Server([rooms.tts(at_once=0)], f"unix:{runtime}/s.sock")
    await server.start()

    found = await states(server.bound)

    await server.stop(0)
    assert found["ready"] == SERVING


async def test_an_unknown_name_is_not_found(rooms: Any, runtime: Path) -> None:
    server = Server([rooms.tts()], f"unix:{runtime}/s.sock")
    await server.start()
    async with grpc.aio.insecure_channel(server.bound) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Check(health_pb2.HealthCheckRequest(service="nobody"))

    await server.stop(0)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_who_watches_hears_of_the_drain_and_does_not_hold_the_server_up(
    rooms: Any, runtime: Path
) -> None:
    server = Server([rooms.tts()], f"unix:{runtime}/s.sock")
    await server.start()
    heard: list[int] = []
    first = asyncio.Event()

    async def watch() -> None:
        async with grpc.aio.insecure_channel(server.bound) as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]
            async for answer in stub.Watch(health_pb2.HealthCheckRequest(service="ready")):
                heard.append(answer.status)
                first.set()

    watching = asyncio.ensure_future(watch())
    await first.wait()

    async with asyncio.timeout(30):
        await server.stop(3600)

    await asyncio.gather(watching, return_exceptions=True)
    assert heard == [SERVING, NOT_SERVING]
