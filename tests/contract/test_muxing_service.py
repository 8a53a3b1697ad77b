"""MuxVideo and CancelMux over a real socket: what is made, what is reused, and every error documented."""

from __future__ import annotations

import asyncio
import re
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
    Configuration,
    GateRefused,
    InvalidRequest,
    StoreFull,
)
from services.chassis.progress import Progress
from services.muxing.client import MuxingClient
from services.muxing.servicer import room
from services.muxing.settings import MuxingSettings
from services.muxing.video import Video
from services.story import wire as story
from services.story.narration import Narration, Segment
from services.story.spelling import Spelling
from services.story.wire import PROTOBUF
from storyreel.muxing.v1 import muxing_service_pb2, muxing_service_pb2_grpc, timeline_pb2
from tests.unit.muxing import reel
from tests.unit.muxing.reel import Take
from tests.unit.muxing.serving import broken_ffmpeg, serving, sounded

TAKES = [Take(reel.click(0.7), chapter="One"), Take(reel.click(0.9), chapter="Two")]


@pytest.fixture
async def client(store: LocalStore) -> AsyncIterator[MuxingClient]:
    async with serving(store) as channel:
        yield MuxingClient(channel)


@pytest.fixture
async def plan(client: MuxingClient, store: LocalStore, tmp_path: Path) -> timeline_pb2.MuxPlan:
    return await sounded(client, store, await reel.plan(store, tmp_path / "reel", TAKES))


async def events(client: MuxingClient, plan: Artifact) -> list[Any]:
    return [event async for event in client.mux_video(plan)]


async def test_a_plan_becomes_a_video_with_everything_beside_it(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.MuxPlan, tmp_path: Path
) -> None:
    got = await events(client, await reel.stored(store, plan))

    video = got[-1]
    assert isinstance(video, Video)
    assert len(got[0]) == 64
    assert {event.step for event in got if isinstance(event, Progress)} >= {"join", "package", "check"}
    kinds = [video.mp4, video.srt, video.vtt, video.transcript, video.thumbnail]
    assert [artifact.media_type for artifact in kinds if artifact] == [
        "video/mp4",
        "application/x-subrip",
        "text/vtt",
        "text/plain",
        "image/jpeg",
    ]
    assert video.missing == ()
    assert video.measurements.frames == sum(scene.clip.frames for scene in plan.scenes)
    assert video.measurements.loudness.lufs == pytest.approx(-16, abs=0.5)
    await store.fetch(video.mp4, tmp_path / "video.mp4")
    assert len(reel.flashes(tmp_path / "video.mp4")) == 2


async def test_a_repeat_is_answered_from_the_store(store: LocalStore, plan: timeline_pb2.MuxPlan) -> None:
    stored = await reel.stored(store, plan)
    request = muxing_service_pb2.MuxVideoRequest(plan=artifacts.to_proto(stored))
    reused = []
    async with serving(store) as channel:
        for _ in range(2):
            call = muxing_service_pb2_grpc.MuxingServiceStub(channel).MuxVideo(request)
            last = [event async for event in call][-1]
            reused.append((last.video.mp4.sha256, dict(await call.trailing_metadata())["storyreel-reused"]))

    assert reused == [(last.video.mp4.sha256, "0"), (last.video.mp4.sha256, "1")]


async def test_cancelling_stops_the_work_and_clears_its_files(
    client: MuxingClient, store: LocalStore, tmp_path: Path
) -> None:
    plan = await sounded(client, store, await reel.plan(store, tmp_path / "reel", TAKES * 6))
    stored = await reel.stored(store, plan)

    with pytest.raises(Cancelled):
        async with aclosing(client.mux_video(stored)) as watching:
            digest = await anext(watching)
            async for event in watching:
                if isinstance(event, Progress) and event.step == "join":
                    await client.cancel_mux(str(digest))

    assert list((tmp_path / "home" / "scratch").iterdir()) == []


async def test_cancelling_what_nobody_makes_is_no_error(client: MuxingClient) -> None:
    await client.cancel_mux("0" * 64)

    with pytest.raises(InvalidRequest):
        await client.cancel_mux("no digest")


async def test_two_watchers_share_one_work(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.MuxPlan
) -> None:
    stored = await reel.stored(store, plan)

    first, second = await asyncio.gather(events(client, stored), events(client, stored))

    assert first[0] == second[0]
    assert first[-1] == second[-1]


async def test_captions_are_written_as_the_narration_is(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.MuxPlan
) -> None:
    segment = Segment("One two three.", "text/0", (Spelling(4, 13, "2-3"),))
    await narrated(store, plan.scenes[1], Narration("en", (segment,)))

    video = (await events(client, await reel.stored(store, plan)))[-1]

    assert re.findall("One .*", (await store.read(video.srt)).decode()) == ["One two three.", "One 2-3."]
    assert (await store.read(video.transcript)).decode().endswith("\n\nOne 2-3.\n")


