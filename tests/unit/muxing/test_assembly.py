"""The finished file is decoded and searched for what was planned."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from services.chassis.child import Child
from services.chassis.errors import GateRefused
from services.chassis.progress import Progress
from services.media import probe
from services.media.clock import Rate, timeline
from services.muxing import wire
from services.muxing.backends.ffmpeg import Ffmpeg
from services.muxing.steps import VIDEO
from services.muxing.studio import Studio
from tests.unit.muxing import reel
from tests.unit.muxing.assembling import SPOKEN, film, make
from tests.unit.muxing.reel import Take


@pytest.mark.parametrize(
    "rate",
    [
        pytest.param(Rate(30), marks=pytest.mark.slow),
        pytest.param(Rate(24000, 1001), marks=pytest.mark.slow),
        Rate(30000, 1001),
    ],
    ids=str,
)
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


@pytest.mark.parametrize("rate", [Rate(30), Rate(30000, 1001)], ids=str)
async def test_the_clips_of_a_scene_follow_each_other_without_a_gap(
    studio: Studio, tmp_path: Path, rate: Rate
) -> None:
    cuts = [(), (4, 20), (3, 4, 31)]  # the second scene's voice begins in its second clip, as its flash does
    takes = [Take(reel.click(1.3), chapter=f"Part {n}", cuts=cut) for n, cut in enumerate(cuts)]
    plan = await reel.plan(studio.store, tmp_path / "reel", takes, rate=rate)

    video = await make(studio, plan)

    path = await film(studio, video, tmp_path)
    lengths = [reel.frames_of(scene) for scene in plan.scenes]
    starts = timeline([(frames, plan.scenes[0].lead_frames) for frames in lengths])
    clicks, flashes = reel.onsets(reel.heard(path)), reel.flashes(path)
    assert [len(scene.continued) for scene in plan.scenes] == [0, 2, 3]
    assert flashes == [
        (span.start + plan.scenes[0].lead_frames) / Fraction(rate.numerator, rate.denominator)
        for span in starts
    ]
    assert all(abs(click - float(flash)) < 0.0108 for click, flash in zip(clicks, flashes, strict=True))
    assert video.measurements.frames == sum(lengths)
    assert video.measurements.scene_key_frames == 3
    marks = [round(mark.start * rate.numerator / rate.denominator) for mark in probe.chapters(path)]
    assert marks == [span.start for span in starts]


async def test_a_clip_of_another_length_within_a_scene_is_named_by_its_scene(
    studio: Studio, tmp_path: Path
) -> None:
    takes = [Take(reel.click(0.5), cuts=(6,)), Take(reel.click(0.5), cuts=(8, 20))]
    plan = await reel.plan(studio.store, tmp_path / "reel", takes)
    plan.scenes[1].continued[1].frames -= 1
    plan.scenes[1].continued[0].frames += 1

    with pytest.raises(GateRefused, match="The clip of scene 2 lasts 12 frames, planned were 13") as caught:
        await make(studio, plan)

    assert caught.value.metadata == {"scene": "2"}


async def test_a_voice_that_outlasts_all_clips_of_its_scene_is_refused(
    studio: Studio, tmp_path: Path
) -> None:
    plan = await reel.plan(studio.store, tmp_path / "reel", [Take(reel.click(1.5), cuts=(10, 20))])
    await make(studio, plan)
    plan.scenes[0].continued[1].frames -= 15

    with pytest.raises(GateRefused, match="before its voice"):
        await make(studio, plan)


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
