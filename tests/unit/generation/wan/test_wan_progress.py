"""How far a clip is told to be, and how long it still takes; time is a number that the test sets."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from services.chassis.progress import Progress
from services.generation.wan.progress import CHECKS, FIRST, LAST, STEPS, Telling

FORECAST = {"load": 100.0, "encode_text": 10.0, "denoise": 800.0, "decode": 50.0, "encode": 33.0}
LATER = 50 + 33 * (1 + CHECKS)
"""What is forecast of the phases after denoising."""


class Work:
    """A clip in the making, whose clock goes on when it is told how long something took."""

    def __init__(self, phases: Mapping[str, float] = FORECAST, *, compiled: bool = False) -> None:
        self.now = 1_000.0
        self.told: list[Progress] = []
        self.telling = Telling(self.told.append, phases, compiled=compiled, clock=lambda: self.now)

    def begin(self, phase: str, *, after: float = 0.0) -> None:
        self.now += after
        self.telling.begin(phase)

    def tell(self, phase: str, done: int, total: int, *, took: float) -> Progress:
        self.now += took
        self.telling.tell(phase, done, total)
        return self.told[-1]

    def denoising(self, **kind: bool) -> Work:
        """As if it had loaded and read, and now denoised."""
        self.begin("load")
        self.begin("encode_text", after=3)
        self.begin("denoise", after=2)
        return self

    def steps(self, seconds: list[float], *, of: int) -> list[float | None]:
        return [
            self.tell("denoise", number, of, took=took).remaining for number, took in enumerate(seconds, 1)
        ]

    def film(self, latent_frames: int, *, decode: float, encode: float) -> None:
        """Decode, and encode four frames of each latent frame as they come, as a take does it."""
        self.begin("decode")
        for number in range(latent_frames):
            self.tell("decode", number, latent_frames, took=0)
            self.now += decode
            self.telling.spent("decode")
            for frame in range(4):
                self.tell("encode", 4 * number + frame + 1, 4 * latent_frames, took=encode)
        self.tell("decode", latent_frames, latent_frames, took=0)


def whole_clip(work: Work) -> Work:
    work.denoising().steps([20.0] * 40, of=40)
    work.film(10, decode=5.0, encode=0.8)
    work.begin("checks")
    return work


@pytest.mark.parametrize("phases", [FORECAST, {}, {"denoise": 1.0}, FORECAST | {"load": 0.0}])
def test_the_fraction_goes_through_all_steps_and_never_back(phases: dict[str, float]) -> None:
    told = whole_clip(Work(phases)).told

    fractions = [progress.fraction for progress in told]
    assert fractions == sorted(fractions)
    assert fractions[0] == FIRST
    assert fractions[-1] <= LAST
    assert list(dict.fromkeys(progress.step for progress in told)) == ["prepare", "generate", "postprocess"]
    assert [progress.done for progress in told if progress.unit == "steps"] == list(range(1, 41))


def test_a_phase_fills_as_much_of_the_fraction_as_it_is_forecast_to_take() -> None:
    work = Work().denoising()
    begins = work.told[-1].fraction
    ends = [work.tell("denoise", done, 40, took=20).fraction for done in (20, 40)]

    whole = sum(FORECAST.values()) + CHECKS * FORECAST["encode"]
    assert begins == pytest.approx(FIRST + (LAST - FIRST) * 100 / whole)
    assert ends[0] == pytest.approx(FIRST + (LAST - FIRST) * (110 + 400) / whole)
    assert ends[1] == pytest.approx(FIRST + (LAST - FIRST) * (110 + 800) / whole)


def test_what_is_done_again_keeps_the_higher_fraction() -> None:
    work = Work().denoising()
    work.steps([20.0] * 40, of=40)
    work.begin("decode")
    before = work.tell("decode", 9, 10, took=45).fraction

    again = work.tell("decode", 0, 40, took=1).fraction
    later = work.tell("decode", 39, 40, took=40).fraction

    assert again == before
    assert later > before


def test_nothing_remains_to_be_told_before_a_step_was_measured() -> None:
    work = Work().denoising()

    assert [progress.remaining for progress in work.told] == [None, None]
    assert work.tell("denoise", 1, 40, took=30).remaining is not None


def test_a_first_step_that_compiles_is_not_measured() -> None:
    remaining = Work(compiled=True).denoising().steps([300.0, 20.0, 20.0], of=40)

    assert remaining[0] is None
    # 800 s were forecast and 300 + 39 · 20 are expected: the phases after it take 1.35 of their forecast.
    later = LATER * 1080 / 800
    assert remaining[1:] == pytest.approx([38 * 20 + later, 37 * 20 + later], abs=0.1)


def test_the_first_step_counts_only_as_long_as_there_is_no_other() -> None:
    first, second = Work().denoising().steps([120.0, 20.0], of=40)

    assert first == pytest.approx(39 * 120 + LATER * 4800 / 800, abs=0.1)
    assert second == pytest.approx(38 * 20 + LATER * 900 / 800, abs=0.1)


def test_one_slow_step_does_not_change_the_pace() -> None:
    work = Work().denoising()
    work.steps([20.0] * 20, of=40)

    slow = work.tell("denoise", 21, 40, took=95).remaining

    later = LATER * (800 + 75) / 800
    assert slow == pytest.approx(19 * 20 + later, abs=0.1)


def test_a_lasting_change_of_pace_is_followed() -> None:
    work = Work().denoising()
    work.steps([20.0] * 10, of=40)

    remaining = [work.tell("denoise", done, 40, took=40).remaining or 0 for done in range(11, 20)]

    assert remaining[-1] > 21 * 40


def test_the_decoder_and_the_encoder_beside_it_are_told_apart_and_add_up() -> None:
    work = Work().denoising()
    work.steps([20.0] * 40, of=40)

    work.film(10, decode=5.0, encode=0.8)

    fifth = next(told for told in work.told if told.unit == "frames" and told.done == 20)
    # The fifth latent frame is decoded but told when the next one begins.
    expected = 6 * 5 + 20 * 0.8
    checks = CHECKS * 33
    assert fifth.remaining == pytest.approx(expected + checks, rel=0.05)


def test_what_remains_goes_to_nothing_and_never_below() -> None:
    told = whole_clip(Work(FORECAST | {"denoise": 8.0})).told

    remaining = [progress.remaining for progress in told if progress.remaining is not None]
    assert min(remaining) >= 0
    assert remaining[-1] < 0.02 * remaining[0]


def test_a_clock_that_goes_back_makes_nothing_negative() -> None:
    work = Work().denoising()

    remaining = work.steps([20.0, -50.0, 20.0], of=40)

    assert all(seconds is not None and seconds >= 0 for seconds in remaining)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -1.0])
def test_a_forecast_that_is_none_gives_way_to_typical_shares(wrong: float) -> None:
    told = whole_clip(Work(FORECAST | {"decode": wrong})).told

    assert [progress.fraction for progress in told] == [
        progress.fraction for progress in whole_clip(Work({})).told
    ]
    assert {phase for phase, _ in STEPS.values()} == {progress.step for progress in told}
