"""Sound goes through FFmpeg's filters and comes out as long as it went in."""

from __future__ import annotations

import numpy as np
import pytest

from services.media import filters


def noise(samples: int) -> filters.Sound:
    return np.random.default_rng(1).normal(0, 0.1, samples).astype(np.float32)


@pytest.mark.parametrize("samples", [1, 1023, 48_000, 48_001, 200_000])
def test_every_sample_comes_out_in_its_place(samples: int) -> None:
    sound = noise(samples)

    halved = filters.through(sound, [("volume", {"volume": "0.5", "precision": "float"})])

    assert halved.dtype == np.float32
    assert np.array_equal(halved, sound * np.float32(0.5))


def test_filters_act_one_after_the_other() -> None:
    chain = [("volume", {"volume": gain, "precision": "float"}) for gain in ("4.0", "0.5")]

    assert np.array_equal(filters.through(noise(5000), chain), noise(5000) * np.float32(2))


def test_what_a_filter_notes_is_told_for_each_frame() -> None:
    stats = [("astats", {"metadata": "1", "reset": "1", "measure_overall": "Number_of_samples"})]

    counted = [
        float(note["lavfi.astats.Overall.Number_of_samples"]) for note in filters.notes(noise(96_000), stats)
    ]

    assert sum(counted) == 96_000
