"""Takes put together sound as each does alone, to the sample."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from services.chassis.errors import GateRefused
from services.media import aac, probe, units
from services.media.clock import UNIT
from services.media.units import Unit
from services.muxing.pair import stereo
from services.muxing.splice import Piece, splice
from tests.unit.muxing import reel


def take(
    tmp_path: Path, name: str, *, seconds: float = 1.0, lead: int = 2, rest: int = 10
) -> tuple[Path, int]:
    """A take, and its length in units."""
    voice = 0.5 * reel.click(seconds)
    length = lead + rest - (-len(voice) // UNIT)
    sound = np.zeros(length * UNIT, np.float32)
    sound[lead * UNIT : lead * UNIT + len(voice)] = voice
    path = tmp_path / name
    encoded = (stereo(unit) for unit in aac.encode(sound))
    units.write_stereo(path, (Unit(unit, UNIT * (n - 1), UNIT) for n, unit in enumerate(encoded)))
    return path, length


def decoded(path: Path) -> np.ndarray:
    return np.concatenate(list(probe.sides(path)), axis=1)


@pytest.mark.parametrize("samples", [200 * UNIT, 200 * UNIT + 1, 200 * UNIT - 640])
def test_each_take_sounds_as_it_does_alone_with_silence_between(tmp_path: Path, samples: int) -> None:
    first, length = take(tmp_path, "a.mp4")
    second, other = take(tmp_path, "b.mp4", seconds=0.7)
    places = (7, 110)

    track = splice(
        [Piece(first, places[0]), Piece(second, places[1])], samples=samples, out=tmp_path / "out.mp4"
    )

    whole = decoded(tmp_path / "out.mp4")[:, :samples]
    expected = np.zeros((2, samples), np.float32)
    for path, place, units_long in zip((first, second), places, (length, other), strict=True):
        expected[:, place * UNIT : (place + units_long) * UNIT] = decoded(path)
    assert np.array_equal(whole, expected)
    assert (track.codec, track.rate, track.channels, track.start, track.samples) == (
        "aac",
        48_000,
        2,
        0,
        samples,
    )
    starts = [unit.start for unit in units.read(tmp_path / "out.mp4")]
    assert {after - before for before, after in pairwise(starts)} == {UNIT}
    assert starts[0] == -UNIT


def test_a_take_may_fill_the_sound_from_end_to_end(tmp_path: Path) -> None:
    path, length = take(tmp_path, "a.mp4", lead=0, rest=0)

    splice([Piece(path, 0)], samples=length * UNIT, out=tmp_path / "out.mp4")

    assert np.array_equal(decoded(tmp_path / "out.mp4"), decoded(path))


@pytest.mark.parametrize(("lead", "rest", "unit"), [(0, 10, 5), (2, 0, 5)], ids=["begins", "ends"])
def test_a_take_that_does_not_begin_and_end_in_silence_is_refused(
    tmp_path: Path, lead: int, rest: int, unit: int
) -> None:
    path, _ = take(tmp_path, "a.mp4", lead=lead, rest=rest)

    with pytest.raises(GateRefused, match="take at unit 5 of the sound does not begin and end in silence"):
        splice([Piece(path, unit)], samples=100 * UNIT, out=tmp_path / "out.mp4")


@pytest.mark.parametrize("places", [(0, 20), (0, 80)], ids=["over another", "over the end"])
def test_a_take_that_does_not_fit_is_refused(tmp_path: Path, places: tuple[int, int]) -> None:
    path, _ = take(tmp_path, "a.mp4")

    with pytest.raises(GateRefused, match="does not fit at unit"):
        splice([Piece(path, place) for place in places], samples=100 * UNIT, out=tmp_path / "out.mp4")


def test_what_is_no_take_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"nothing like a take")

    with pytest.raises(probe.Unreadable, match="does not read as media"):
        splice([Piece(path, 0)], samples=100 * UNIT, out=tmp_path / "out.mp4")