async def test_a_narration_that_the_voice_does_not_speak_is_refused(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.MuxPlan
) -> None:
    await narrated(store, plan.scenes[1], Narration("en", (Segment("Something else.", "text/0"),)))

    with pytest.raises(InvalidRequest) as caught:
        await events(client, await reel.stored(store, plan))

    assert [violation.field for violation in caught.value.violations] == ["scenes[1].narration"]


async def narrated(store: LocalStore, scene: timeline_pb2.PlannedScene, narration: Narration) -> None:
    """Say in the plan how a scene's speech is written."""
    stored = await store.put_bytes(story.encode(story.narration_to_proto(narration)), media_type=PROTOBUF)
    scene.narration.CopyFrom(artifacts.to_proto(stored))


@pytest.mark.parametrize("part", ["sound", "clip"])
async def test_a_missing_artifact_is_named(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.MuxPlan, part: str
) -> None:
    lost = artifacts.from_proto(plan.sound.audio if part == "sound" else plan.scenes[1].clip.video)
    stored = await reel.stored(store, plan)
    await store.delete(lost)

    with pytest.raises(ArtifactMissing) as caught:
        await events(client, stored)

    assert lost.uri in str(caught.value.metadata.values()) + caught.value.message


async def test_a_plan_that_is_none_is_corrupt(client: MuxingClient, store: LocalStore) -> None:
    junk = await store.put_bytes(b"\xff\xff\xff", media_type=PROTOBUF)

    with pytest.raises(ArtifactCorrupt):
        await events(client, junk)


async def test_a_clip_that_is_none_is_corrupt(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.MuxPlan
) -> None:
    junk = await store.put_bytes(b"not a clip", media_type="video/mp4")
    plan.scenes[1].clip.video.CopyFrom(artifacts.to_proto(junk))

    with pytest.raises(ArtifactCorrupt, match="clip of scene 2") as caught:
        await events(client, await reel.stored(store, plan))

    assert caught.value.metadata["scene"] == "2"


async def test_the_sound_of_other_scenes_is_refused(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.MuxPlan
) -> None:
    del plan.scenes[1]

    with pytest.raises(GateRefused, match=r"The sound lasts .* with 2 voices, the 1 scenes"):
        await events(client, await reel.stored(store, plan))


async def test_a_sound_that_is_not_as_long_as_it_says_is_refused(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.MuxPlan, tmp_path: Path
) -> None:
    other = await reel.plan(store, tmp_path / "other", [Take(reel.click(3.1))])
    plan.sound.audio.CopyFrom((await sounded(client, store, other)).sound.audio)

    with pytest.raises(GateRefused, match=r"its sound of .* samples is not the finished one"):
        await events(client, await reel.stored(store, plan))


async def test_a_clip_encoded_otherwise_is_refused(
    client: MuxingClient, store: LocalStore, tmp_path: Path
) -> None:
    takes = [TAKES[0], Take(reel.click(0.9), sparse=True)]
    plan = await sounded(client, store, await reel.plan(store, tmp_path / "reel", takes))

    with pytest.raises(GateRefused, match="scene 2 was encoded with other parameters") as caught:
        await events(client, await reel.stored(store, plan))

    assert caught.value.metadata["scene"] == "2"
    assert caught.value.suggestions


async def test_a_voice_longer_than_its_clip_is_refused(
    client: MuxingClient, store: LocalStore, plan: timeline_pb2.MuxPlan
) -> None:
    plan.scenes[1].lead_frames = plan.scenes[1].clip.frames - 1

    with pytest.raises(GateRefused, match=r"The clip of scene 2 ends .* ms before its voice"):
        await events(client, await reel.stored(store, plan))


async def test_an_ffmpeg_that_dies_is_told_with_how(
    store: LocalStore, plan: timeline_pb2.MuxPlan, tmp_path: Path
) -> None:
    program = broken_ffmpeg(tmp_path, "kill -9 $$")

    async with serving(store, ffmpeg=program) as channel:
        with pytest.raises(ChildDied) as caught:
            await events(MuxingClient(channel), await reel.stored(store, plan))

    assert caught.value.metadata["exit"] == "SIGKILL"


async def test_a_full_disk_is_told_as_such(
    store: LocalStore, plan: timeline_pb2.MuxPlan, tmp_path: Path
) -> None:
    program = broken_ffmpeg(tmp_path, "echo 'x.pcm: No space left on device' >&2; exit 228")

    async with serving(store, ffmpeg=program) as channel:
        with pytest.raises(StoreFull):
            await events(MuxingClient(channel), await reel.stored(store, plan))


async def test_a_service_without_ffmpeg_does_not_start(store: LocalStore, tmp_path: Path) -> None:
    with pytest.raises(Configuration, match="STORYREEL_FFMPEG"):
        room(MuxingSettings(ffmpeg=tmp_path / "none"), store)
