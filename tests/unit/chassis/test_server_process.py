"""A serving process starts with one log line, goes down in order, and fails in one plain sentence."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from services.chassis.channel import connect
from storyreel.tts.v1 import tts_service_pb2, tts_service_pb2_grpc

LIST = tts_service_pb2.ListVoicesRequest()
ROOT = Path(__file__).resolve().parents[3]

SERVICE = """
import asyncio, sys
from functools import partial
from pydantic import Field
from pydantic_settings import SettingsConfigDict
from services.chassis.errors import Configuration
from services.chassis.server import MethodLimits, Room, main
from services.chassis.settings import ServerSettings, load_or_exit
from storyreel.tts.v1 import tts_service_pb2, tts_service_pb2_grpc

class Settings(ServerSettings):
    model_config = SettingsConfigDict(env_prefix="STORYREEL_TTS_", frozen=True)

class Voices(tts_service_pb2_grpc.TtsServiceServicer):
    async def ListVoices(self, request, context):
        print("call taken", flush=True)
        await asyncio.sleep(0.3 if request.language == "en" else 60)
        return tts_service_pb2.ListVoicesResponse()

async def start():
    if "--broken" in sys.argv:
        raise Configuration("STORYREEL_TTS_VOICES is not a folder.")

async def close():
    print("room closed", flush=True)

def room():
    limits = dict.fromkeys(("ListVoices", "ChooseVoice", "Synthesize"), MethodLimits(120, 4))
    add = partial(tts_service_pb2_grpc.add_TtsServiceServicer_to_server, Voices())
    return Room("storyreel.tts.v1.TtsService", add, limits, start, close)

main(room, load_or_exit(Settings))
"""


async def serve(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    """A process that serves as `python -m services.tts` does."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("STORYREEL_", "OTEL_"))}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SERVICE,
        *arguments,
        cwd=ROOT,
        env=own | {"PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}"} | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The next line of its log."""
    assert process.stdout is not None
    async with asyncio.timeout(60):
        parsed: dict[str, Any] = json.loads(await process.stdout.readline())
    return parsed


async def test_sigterm_lets_calls_end_closes_the_room_and_exits_with_0(runtime: Path) -> None:
    process = await serve(STORYREEL_TTS_ADDRESS=f"unix:{runtime}/s.sock")
    ready = await line(process)
    async with connect(ready["address"]) as connection:

        async def ask() -> Any:
            request = tts_service_pb2.ListVoicesRequest(language="en")
            return await tts_service_pb2_grpc.TtsServiceStub(connection).ListVoices(request)

        asking = asyncio.ensure_future(ask())
        assert process.stdout is not None
        await process.stdout.readline()
        process.send_signal(signal.SIGTERM)

        reply = await asking
        out, err = await process.communicate()

    assert ready["event"] == "server.started"
    assert reply.ByteSize() == 0
    assert b"room closed" in out
    assert process.returncode == 0, err


async def test_a_second_signal_ends_the_process_at_once(runtime: Path) -> None:
    process = await serve(STORYREEL_TTS_ADDRESS=f"unix:{runtime}/s.sock")
    ready = await line(process)
    async with connect(ready["address"]) as connection:
        call = tts_service_pb2_grpc.TtsServiceStub(connection).ListVoices(LIST)
        assert process.stdout is not None
        await process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        drained = await line(process)

        process.send_signal(signal.SIGTERM)

        out, _ = await process.communicate()
        call.cancel()
    assert drained["event"] == "server.signalled"
    assert process.returncode == 128 + signal.SIGTERM
    assert b"room closed" not in out


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        ((), {"STORYREEL_TTS_ADDRESS": "nonsense"}, "Set STORYREEL_TTS_ADDRESS"),
        ((), {"STORYREEL_TTS_GRACE_SECONDS": "soon"}, "STORYREEL_TTS_GRACE_SECONDS"),
        ((), {"STORYREEL_LOG": "loud"}, "STORYREEL_LOG"),
        (("--broken",), {}, "STORYREEL_TTS_VOICES is not a folder."),
    ],
    ids=["address", "own setting", "shared setting", "room"],
)
async def test_a_start_that_fails_says_one_plain_sentence_and_exits_with_4(
    arguments: tuple[str, ...], environment: dict[str, str], said: str
) -> None:
    process = await serve(*arguments, **environment)

    _, err = await process.communicate()

    assert process.returncode == 4
    assert said in err.decode()
    assert err.count(b"\n") == 1
    assert b"Traceback" not in err


async def test_importing_a_server_does_not_load_the_telemetry_sdk() -> None:
    program = (
        "import services.chassis.server, services.chassis.channel, sys;"
        "print([m for m in sys.modules if m.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}"},
        stdout=asyncio.subprocess.PIPE,
    )

    out, _ = await process.communicate()

    assert out.strip() == b"[]"
