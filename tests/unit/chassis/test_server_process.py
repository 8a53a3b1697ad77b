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
import asyncio, os
from functools import partial
from pydantic import Field
from pydantic_settings import SettingsConfigDict
from services.chassis.errors import Configuration
from services.chassis.server import MethodLimits, Room, main
from services.chassis.settings import CommonSettings, ServerSettings
from storyreel.tts.v1 import tts_service_pb2, tts_service_pb2_grpc

class Settings(ServerSettings):
    model_config = SettingsConfigDict(env_prefix="STORYREEL_TTS_", frozen=True)

class Voices(tts_service_pb2_grpc.TtsServiceServicer):
    async def ListVoices(self, request, context):
        print("call taken", flush=True)
        await asyncio.sleep(0.3 if request.language == "en" else 60)
        return tts_service_pb2.ListVoicesResponse()

async def start():
    if "BROKEN" in os.environ:
        raise Configuration("STORYREEL_TTS_VOICES is not a folder.")
    if "SLOW" in os.environ:
        print("warming up", flush=True)
        await asyncio.sleep(600)

async def close():
    print("room closed", flush=True)

def room(settings, stored):
    limits = dict.fromkeys(("ListVoices", "ChooseVoice", "Synthesize"), MethodLimits(120, 4))
    add = partial(tts_service_pb2_grpc.add_TtsServiceServicer_to_server, Voices())
    return Room("storyreel.tts.v1.TtsService", add, limits, start, close)

main("TtsService, which speaks", Settings, CommonSettings, room)
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


async def test_sigterm_ends_a_process_that_is_still_warming_up(runtime: Path) -> None:
    process = await serve(STORYREEL_TTS_ADDRESS=f"unix:{runtime}/s.sock", SLOW="1")
    assert process.stdout is not None
    await process.stdout.readline()

    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(60):
        out, err = await process.communicate()

    assert (process.returncode, err) == (0, b"")
    assert b"room closed" in out
    assert b"server.started" not in out


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"STORYREEL_TTS_ADDRESS": "nonsense"}, "Set STORYREEL_TTS_ADDRESS"),
        ({"STORYREEL_TTS_GRACE_SECONDS": "soon"}, "STORYREEL_TTS_GRACE_SECONDS"),
        ({"STORYREEL_LOG": "loud"}, "STORYREEL_LOG"),
        ({"BROKEN": "1"}, "STORYREEL_TTS_VOICES is not a folder."),
    ],
    ids=["address", "own setting", "shared setting", "room"],
)
async def test_a_start_that_fails_says_why_and_what_helps_and_exits_with_4(
    environment: dict[str, str], said: str
) -> None:
    process = await serve(**environment)

    _, err = await process.communicate()

    assert process.returncode == 4
    assert said in err.decode()
    assert err.count(b"\n") == 1
    assert b"Traceback" not in err


async def test_help_lists_the_settings_whatever_they_are_and_serves_nothing() -> None:
    process = await serve("--help", STORYREEL_TTS_GRACE_SECONDS="soon")

    out, err = await process.communicate()

    said = " ".join(out.decode().split())
    assert (process.returncode, err) == (0, b"")
    assert "Serves TtsService, which speaks, until SIGTERM, at STORYREEL_TTS_ADDRESS" in said
    assert "STORYREEL_TTS_GRACE_SECONDS (default: 60) How long calls in flight" in said
    assert said.count("STORYREEL_LOG (default: info)") == 1


@pytest.mark.parametrize("argument", ["--hlp", "serve"])
async def test_an_argument_that_no_stage_takes_is_refused_in_one_line(argument: str) -> None:
    process = await serve(argument)

    out, err = await process.communicate()

    assert (process.returncode, out, err.count(b"\n")) == (2, b"", 1)
    assert argument in err.decode()
    assert "--help" in err.decode()


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
