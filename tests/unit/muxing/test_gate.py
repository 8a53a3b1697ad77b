"""Each planted fault is refused with its numbers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from services.artifacts.store import Artifact
from services.chassis.errors import GateRefused
from services.media.clip import Clip, Picture
from services.media.clock import Rate
from services.muxing import gate
from services.muxing.gate import Findings
from services.muxing.loudness import Loudness
from services.muxing.sound import Sound
from services.muxing.timeline import Planned, Timeline, lay

FILM = Picture(320, 240, Rate(30))
ANY = Artifact.of("local", "0" * 64, size_bytes=1, media_type="video/mp4")
RIGHT = Loudness(-16.0, -2.0)
GOOD = Findings(
    picture=("h264", "yuv420p", 320, 240),
    colours=(1, 1, 1, 1),
    frames=Fraction(360),
    off_grid=0,
    starts=(Fraction(0), Fraction(0)),
    keys=2,
    broken=(),
    sound=("aac", 48_000, 2),
    sound_copied=True,
    audio_samples=576_000,
    boxes=("ftyp", "moov", "mdat"),
    chapters=(("One", 0), ("Two", 180)),
)


def planned(*late: float, loudness: Loudness = RIGHT) -> Timeline:
    scenes = [Planned((Clip(ANY, 180, FILM),), 6, ANY, ANY, 240_000, chapter) for chapter in ("One", "Two")]
    return lay(scenes, FILM, Sound(ANY, 576_000, loudness, late), title="Reel")


@pytest.fixture
def timeline() -> Timeline:
    return planned(0.0, 0.0)


def test_a_file_as_planned_passes(timeline: Timeline) -> None:
    measured = gate.judge(GOOD, timeline)

    assert (measured.frames, measured.video_seconds, measured.audio_seconds) == (360, 12.0, 12.0)
    assert measured.max_av_offset_seconds == 384 / 48_000  # planned: voices begin on the grid of units
    assert measured.av_drift_seconds == 0
    assert gate.missing_chapters(GOOD, timeline) == ""


def test_offsets_and_drift_come_from_voices_and_pictures() -> None:
    found = replace(GOOD, starts=(Fraction(0), Fraction(1, 2)))

    measured = gate.judge(found, planned(-0.001, 0.003))

    assert measured.max_av_offset_seconds == pytest.approx(0.001 + 384 / 48_000)
    assert measured.av_drift_seconds == pytest.approx(1 / 60 - 0.004)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"frames": Fraction(359)}, "it lasts 359 frames, planned were 360"),
        ({"off_grid": 3}, "frames off the grid: 3"),
        ({"broken": (2,)}, "The clip of scene 2 has a first frame that does not decode"),
        ({"keys": 1}, "1 of 2 scenes begin with a key frame"),
        ({"colours": (2, 2, 2, 0)}, "colour tags are (2, 2, 2, 0)"),
        ({"picture": ("hevc", "yuv420p", 320, 240)}, "its picture is hevc"),
        ({"sound": ("aac", 44_100, 2)}, "its sound is aac, 44100 Hz, 2 channels"),
        ({"audio_samples": 574_000}, "picture and sound differ by 41.7 ms"),
        ({"starts": (Fraction(0), Fraction(2))}, "a voice is 58.7 ms off its picture"),
        ({"sound_copied": False}, "its sound of 576000 samples is not the finished one of 576000"),
        ({"audio_samples": 575_999}, "its sound of 575999 samples is not the finished one of 576000"),
        ({"boxes": ("ftyp", "mdat", "moov")}, "its index is not at the front: ftyp, mdat, moov"),
    ],
)
def test_a_planted_fault_is_refused_with_its_numbers(
    timeline: Timeline, fault: dict[str, Any], said: str
) -> None:
    with pytest.raises(GateRefused) as caught:
        gate.judge(replace(GOOD, **fault), timeline)

    assert said in str(caught.value)


def test_a_voice_off_its_place_is_refused() -> None:
    with pytest.raises(GateRefused, match=r"a voice is 43.4 ms off its picture"):
        gate.judge(GOOD, planned(0.0, 1700 / 48_000))


@pytest.mark.parametrize("loudness", [Loudness(-16.6, -2), Loudness(-16.0, -0.9)])
def test_a_wrong_loudness_is_refused(loudness: Loudness) -> None:
    with pytest.raises(GateRefused, match=r"-16\.6 LUFS loud|-0\.9 dBTP"):
        gate.judge(GOOD, planned(0.0, 0.0, loudness=loudness))


def test_chapters_that_are_not_there_are_told_and_not_refused(timeline: Timeline) -> None:
    found = replace(GOOD, chapters=(("One", 0),))

    assert gate.judge(found, timeline).frames == 360
    assert gate.missing_chapters(found, timeline) == "chapters: 1 of 2 are in the file as planned"


def test_a_file_that_does_not_open_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(b"nothing like a video")

    with pytest.raises(GateRefused, match="it does not read as media"):
        gate.look(path, sound=path, rate=Rate(30), starts=[0])
