"""How long-lived processes start: what they show, and the one plain sentence of those that cannot."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2

from tests.integration.apart import STAGES, NotStarted, Service, address_setting, ready, refusal

S3 = {
    "STORYREEL_STORE": "s3",
    "STORYREEL_S3_ENDPOINT": "127.0.0.1:9",
    "STORYREEL_S3_ACCESS_KEY": "key",
    "STORYREEL_S3_SECRET_KEY": "secret",
}
JOBS = "STORYREEL_ORCHESTRATOR_ADDRESS"
COMMANDS = {address_setting(stage): (f"services.{stage}",) for stage in STAGES} | {
    JOBS: ("orchestrator", "serve")
}
"""What is started, by the variable that says where it serves."""


@pytest.fixture
def taken() -> Iterator[str]:
    """An address where somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def process(folder: Path, command: tuple[str, ...], **settings: str) -> Service:
    """A process of our own with a home in the folder."""
    own = {"STORYREEL_HOME": str(folder / "home"), "STORYREEL_TTS_ONLINE": "0", "TMPDIR": str(folder)}
    return Service(command, own | settings, folder)


async def refused(service: Service) -> str:
    """Start what cannot be started; what it says."""
    try:
        with pytest.raises(NotStarted) as caught:
            await service.start()
    finally:
        service.kill()
    assert caught.value.code == 4
    assert caught.value.said.count("\n") == 1
    assert "Traceback" not in caught.value.said
    return caught.value.said.strip()


@pytest.mark.parametrize("setting", COMMANDS)
async def test_a_port_in_use_is_one_plain_sentence(tmp_path: Path, taken: str, setting: str) -> None:
    said = await refused(process(tmp_path, COMMANDS[setting], **{setting: taken}))

    why = f"port {taken.rpartition(':')[2]} is in use; stop who listens there"
    assert said == f"Cannot serve at {taken}: {why}. Set {setting} to another address."


BAD = {
    "a setting": ({"STORYREEL_TTS_AT_ONCE": "x"}, "STORYREEL_TTS_AT_ONCE"),
    "a store without its keys": (S3 | {"STORYREEL_S3_SECRET_KEY": ""}, "STORYREEL_S3_SECRET_KEY"),
    "a store's endpoint": (S3 | {"STORYREEL_S3_ENDPOINT": "http://minio:9000"}, "STORYREEL_S3_ENDPOINT"),
    "a home that is a file": ({"STORYREEL_HOME": __file__}, __file__),
}


@pytest.mark.parametrize("what", BAD)
async def test_what_is_set_wrong_is_told_plainly(tmp_path: Path, what: str) -> None:
    settings, named = BAD[what]

    said = await refused(process(tmp_path, ("services.tts",), **settings))

    assert named in said


async def test_an_engine_that_does_not_answer_is_one_plain_sentence(tmp_path: Path) -> None:
    settings = S3 | {"STORYREEL_TEMPORAL_ADDRESS": "127.0.0.1:1"}
    roles = [process(tmp_path, ("orchestrator", role), **settings) for role in ("worker", "serve")]

    said = await asyncio.gather(*(refused(role) for role in roles))

    assert all(sentence.startswith("No Temporal server answers at 127.0.0.1:1.") for sentence in said)


@pytest.mark.parametrize("setting", [address_setting("script"), JOBS])
async def test_reflection_can_be_turned_off(tmp_path: Path, setting: str) -> None:
    places = {setting: "127.0.0.1:0", "STORYREEL_REFLECTION": "0"}
    quiet = process(tmp_path, COMMANDS[setting], **places)
    try:
        address = (await quiet.start())["address"]

        refused_with = await refusal(address)
        state = await ready(address)

        quiet.process.terminate()
        assert await quiet.ended() == 0
    finally:
        quiet.kill()
    assert refused_with == grpc.StatusCode.UNIMPLEMENTED
    assert state == health_pb2.HealthCheckResponse.SERVING
