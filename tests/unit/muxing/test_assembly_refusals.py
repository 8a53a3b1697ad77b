"""Clips that are not what was planned are named; what fails leaves nothing behind."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import replace
from pathlib import Path

import av
import imageio_ffmpeg
import pytest

from services.artifacts import wire as artifacts
from services.chassis.errors import ArtifactCorrupt, ArtifactMissing, GateRefused
from services.chassis.progress import Progress
from services.media import probe
from services.muxing.backends.ffmpeg import Ffmpeg
from services.muxing.studio import Studio
from storyreel.muxing.v1 import timeline_pb2
from tests.unit.muxing import reel
from tests.unit.muxing.assembling import SPOKEN, film, make
from tests.unit.muxing.reel import Take


async def test_a_clip_of_another_length_is_named(studio: Studio, tmp_path: Path) -> None:
    takes = [SPOKEN[0], Take(SPOKEN[1].sound, frames_more=-1)]
    plan = await reel.plan(studio.store, tmp_path / "reel", takes)

    with pytest.raises(GateRefused) as caught:
        await make(studio, plan)

    frames = plan.scenes[1].clip.frames
    assert str(caught.value) == f"The clip of scene 2 lasts {frames - 1} frames, planned were {frames}."
    assert caught.value.metadata == {"scene": "2"}


async def test_a_clip_that_is_no_media_is_named(studio: Studio, tmp_path: Path) -> None:
    plan = await reel.plan(studio.store, tmp_path / "reel", SPOKEN[:2])
    junk = await studio.store.put_bytes(b"not a clip at all", media_type="video/mp4")
    plan.scenes[1].clip.video.uri, plan.scenes[1].clip.video.sha256 = junk.uri, junk.sha256
    plan.scenes[1].clip.video.size_bytes = junk.size_bytes

    with pytest.raises(ArtifactCorrupt, match="The clip of scene 2 does not read as media") as caught:
        await make(studio, plan)

    assert caught.value.metadata == {"scene": "2"}


IN_SLICE = -1


def damaged(path: Path, *, after: int) -> bytes:
    """A clip whose boxes are whole and whose pictures are zeros from some byte of them on."""
    data = bytearray(path.read_bytes())
    if after == IN_SLICE:  # past the encoder's message and the slice's first bytes
        after = 4 + int.from_bytes(data[data.index(b"mdat") + 4 :][:4], "big") + 6
    start = data.index(b"mdat") + 4 + after
    size = int.from_bytes(data[data.index(b"mdat") - 4 :][:4], "big") - 8 - after
    data[start : start + size] = bytes(size)
    return bytes(data)


async def replaced(
    studio: Studio, plan: timeline_pb2.MuxPlan, scene: int, tmp_path: Path, after: int
) -> None:
    """Put a damaged clip in a scene's place."""
    clip = plan.scenes[scene].clip.video
    await studio.store.fetch(artifacts.from_proto(clip), tmp_path / "whole.mp4")
    data = damaged(tmp_path / "whole.mp4", after=after)
    clip.CopyFrom(artifacts.to_proto(await studio.store.put_bytes(data, media_type="video/mp4")))


@pytest.mark.parametrize(
    ("scene", "after", "why"),
    [
        (0, 0, "does not begin with a key frame"),
        (0, IN_SLICE, "is h264 in no format that decodes"),
        (1, IN_SLICE, "has a first frame that does not decode"),
    ],
)
async def test_a_clip_whose_pictures_do_not_decode_is_refused(
    studio: Studio, tmp_path: Path, scene: int, after: int, why: str
) -> None:
    plan = await reel.plan(studio.store, tmp_path / "reel", SPOKEN[:2])
    await replaced(studio, plan, scene, tmp_path, after=after)

    with pytest.raises(GateRefused, match=f"The clip of scene {scene + 1} {why}") as caught:
        await make(studio, plan)

    assert caught.value.metadata == {"scene": str(scene + 1)}


async def test_a_thumbnail_that_cannot_be_made_is_missing_with_its_reason(
    studio: Studio, tmp_path: Path
) -> None:
    plan = await reel.plan(studio.store, tmp_path / "reel", SPOKEN[:2])
    await replaced(studio, plan, 0, tmp_path, after=1200)

    video = await make(studio, plan)

    assert video.thumbnail is None
    assert [why.split(":")[0] for why in video.missing] == ["thumbnail"]


async def test_chapters_that_ffmpeg_does_not_take_are_missing_with_the_reason(
    studio: Studio, tmp_path: Path
) -> None:
    picky = tmp_path / "picky"
    refuse = 'case "$*" in *ffmetadata*) grep -q CHAPTER metadata.txt && exit 9;; esac'
    picky.write_text(f'#!/bin/sh\n{refuse}\nexec {shlex.quote(imageio_ffmpeg.get_ffmpeg_exe())} "$@"\n')
    picky.chmod(0o755)
    plan = await reel.plan(studio.store, tmp_path / "reel", SPOKEN, title="Reel")

    video = await make(replace(studio, ffmpeg=Ffmpeg(picky)), plan)

    path = await film(studio, video, tmp_path)
    assert video.missing == ("chapters: ffmpeg ended (9) while packaging the video.",)
    assert probe.chapters(path) == []
    with av.open(str(path)) as file:
        assert file.metadata["title"] == "Reel"


async def test_a_missing_clip_leaves_nothing_behind(studio: Studio, tmp_path: Path) -> None:
    plan = await reel.plan(studio.store, tmp_path / "reel", SPOKEN[:2])
    await studio.store.delete(artifacts.from_proto(plan.scenes[1].clip.video))

    with pytest.raises(ArtifactMissing):
        await make(studio, plan)

    assert list(studio.scratch.iterdir()) == []


@pytest.mark.parametrize("step", ["join", "package", "check"])
async def test_cancelling_in_any_step_leaves_nothing_in_scratch(
    studio: Studio, tmp_path: Path, step: str
) -> None:
    plan = await reel.plan(studio.store, tmp_path / "reel", SPOKEN)
    reached = asyncio.Event()

    class Told(list[Progress]):
        def append(self, progress: Progress) -> None:
            if progress.step == step:
                reached.set()

    making = asyncio.create_task(make(studio, plan, Told()))
    await reached.wait()
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making

    assert list(studio.scratch.iterdir()) == []
