"""What the tests of the chassis share: two offline services, valid requests for them, places to listen."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from services.chassis.channel import connect
from services.chassis.server import Server
from storyreel.generation.v1 import footage_pb2, generation_service_pb2, generation_service_pb2_grpc
from storyreel.media.v1 import clip_pb2
from storyreel.tts.v1 import speech_pb2, tts_service_pb2, tts_service_pb2_grpc
from tests.unit.chassis.offline import Rooms
from tests.unit.chassis.recorded import Recorded


@pytest.fixture
async def rooms() -> Rooms:
    """Two services; their limits are chosen by the test."""
    return Rooms()


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A folder whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="sr-") as folder:
        yield Path(folder)


@pytest.fixture
def speech() -> tts_service_pb2.SynthesizeRequest:
    """A request that keeps the contract."""
    voice = speech_pb2.Voice(engine="espeak", name="en-us", language="en")
    return tts_service_pb2.SynthesizeRequest(text="Hello.", voice=voice)


@pytest.fixture
def clip() -> generation_service_pb2.GenerateFootageRequest:
    """A request that keeps the contract."""
    spec = generation_service_pb2.FootageSpec(
        footage=footage_pb2.Footage(prompt="A lake at dawn."),
        frames=81,
        picture=clip_pb2.Picture(width=640, height=360, rate_numerator=30, rate_denominator=1),
    )
    return generation_service_pb2.GenerateFootageRequest(spec=spec)


@pytest.fixture
def unused_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """Telemetry that stays here."""
    return Recorded(monkeypatch)


@pytest.fixture
async def channel(rooms: Rooms, runtime: Path) -> AsyncGenerator[grpc.aio.Channel, None]:
    """A connection to both services; two calls of a method at once."""
    server = Server([rooms.tts(), rooms.generation()], f"unix:{runtime}/s.sock")
    await server.start()
    async with connect(server.bound) as connection:
        yield connection
    await server.stop(0)


@pytest.fixture
def tts(channel: grpc.aio.Channel) -> Any:
    """The voices' stub."""
    return tts_service_pb2_grpc.TtsServiceStub(channel)


@pytest.fixture
def generation(channel: grpc.aio.Channel) -> Any:
    """The clips' stub."""
    return generation_service_pb2_grpc.GenerationServiceStub(channel)
