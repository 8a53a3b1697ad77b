"""The finished file is decoded and searched for what was planned."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path

import av
import imageio_ffmpeg
import pytest
from PIL import Image

from services.artifacts import wire as artifacts
from services.chassis.child import Child
from services.chassis.errors import ArtifactCorrupt, ArtifactMissing, GateRefused
from services.chassis.progress import Progress
from services.media import probe
from services.media.clock import Rate, timeline
from services.muxing import wire
from services.muxing.assembly import assemble
from services.muxing.backends.ffmpeg import Ffmpeg
from services.muxing.mastering import master, record
from services.muxing.steps import VIDEO
from services.muxing.studio import Studio
from services.muxing.video import Video
from services.story import wire as story
from storyreel.muxing.v1 import timeline_pb2
from storyreel.tts.v1 import speech_pb2
from tests.unit.muxing import reel
from tests.unit.muxing.reel import Take

SPOKEN = [Take(reel.click(1 + 0.37 * (n % 4)), chapter=f"Part {n // 2}") for n in range(4)]


async def make(studio: Studio, plan: timeline_pb2.MuxPlan, told: list[Progress] | None = None) -> Video:
    """The video of a plan, whose sound is made first when it has none."""
    if not plan.HasField("sound"):
        score = wire.score_from_proto(reel.sound_plan(plan))
        sound = await master(studio, score, partial(record, studio), report=lambda progress: None)
        plan.sound.CopyFrom(wire.sound_to_proto(sound))
    timeline = wire.timeline_from_proto(plan)
    stored = [await studio.store.read(scene.planned.timing) for scene in timeline.scenes]
    timings = [story.timing_from_proto(story.decode(data, speech_pb2.SpeechTiming)) for data in stored]
    report = (told if told is not None else []).append
    return await assemble(studio, timeline, timings, report=report)


async def film(studio: Studio, video: Video, tmp_path: Path) -> Path:
    """The finished file."""
    path = tmp_path / "finished.mp4"
    await studio.store.fetch(video.mp4, path)
    return path


@pytest.mark.parametrize("rate", [Rate(30), Rate(24000, 1001), Rate(30000, 1001)], ids=str)
async def test_twenty_scenes_do_not_drift(studio: Studio, tmp_path: Path, rate: Rate) -> None:
    takes = [Take(reel.click(0.45 + 0.137 * (n % 5))) for n in range(20)]
    plan = await reel.plan(studio.store, tmp_path / "reel", takes, rate=rate)

    video = await make(studio, plan)

    path = await film(studio, video, tmp_path)
    clicks, flashes = reel.onsets(reel.heard(path)), reel.flashes(path)
    offsets = [click - float(flash) for click, flash in zip(clicks, flashes, strict=True)]
    assert len(offsets) == 20
    score = wire.score_from_proto(reel.sound_plan(plan))
    starts = timeline([(scene.clip.frames, scene.lead_frames) for scene in plan.scenes])
    planned = [
        (at - rate.sample_at(span.voice)) / 48_000 for at, span in zip(score.starts, starts, strict=True)
    ]
    assert offsets == pytest.approx(planned, abs=0.0001)
    assert video.measurements.max_av_offset_seconds == pytest.approx(max(map(abs, planned)), abs=0.0001)
    assert video.measurements.max_av_offset_seconds <= 0.0107
    assert video.measurements.av_drift_seconds < 0.0001
    assert video.measurements.frames == sum(scene.clip.frames for scene in plan.scenes)
    assert video.measurements.scene_key_frames == 20


async def test_a_video_is_as_loud_and_no_louder_than_it_shall_be(studio: Studio, tmp_path: Path) -> None:
    plan = await reel.plan(studio.store, tmp_path / "reel", SPOKEN)

    video = await make(studio, plan)

    measured = video.measurements.loudness
    assert measured.lufs == pytest.approx(-16, abs=0.5)
    assert measured.true_peak <= -1
    assert video.measurements.video_seconds == pytest.approx(video.measurements.audio_seconds, abs=1 / 30)


async def test_sparse_clips_last_as_long_as_planned(studio: Studio, tmp_path: Path) -> None:
    takes = [Take(take.sound, sparse=True) for take in SPOKEN]
    plan = await reel.plan(studio.store, tmp_path / "reel", takes, rate=Rate(30000, 1001))

    video = await make(studio, plan)

    path = await film(studio, video, tmp_path)
    track = probe.video(path)
    assert video.measurements.frames == sum(scene.clip.frames for scene in plan.scenes)
    assert len(track.times) < video.measurements.frames * 0.6
    assert video.measurements.scene_key_frames == len(takes)
    assert len(reel.flashes(path)) == len(takes)


async def test_the_same_plan_gives_the_same_bytes_in_other_processes(studio: Studio, tmp_path: Path) -> None:
    plan = await reel.plan(studio.store, tmp_path / "reel", SPOKEN)
    child = Child("services.muxing.worker")

    first = await make(studio, plan)
    second = await make(Studio(Ffmpeg(), child, studio.store, tmp_path / "another" / "place"), plan)
    await child.close()

    assert first == second


async def test_chapters_and_captions_are_in_the_file(studio: Studio, tmp_path: Path) -> None:
    plan = await reel.plan(studio.store, tmp_path / "reel", SPOKEN, title="Reel", language="de-CH")

    video = await make(studio, plan)

    path = await film(studio, video, tmp_path)
    starts = [sum(scene.clip.frames for scene in plan.scenes[:n]) / 30 for n in (0, 2)]
    assert [(mark.title, float(mark.start)) for mark in probe.chapters(path)] == [
        ("Part 0", pytest.approx(starts[0])),
        ("Part 1", pytest.approx(starts[1])),
    ]
    with av.open(str(path)) as file:
        languages = {stream.type: stream.metadata["language"] for stream in file.streams}
        packets = [bytes(packet) for packet in file.demux(file.streams.subtitles[0])]
        assert file.metadata["title"] == "Reel"
        assert "creation_time" not in file.metadata
        assert "encoder" not in file.metadata
    assert languages["audio"] == languages["subtitle"] == "deu"
    assert [text[2:].decode() for text in packets if len(text) > 2] == ["One two three."] * 4
    assert video.missing == ()


HOSTILE = "A \"title\" 'of'\n[CHAPTER]\r\nSTART=0;title=x #\\ \x00\x1b 😀 " + "é" * 440


async def test_hostile_titles_neither_break_nor_inject(studio: Studio, tmp_path: Path) -> None:
    takes = [Take(reel.click(0.6), chapter=title) for title in (HOSTILE, "=;#\\", "[CHAPTER]")]
    plan = await reel.plan(studio.store, tmp_path / "reel", takes, title=HOSTILE)

    video = await make(studio, plan)

    path = await film(studio, video, tmp_path)
    titles = [mark.title for mark in probe.chapters(path)]
    assert [title[:38] for title in titles] == [
        "A \"title\" 'of' [CHAPTER] START=0;title",
        "=;#\\\u2060",
        "[CHAPTER]",
    ]
    with av.open(str(path)) as file:
        assert file.metadata["title"] == " ".join(HOSTILE.replace("\x00", " ").replace("\x1b", " ").split())
    assert video.missing == ()


async def test_hostile_captions_stay_text(studio: Studio, tmp_path: Path) -> None:
    text = "<b>Use {\\an8} <div> & \\N 1 < 2 --> 00:00:09,000 --> 00:00:10,000"
    plan = await reel.plan(studio.store, tmp_path / "reel", [Take(reel.click(1.5), text=text)])

    video = await make(studio, plan)

    path = await film(studio, video, tmp_path)
    with av.open(str(path)) as file:
        packets = [bytes(packet)[2:].decode() for packet in file.demux(file.streams.subtitles[0])]
    shown = " ".join(" ".join(packets).replace("\u2060", "").split())
    assert shown == text


async def test_the_thumbnail_shows_the_first_scene_late(studio: Studio, tmp_path: Path) -> None:
    plan = await reel.plan(studio.store, tmp_path / "reel", SPOKEN[:1])

    video = await make(studio, plan)

    assert video.thumbnail
    await studio.store.fetch(video.thumbnail, tmp_path / "thumbnail.jpg")
    image = Image.open(tmp_path / "thumbnail.jpg")
    assert (image.format, image.size) == ("JPEG", (320, 240))
    assert max(image.getpixel((160, 120))) < 60


async def test_progress_goes_through_all_steps_and_never_back(studio: Studio, tmp_path: Path) -> None:
    plan = await reel.plan(studio.store, tmp_path / "reel", SPOKEN)
    told: list[Progress] = []

    await make(studio, plan, told)

    fractions = [progress.fraction for progress in told]
    assert list(dict.fromkeys(progress.step for progress in told)) == list(VIDEO)
    assert fractions == sorted(fractions)
    assert fractions[-1] <= 1


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
