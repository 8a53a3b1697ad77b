"""The sound is cut in silence, and its parts are joined to the sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.chassis.errors import GateRefused
from services.media import probe, units
from services.media.units import FRAME
from services.muxing import cut
from services.muxing.backends.ffmpeg import Ffmpeg
from services.muxing.loudness import Aim
from tests.unit.muxing import reel

SECOND = 48_000


def places(count: int, *, every: int = 5 * SECOND, length: int = 4 * SECOND) -> list[tuple[int, int]]:
    return [(9600 + number * every, length) for number in range(count)]


def test_the_cut_is_in_the_pause_nearest_the_middle_on_the_grid() -> None:
    voices = places(8)

    (start, length), (second, rest) = cut.cut(voices, 40 * SECOND)

    assert (start, length + rest) == (0, 40 * SECOND)
    assert length == second
    assert second % FRAME == 0
    assert sum(voices[3]) + cut.QUIET_BEFORE <= second <= voices[4][0] - cut.QUIET_AFTER


@pytest.mark.parametrize(
    ("voices", "samples"),
    [
        (places(5), 25 * SECOND),
        (places(1, length=60 * SECOND), 61 * SECOND),
        (places(8, length=5 * SECOND - cut.QUIET_BEFORE), 40 * SECOND),
    ],
    ids=["short", "one voice", "no pause"],
)
def test_what_is_short_or_has_no_pause_stays_whole(voices: list[tuple[int, int]], samples: int) -> None:
    assert cut.cut(voices, samples) == [(0, samples)]


async def encoded(folder: Path, sound: reel.Sound, parts: list[tuple[int, int]]) -> list[Path]:
    """The parts of a sound, each encoded by itself."""
    sound.astype("<f4").tofile(folder / "pressed.pcm")
    paths = [folder / f"{number}.mp4" for number in range(len(parts))]
    for path, part in zip(paths, parts, strict=True):
        await Ffmpeg().encode(folder / "pressed.pcm", path, aim=Aim(0.0), part=part, tell=lambda done: None)
    return paths


def decoded(path: Path) -> np.ndarray:
    return np.concatenate(list(probe.sides(path)), axis=1)


async def test_parts_sound_as_the_whole_does(tmp_path: Path) -> None:
    pause = np.zeros(SECOND)
    # Half as loud, the limiter has nothing to do and what comes out can be compared with what went in.
    sound = 0.5 * np.concatenate([reel.click(1.1), pause, reel.click(1.3), pause, reel.click(0.7)])
    middle = 75 * FRAME
    whole = await encoded(tmp_path, sound, [(0, len(sound))])
    cut.join(whole, [0], tmp_path / "whole.mp4")
    parts = await encoded(tmp_path, sound, [(0, middle), (middle, len(sound) - middle)])

    cut.join(parts, [0, middle], tmp_path / "joined.mp4")

    joined, at_once = decoded(tmp_path / "joined.mp4"), decoded(tmp_path / "whole.mp4")
    track = probe.audio(tmp_path / "joined.mp4")
    assert (track.start, track.samples, track.channels) == (0, len(sound), 2)
    assert joined.shape == at_once.shape
    assert np.array_equal(joined[0], joined[1])
    assert np.array_equal(joined[:, :middle], at_once[:, :middle])
    assert np.abs(joined[0][: len(sound)] - sound).max() < 0.05
    starts = [unit.start for unit in units.read(tmp_path / "joined.mp4")]
    assert starts == list(range(-FRAME, len(sound), FRAME))


async def test_a_cut_through_sound_is_refused(tmp_path: Path) -> None:
    sound = reel.tone(2.0)
    parts = await encoded(tmp_path, sound, [(0, 40 * FRAME), (40 * FRAME, len(sound) - 40 * FRAME)])

    with pytest.raises(GateRefused, match="do not meet in silence at sample 39936"):
        cut.join(parts, [0, 40 * FRAME], tmp_path / "joined.mp4")


@pytest.mark.parametrize("seconds", [0.1, 1.0, 1.0 + 1 / SECOND, 2.0 - 1 / SECOND])
async def test_a_sound_is_as_long_as_it_was_and_a_click_where_it_was(tmp_path: Path, seconds: float) -> None:
    sound = np.zeros(round(seconds * SECOND))
    sound[3000:3100] = 0.7
    parts = await encoded(tmp_path, sound, [(0, len(sound))])

    cut.join(parts, [0], tmp_path / "sound.mp4")

    track = probe.audio(tmp_path / "sound.mp4")
    assert (track.start, track.samples) == (0, len(sound))
    assert reel.onsets(decoded(tmp_path / "sound.mp4")[0], above=0.3)[0] == pytest.approx(
        3000 / SECOND, abs=2 / SECOND
    )
