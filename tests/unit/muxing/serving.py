"""MuxingService on a socket of its own, for the tests that talk to it."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc

from services.artifacts.local import LocalStore
from services.chassis.channel import connect
from services.chassis.server import Server
from services.muxing import wire
from services.muxing.client import MuxingClient
from services.muxing.servicer import room
from services.muxing.settings import MuxingSettings
from services.muxing.sound import Sound
from storyreel.muxing.v1 import timeline_pb2
from tests.unit.muxing import reel


@asynccontextmanager
async def serving(store: LocalStore, **settings: Any) -> AsyncIterator[grpc.aio.Channel]:
    """Serves the room with some settings; gives a channel to it."""
    with tempfile.TemporaryDirectory(prefix="sr-") as folder:  # short enough for a socket's path
        server = Server([room(MuxingSettings(**settings), store)], f"unix:{folder}/m.sock")
        await server.start()
        async with connect(server.bound) as channel:
            yield channel
        await server.stop(1)


async def sounded(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.MuxPlan
) -> timeline_pb2.MuxPlan:
    """The plan with the sound of its scenes, made by the service."""
    stored = await reel.stored(store, reel.sound_plan(plan))
    sound = [event async for event in client.master_sound(stored)][-1]
    assert isinstance(sound, Sound)
    plan.sound.CopyFrom(wire.sound_to_proto(sound))
    return plan


def broken_ffmpeg(tmp_path: Path, end: str) -> Path:
    """A program that says it is ffmpeg and then ends in some way."""
    path = tmp_path / "ffmpeg"
    version = '[ "$1" = -version ] && echo "ffmpeg version 0.0 broken" && exit 0'
    path.write_text(f"#!/bin/sh\n{version}\n{end}\n")
    path.chmod(0o755)
    return path
