"""The meter tells what the standard says, of a whole as of its pieces."""

from __future__ import annotations

import numpy as np
import pytest

from services.muxing import loudness
from services.muxing.meter import measure


def sine(decibels: float, seconds: float, *, hertz: float = 1000) -> np.ndarray:
    time = np.arange(round(seconds * 48_000)) / 48_000
    return (10 ** (decibels / 20) * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


@pytest.mark.parametrize("level", [-23.0, -33.0])
def test_a_sine_in_both_channels_is_as_loud_as_its_peak(level: float) -> None:
    """EBU Tech 3341, cases 1 and 2: stereo, 1 kHz, 20 s; within 0.1 LU."""
    measured = measure(sine(level, 20)).loudness

    assert measured.lufs == pytest.approx(level, abs=0.1)
    assert measured.true_peak == pytest.approx(level, abs=0.2)


def test_soft_passages_do_not_count() -> None:
    """EBU Tech 3341, case 3: -36, -23, -36 dBFS for 10, 60, 10 s are -23 LUFS."""
    passages = [sine(-36, 10), sine(-23, 60), sine(-36, 10)]

    assert measure(np.concatenate(passages)).loudness.lufs == pytest.approx(-23, abs=0.1)


def test_a_peak_between_samples_is_found() -> None:
    """EBU Tech 3341, case 16: a quarter of the rate at 45°, -6 dBFS; within +0.2, -0.4 dB."""
    time = np.arange(96_000)
    sound = (0.5 * np.sin(np.pi / 2 * time + np.pi / 4)).astype(np.float32)
    sound *= np.minimum(1, np.minimum(time, time[::-1]) / 1000).astype(np.float32)

    assert np.abs(sound).max() == pytest.approx(0.354, abs=0.001)
    assert -6.4 <= measure(sound).true_peak <= -5.8


def test_pieces_with_pauses_are_together_as_loud_as_the_whole() -> None:
    rng, pause = np.random.default_rng(7), np.zeros(28_800, np.float32)
    pieces = [
        (level * rng.normal(0, 0.1, samples)).astype(np.float32)
        for level, samples in zip((1, 0.5, 0.1, 0.8), (30_000, 100_123, 200_001, 70_007), strict=True)
    ]

    together = loudness.integrated([block for piece in pieces for block in measure(piece).blocks])

    whole = measure(np.concatenate([sound for piece in pieces for sound in (piece, pause)]))
    assert together == pytest.approx(whole.loudness.lufs, abs=0.1)


@pytest.mark.parametrize("samples", [0, 100, 48_000])
def test_silence_has_no_loudness(samples: int) -> None:
    measured = measure(np.zeros(samples, np.float32))

    assert measured.blocks == ()
    assert measured.loudness.lufs == float("-inf")
    assert measured.true_peak < -60


def test_less_than_a_block_is_measured_with_the_silence_around_it() -> None:
    assert measure(sine(-10, 0.1)).loudness.lufs < measure(sine(-10, 1.0)).loudness.lufs - 3
