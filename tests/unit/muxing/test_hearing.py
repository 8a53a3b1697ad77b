"""Each fault planted in a sound is refused with its numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.artifacts.store import Artifact
from services.chassis.errors import GateRefused
from services.media.clock import Rate
from services.muxing import hearing
from services.muxing.hearing import Findings
from services.muxing.loudness import Loudness
from services.muxing.sound import Voice, compose
from services.muxing.sync import Heard

ANY = Artifact.of("local", "0" * 64, size_bytes=1, media_type="audio/flac")
SCORE = compose([Voice(ANY, 240_000, 180, 6)] * 2, Rate(30))
RIGHT = Loudness(-16.0, -2.0)
GOOD = Findings(("aac", 48_000, 2), 0, 576_000, True, (Heard(0), Heard(0)))


def test_offsets_are_told_in_seconds_and_later_is_positive() -> None:
    found = replace(GOOD, voices=(Heard(-48), Heard(96)))

    assert hearing.judge(found, RIGHT, SCORE) == (-0.001, 0.002)


def test_a_voice_that_cannot_be_told_counts_by_the_tracks_clock() -> None:
    assert hearing.judge(replace(GOOD, voices=(Heard(None), Heard(48))), RIGHT, SCORE) == (0.0, 0.001)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"form": ("aac", 44_100, 2)}, "it is aac, 44100 Hz, 2 channels"),
        ({"samples": 575_999}, "it lasts 575999 samples from 0 on, planned were 576000"),
        ({"start": -1024}, "it lasts 576000 samples from -1024 on"),
        ({"alike": False}, "its two channels are not the same"),
        ({"voices": (Heard(0), Heard(None, lost=True))}, "1 of 2 voices are not in it"),
    ],
)
def test_a_planted_fault_is_refused_with_its_numbers(fault: dict[str, Any], said: str) -> None:
    with pytest.raises(GateRefused) as caught:
        hearing.judge(replace(GOOD, **fault), RIGHT, SCORE)

    assert said in str(caught.value)


def test_a_wrong_loudness_is_refused() -> None:
    with pytest.raises(GateRefused, match=r"-17\.0 LUFS loud.*true peak is -0\.5 dBTP"):
        hearing.judge(GOOD, Loudness(-17.0, -0.5), SCORE)


def test_a_file_that_does_not_open_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    path.write_bytes(b"nothing like a sound")

    with pytest.raises(GateRefused, match="it does not read as media"):
        hearing.listen(path, master=path, voices=[(0, 1)], heard=tmp_path / "heard.pcm")
