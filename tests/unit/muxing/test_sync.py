"""A voice is found where it is, not where it should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.muxing import sync
from services.muxing.sync import Heard
from tests.unit.muxing import reel


def files(tmp_path: Path, master: reel.Sound, heard: reel.Sound) -> tuple[Path, Path]:
    paths = tmp_path / "master.pcm", tmp_path / "heard.pcm"
    for path, sound in zip(paths, (master, heard), strict=True):
        (np.clip(sound, -1, 1) * 32767).astype("<i2").tofile(path)
    return paths


@pytest.mark.parametrize("late", [0, 1, -37, 480, 9000, -9000])
@pytest.mark.parametrize("delay", [0, 1024])
def test_an_offset_is_measured_to_the_sample(tmp_path: Path, late: int, delay: int) -> None:
    voice = np.concatenate([np.zeros(20_000), reel.click(1.0), np.zeros(20_000)])
    noise = np.random.default_rng(1).normal(0, 0.02, len(voice))
    paths = files(tmp_path, voice, np.roll(voice * 0.7, late - delay) + noise)

    heard = sync.listen(*paths, [(20_000, 48_000)], delay=delay)

    assert heard == [Heard(late)]


def test_of_a_tones_periods_the_nearest_counts(tmp_path: Path) -> None:
    voice = np.concatenate([np.zeros(20_000), reel.tone(2.0, hertz=150), np.zeros(20_000)])
    paths = files(tmp_path, voice, voice)

    (heard,) = sync.listen(*paths, [(20_000, 96_000)], delay=0)

    assert heard.late is not None
    assert abs(heard.late) < 48


def test_silence_in_place_of_a_voice_is_a_loss(tmp_path: Path) -> None:
    voice = np.concatenate([np.zeros(20_000), reel.click(1.0), np.zeros(20_000)])
    paths = files(tmp_path, voice, voice * 0)

    assert sync.listen(*paths, [(20_000, 48_000)], delay=0) == [Heard(None, lost=True)]


def test_a_voice_too_faint_to_tell_is_no_loss(tmp_path: Path) -> None:
    paths = files(tmp_path, reel.click(1.0) * 1e-4, reel.click(1.0) * 0)

    assert sync.listen(*paths, [(0, 48_000)], delay=0) == [Heard(None)]


def test_another_sound_is_not_taken_for_the_voice(tmp_path: Path) -> None:
    other = np.random.default_rng(5).normal(0, 0.1, 48_000)
    paths = files(tmp_path, reel.click(1.0), other)

    assert sync.listen(*paths, [(0, 48_000)], delay=0) == [Heard(None)]
