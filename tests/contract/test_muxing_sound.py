"""MasterSound over a real socket: what it makes, what is reused, and every error it documents."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from services.artifacts import wire as artifacts
from services.artifacts.local import LocalStore
from services.artifacts.store import Artifact
from services.chassis.errors import (
    ArtifactCorrupt,
    ArtifactMissing,
    Cancelled,
    ChildDied,
    GateRefused,
    StoreFull,
)
from services.chassis.progress import Progress
from services.media import probe
from services.muxing.client import MuxingClient
from services.muxing.sound import Sound
from services.story.wire import PROTOBUF
from storyreel.muxing.v1 import muxing_service_pb2, muxing_service_pb2_grpc, timeline_pb2
from tests.unit.muxing import reel
from tests.unit.muxing.reel import Take
from tests.unit.muxing.serving import serving

TAKES = [Take(reel.click(0.7)), Take(reel.click(0.9))]


@pytest.fixture
async def client(store: LocalStore) -> AsyncIterator[MuxingClient]:
    async with serving(store) as channel:
        yield MuxingClient(channel)


@pytest.fixture
async def plan(store: LocalStore, tmp_path: Path) -> timeline_pb2.SoundPlan:
    return reel.sound_plan(await reel.plan(store, tmp_path / "reel", TAKES))


@pytest.fixture
async def many(store: LocalStore, tmp_path: Path) -> timeline_pb2.SoundPlan:
    takes = [Take(reel.click(3 + 0.1 * number)) for number in range(8)]
    return reel.sound_plan(await reel.plan(store, tmp_path / "many", takes))


async def events(client: MuxingClient, plan: Artifact) -> list[Any]:
    return [event async for event in client.master_sound(plan)]


async def test_voices_become_a_sound(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.SoundPlan
) -> None:
    got = await events(client, await reel.stored(store, plan))

    sound = got[-1]
    assert isinstance(sound, Sound)
    assert len(got[0]) == 64
    assert "voices" in {event.step for event in got if isinstance(event, Progress)} <= {"voices", "join"}
    assert sound.audio.media_type == "audio/mp4"
    assert sound.loudness.lufs == pytest.approx(-16, abs=0.5)
    assert sound.loudness.true_peak <= -1
    assert sound.samples == sum(scene.frames for scene in plan.scenes) * 1600
    assert max(map(abs, sound.voice_offsets)) < 0.0001
    assert len(sound.voice_offsets) == 2
    async with store.path(sound.audio) as path:
        track = probe.audio(path)
    assert (track.codec, track.rate, track.channels) == ("aac", 48_000, 2)
    assert (track.start, track.samples) == (0, sound.samples)


async def test_a_repeat_is_answered_from_the_store(store: LocalStore, plan: timeline_pb2.SoundPlan) -> None:
    stored = await reel.stored(store, plan)
    request = muxing_service_pb2.MasterSoundRequest(plan=artifacts.to_proto(stored))
    reused = []
    async with serving(store) as channel:
        for _ in range(2):
            call = muxing_service_pb2_grpc.MuxingServiceStub(channel).MasterSound(request)
            last = [event async for event in call][-1]
            reused.append((last.sound.audio.sha256, dict(await call.trailing_metadata())["storyreel-reused"]))

    assert reused == [(last.sound.audio.sha256, "0"), (last.sound.audio.sha256, "1")]


async def test_cancelling_stops_the_work_and_clears_its_files(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.SoundPlan, tmp_path: Path
) -> None:
    stored = await reel.stored(store, plan)

    with pytest.raises(Cancelled):
        async with aclosing(client.master_sound(stored)) as watching:
            digest = await anext(watching)
            async for event in watching:
                if isinstance(event, Progress):
                    await client.cancel_mux(str(digest))

    # The take in the making is finished and kept: the next sound of this voice has it.
    async with asyncio.timeout(30):
        while list((tmp_path / "home" / "scratch").glob("*")):  # not there at all if nothing had begun
            await asyncio.sleep(0.01)


async def test_two_watchers_share_one_work(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.SoundPlan
) -> None:
    stored = await reel.stored(store, plan)

    first, second = await asyncio.gather(events(client, stored), events(client, stored))

    assert first[0] == second[0]
    assert first[-1] == second[-1]


async def test_a_missing_voice_is_named(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.SoundPlan
) -> None:
    lost = artifacts.from_proto(plan.scenes[1].speech.audio)
    stored = await reel.stored(store, plan)
    await store.delete(lost)

    with pytest.raises(ArtifactMissing) as caught:
        await events(client, stored)

    assert lost.uri in str(caught.value.metadata.values()) + caught.value.message


async def test_a_plan_that_is_none_is_corrupt(client: MuxingClient, store: LocalStore) -> None:
    junk = await store.put_bytes(b"\xff\xff\xff", media_type=PROTOBUF)

    with pytest.raises(ArtifactCorrupt):
        await events(client, junk)


async def test_a_voice_that_does_not_decode_is_corrupt(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.SoundPlan
) -> None:
    junk = await store.put_bytes(b"fLaC and then nothing", media_type="audio/flac")
    plan.scenes[1].speech.audio.CopyFrom(artifacts.to_proto(junk))

    with pytest.raises(ArtifactCorrupt, match="Scene 2: The voice does not read as media") as caught:
        await events(client, await reel.stored(store, plan))

    assert caught.value.metadata["scene"] == "2"


async def test_a_voice_of_another_length_is_corrupt(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.SoundPlan
) -> None:
    plan.scenes[0].speech.samples -= 1

    with pytest.raises(ArtifactCorrupt, match="33600 samples, 33599 were planned"):
        await events(client, await reel.stored(store, plan))


async def test_a_voice_longer_than_its_scene_is_refused(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.SoundPlan
) -> None:
    plan.scenes[1].frames = 20

    with pytest.raises(GateRefused, match=r"The voice of scene 2 ends .* ms after its scene") as caught:
        await events(client, await reel.stored(store, plan))

    assert caught.value.metadata["scene"] == "2"
    assert caught.value.suggestions


async def at_work(watching: AsyncIterator[Any]) -> int:
    """The process that reads and writes media, once it has made one of several takes."""
    async for event in watching:
        if isinstance(event, Progress) and event.done:
            return child()
    raise AssertionError("The sound was made without a word of how far it is.")


async def test_a_child_that_dies_is_told_with_how_and_replaced(
    client: MuxingClient, store: LocalStore, many: timeline_pb2.SoundPlan
) -> None:
    stored = await reel.stored(store, many)

    async with aclosing(client.master_sound(stored)) as watching:
        os.kill(await at_work(watching), signal.SIGKILL)
        with pytest.raises(ChildDied) as caught:
            async for _ in watching:
                pass

    assert caught.value.metadata["exit"] == "SIGKILL"
    assert isinstance((await events(client, stored))[-1], Sound)


async def test_a_full_disk_is_told_as_such(
    client: MuxingClient, store: LocalStore, many: timeline_pb2.SoundPlan
) -> None:
    stored = await reel.stored(store, many)

    async with aclosing(client.master_sound(stored)) as watching:
        resource.prlimit(await at_work(watching), resource.RLIMIT_FSIZE, (1000, 1000))
        with pytest.raises(StoreFull, match="full"):
            async for _ in watching:
                pass


def child() -> int:
    """The process that reads and writes media for this one."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command, stat = (path / "cmdline").read_bytes(), (path / "stat").read_text()
        except FileNotFoundError:
            continue
        if b"services.muxing.worker" in command and int(stat.rpartition(")")[2].split()[1]) == os.getpid():
            return int(path.name)
    raise AssertionError("There is no child of muxing.")
