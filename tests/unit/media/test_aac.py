"""Sound becomes access units, the same ones wherever it stands on their grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.media import aac, probe, units
from services.media.clock import UNIT
from services.media.units import Unit
from services.muxing.pair import stereo
from tests.unit.muxing import reel


def pause(count: int) -> np.ndarray:
    return np.zeros(count * UNIT, np.float32)


def voice() -> np.ndarray:
    """A voice that fills whole units."""
    return (0.5 * reel.click(48 * UNIT / 48_000)).astype(np.float32)


def test_there_is_a_unit_for_the_delay_and_one_for_each_of_the_grid() -> None:
    assert [len(aac.encode(pause(count))) for count in (1, 2, 50)] == [2, 3, 51]


def test_silence_is_one_unit_whatever_its_length() -> None:
    assert set(aac.encode(pause(30))) == {aac.silence()}


def test_the_same_voice_gives_the_same_units_wherever_it_stands() -> None:
    early = aac.encode(np.concatenate([pause(2), voice(), pause(12)]))
    late = aac.encode(np.concatenate([pause(40), voice(), pause(12)]))

    assert early == late[38:]
    assert early[0] == early[-1] == late[0] == aac.silence()
    assert len(set(early)) > 30


@pytest.mark.parametrize("gain", [0.05, 0.5, 1.0])
def test_what_is_decoded_is_what_went_in(tmp_path: Path, gain: float) -> None:
    sound = np.concatenate([pause(2), np.float32(gain) * voice(), pause(4)])
    path = tmp_path / "sound.mp4"

    encoded = [stereo(unit) for unit in aac.encode(sound)]
    units.write_stereo(path, (Unit(unit, UNIT * (n - 1), UNIT) for n, unit in enumerate(encoded)))

    left, right = np.concatenate(list(probe.sides(path)), axis=1)
    assert len(left) == len(sound)
    assert np.array_equal(left, right)
    assert np.corrcoef(left, sound)[0, 1] > 0.97
    assert np.abs(left).max() == pytest.approx(np.abs(sound).max(), rel=0.15)
