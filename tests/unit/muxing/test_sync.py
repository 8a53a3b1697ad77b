"""A voice is found where it is, not where it should be."""

from __future__ import annotations

import numpy as np
import pytest

from services.media.filters import Sound
from services.muxing import sync
from services.muxing.takes import Heard
from tests.unit.muxing import reel

START = 20_000


def around(voice: Sound) -> Sound:
    """A sound with the voice in its place."""
    pause = np.zeros(START, np.float32)
    return np.concatenate([pause, voice, pause])


def click() -> Sound:
    return reel.click(1.0).astype(np.float32)


@pytest.mark.parametrize("late", [0, 1, -37, 480, 9000, -9000])
def test_an_offset_is_measured_to_the_sample(late: int) -> None:
    noise = np.random.default_rng(1).normal(0, 0.02, 88_000).astype(np.float32)

    heard = sync.find(click(), np.roll(around(click()) * 0.7, late) + noise, START)

    assert heard == Heard(late)


@pytest.mark.parametrize("start", [0, 100])
def test_a_voice_at_the_very_beginning_is_found(start: int) -> None:
    sound = np.concatenate([np.zeros(start, np.float32), click()])

    assert sync.find(click(), sound, start) == Heard(0)


def test_of_a_tones_periods_the_nearest_counts() -> None:
    voice = reel.tone(2.0, hertz=150).astype(np.float32)

    heard = sync.find(voice, around(voice), START)

    assert heard.late is not None
    assert abs(heard.late) < 48


def test_silence_in_place_of_a_voice_is_a_loss() -> None:
    assert sync.find(click(), around(click()) * 0, START) == Heard(None, lost=True)


def test_a_voice_too_faint_to_tell_is_no_loss() -> None:
    assert sync.find(click() * np.float32(1e-4), around(click()) * 0, START) == Heard(None)


def test_another_sound_is_not_taken_for_the_voice() -> None:
    other = np.random.default_rng(5).normal(0, 0.1, 48_000).astype(np.float32)

    assert sync.find(click(), around(other), START) == Heard(None)
