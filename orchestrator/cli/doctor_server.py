"""Checks of the server at STORYREEL_ADDRESS: what a client of it needs, and nothing of this machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from orchestrator import remote
from orchestrator.client import JobClient
from services.artifacts.client import ArtifactClient
from services.chassis import channel
from services.chassis.version import version
from services.tts.client import TtsClient

Check = Callable[[], Awaitable[tuple[str, str]]]


def checks(address: str) -> dict[str, Check]:
    """The checks by name; without what the first finds the others cannot be made."""
    return {
        SERVER: partial(_server, address),
        "jobs": partial(_jobs, address),
        "store": partial(_store, address),
        "voices": partial(_voices, address),
    }


SERVER = "server"
"""The check whether there is a server at all."""


async def _server(address: str) -> tuple[str, str]:
    """Whether it answers and is ready, and whether both ends are of one version."""
    remote.check_address(address)
    async with channel.connect(address) as connection:
        theirs = await remote.version(connection, address)
    ours = version()
    found = f"{address} is ready; version {theirs or 'unknown'}, and {ours or 'unknown'} here"
    same = not theirs or not ours or theirs == ours
    return found, "" if same else f"Install the same version here: pip install storyreel=={theirs}"


async def _jobs(address: str) -> tuple[str, str]:
    async with remote.connected(address) as connection:
        newest = await JobClient(connection).list(size=1)
    return f"JobService answers; the newest job is {newest[0].name if newest else 'none yet'}", ""


async def _store(address: str) -> tuple[str, str]:
    async with remote.connected(address) as connection:
        artifacts = ArtifactClient(connection)
        artifact = await artifacts.put_bytes(b"doctor", media_type="text/plain")
        await artifacts.read(artifact)
    return "ArtifactService takes bytes and gives them back", ""


async def _voices(address: str) -> tuple[str, str]:
    async with remote.connected(address) as connection:
        choice = await TtsClient(connection).choose_voice(language="en")
    passed = "".join(f"; {one.engine}: {one.why}" for one in choice.passed_over)
    return f"{choice.voice.engine} speaks ({choice.voice.name}){passed}", ""
