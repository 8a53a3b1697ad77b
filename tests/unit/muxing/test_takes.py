"""Voices are made alone when there is silence around them, and together when there is not."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.artifacts.store import Artifact
from services.chassis.errors import GateRefused
from services.media.clock import UNIT, Rate
from services.muxing import takes
from services.muxing.sound import Score, Voice, compose
from services.muxing.takes import LEAD_UNITS, REST_SAMPLES, Heard, Placed, Recording

ANY = Artifact.of("local", "0" * 64, size_bytes=1, media_type="audio/flac")
RATE = Rate(30)


def score(*voices: tuple[int, int, int], rate: Rate = RATE) -> Score:
    """Voices as samples, frames, lead frames."""
    return compose([Voice(ANY, *voice) for voice in voices], rate)


def split(*voices: tuple[int, int, int]) -> list[Placed]:
    return list(takes.split(score(*voices)))


def test_a_voice_with_its_pauses_is_a_take_of_its_own() -> None:
    placed = split((48_000, 48, 6), (96_000, 78, 6), (48_000, 48, 6))

    assert [one.first for one in placed] == [0, 1, 2]
    assert [len(one.take.voices) for one in placed] == [1, 1, 1]
    assert {one.take.voices[0].start for one in placed} == {LEAD_UNITS * UNIT}


def test_an_edit_before_it_leaves_a_take_as_it_is() -> None:
    before = split((48_000, 48, 6), (96_000, 78, 6), (70_001, 62, 6))
    after = split((51_111, 50, 6), (96_000, 78, 6), (70_001, 62, 6))

    assert [one.take for one in before[1:]] == [one.take for one in after[1:]]
    assert before[0].take != after[0].take
    assert before[1].unit < after[1].unit


def test_voices_too_close_to_be_apart_make_one_take() -> None:
    placed = split((48_000, 48, 6), (48_000, 33, 0), (48_000, 48, 0))

    assert [(one.first, len(one.take.voices)) for one in placed] == [(0, 1), (1, 2)]


def test_a_whole_video_without_pauses_is_one_take_with_each_voice_at_its_frame() -> None:
    placed = split((48_000, 30, 0), (49_600, 31, 0), (48_000, 30, 0))

    (whole,) = placed
    assert (whole.unit, whole.take.units) == (0, -(-91 * 1600 // UNIT))
    assert [voice.start for voice in whole.take.voices] == [0, 48_000, 97_600]


def test_more_than_ten_minutes_without_a_pause_are_refused_with_the_scenes() -> None:
    minute = (60 * 48_000, 1800, 0)

    with pytest.raises(GateRefused, match=r"from scene 2 to 12 .* for 11 minutes") as caught:
        split((48_000, 48, 6), *[minute] * 11)

    assert caught.value.metadata == {"scene": "2"}


VOICES = st.lists(
    st.tuples(st.integers(1, 200_000), st.integers(0, 20), st.integers(0, 40)), min_size=1, max_size=20
)


@given(VOICES, st.sampled_from([Rate(30), Rate(30_000, 1001), Rate(24), Rate(60)]))
def test_takes_hold_every_voice_at_its_place_and_never_touch(
    voices: list[tuple[int, int, int]], rate: Rate
) -> None:
    made = score(*((n, lead + rate.frames_for(n) + 1 + tail, lead) for n, lead, tail in voices), rate=rate)

    placed = list(takes.split(made))

    heard = [(one.unit * UNIT + voice.start, voice.samples) for one in placed for voice in one.take.voices]
    assert tuple(heard) == made.places
    assert [one.first for one in placed] == [
        sum(len(other.take.voices) for other in placed[:n]) for n in range(len(placed))
    ]
    for before, after in pairwise(placed):
        assert before.unit + before.take.units < after.unit
        last = before.take.voices[-1]
        assert last.start + last.samples + REST_SAMPLES <= before.take.units * UNIT
        assert after.take.voices[0].start >= LEAD_UNITS * UNIT
    assert placed[-1].unit + placed[-1].take.units <= -(-made.samples // UNIT)


def test_the_loudness_of_takes_is_that_of_all_their_blocks_and_the_highest_peak() -> None:
    loud = Recording(ANY, (-16.0, -16.0), -3.0, (Heard(0),))
    soft = Recording(ANY, (-20.0, -40.0), -9.0, (Heard(0),))

    found = takes.loudness([loud, soft])

    assert found.true_peak == -3.0
    assert found.lufs == pytest.approx(-16.97, abs=0.01)
