"""Frames and samples agree, at every rate, for hours."""

from __future__ import annotations

from fractions import Fraction

import pytest

from services.media.clock import UNIT, Rate, Span, lead_frames, scene_frames, timeline, voice_at

RATES = [Rate(24), Rate(25), Rate(30), Rate(50), Rate(60), Rate(24000, 1001), Rate(30000, 1001)]
NTSC = Rate(30000, 1001)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("frame", [0, 1, 2, 29, 30, 1001, 215_999])
def test_a_frames_sample_leads_back_to_the_frame(rate: Rate, frame: int) -> None:
    assert rate.frame_at(rate.sample_at(frame)) == frame


@pytest.mark.parametrize("frame", [1, 7, 30, 5_000, 107_892])
def test_the_sample_of_a_frame_is_the_nearest_also_at_an_uneven_rate(frame: int) -> None:
    exact = Fraction(frame * 48_000 * 1001, 30_000)

    assert abs(NTSC.sample_at(frame) - exact) <= Fraction(1, 2)


def test_halves_round_up() -> None:
    rate = Rate(32_000)  # one and a half samples a frame

    assert [rate.sample_at(n) for n in range(4)] == [0, 2, 3, 5]
    assert [Rate(30).frame_at(n) for n in (799, 800, 2399, 2400)] == [0, 1, 1, 2]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("samples", [0, 1, 799, 1600, 1601, 48_000, 48_001])
def test_frames_are_as_many_as_it_takes_and_no_more(rate: Rate, samples: int) -> None:
    frames = rate.frames_for(samples)

    assert Fraction(frames * rate.denominator, rate.numerator) >= Fraction(samples, 48_000)
    assert Fraction((frames - 1) * rate.denominator, rate.numerator) < Fraction(samples, 48_000)


def test_a_scene_is_its_voice_between_two_pauses() -> None:
    assert lead_frames(Rate(30)) == 6
    assert scene_frames(48_000, Rate(30)) == 6 + 30 + 12
    assert scene_frames(48_001, Rate(30)) == 6 + 31 + 12


def test_scenes_follow_each_other_without_a_gap() -> None:
    assert timeline([(48, 6), (90, 6), (30, 0)]) == [Span(0, 48, 6), Span(48, 90, 54), Span(138, 30, 138)]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("number", range(40))
def test_a_voice_begins_on_the_grid_nearest_its_frame(rate: Rate, number: int) -> None:
    span = Span(31 * number, scene_frames(48_000, rate), 31 * number + lead_frames(rate))

    start = voice_at(rate, span, 48_000)

    assert start % UNIT == 0
    assert abs(start - rate.sample_at(span.voice)) <= UNIT // 2


@pytest.mark.parametrize(
    ("samples", "start"),
    [(46_400, 97_280), (46_401, 97_600), (46_720, 97_600), (48_000, 97_600)],
)
def test_a_voice_without_room_for_the_grid_begins_at_its_frame(samples: int, start: int) -> None:
    assert voice_at(Rate(30), Span(60, 30, 61), samples) == start


def test_no_scenes_have_no_places() -> None:
    assert timeline([]) == []


def test_seconds_are_for_people() -> None:
    assert NTSC.seconds(30) == pytest.approx(1.001)


@pytest.mark.parametrize("wrong", [(0, 1), (30, 0), (-30, 1), (30, -1)])
def test_what_is_no_rate_is_refused(wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="not a frame rate"):
        Rate(*wrong)
