"""What is changed when a sound is not as loud as it shall be."""

from __future__ import annotations

import pytest

from services.muxing.loudness import Aim, Loudness, aim, first_gain


@pytest.mark.parametrize(("peak", "gain"), [(1.0, 0.0), (0.8, 0.0), (0.0707946, 20.0), (1 / 32768, 87.3)])
def test_quiet_voices_are_lifted_before_the_compressor(peak: float, gain: float) -> None:
    assert first_gain(peak) == pytest.approx(gain, abs=0.05)


def test_the_first_aim_makes_up_what_is_missing() -> None:
    assert aim(-24.5).gain == 8.5


@pytest.mark.parametrize("lufs", [float("-inf"), -70.0])
def test_silence_changes_nothing(lufs: float) -> None:
    silence = Loudness(lufs, float("-inf"))

    assert aim(lufs).gain == 0
    assert Aim(3.0).corrected(silence) == Aim(3.0)


def test_a_correction_turns_the_gain_by_the_difference() -> None:
    assert Aim(5.0, -2.0).corrected(Loudness(-17.0, -3.0)) == Aim(6.0, -2.0)


def test_a_peak_too_high_lowers_the_ceiling_below_it() -> None:
    corrected = Aim(5.0, -2.0).corrected(Loudness(-16.0, -0.5))

    assert corrected.ceiling == pytest.approx(-3.1)


def test_gain_and_ceiling_stay_within_what_the_filters_take() -> None:
    corrected = Aim(59.0, -23.0).corrected(Loudness(-40.0, 6.0))

    assert corrected.gain == 60
    assert corrected.ceiling == pytest.approx(-24.08, abs=0.01)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Loudness(-16.5, -1.0), []),
        (Loudness(-16.6, -2), ["it is -16.6 LUFS loud, not -16.0 ± 0.5"]),
        (Loudness(-15.4, -2), ["it is -15.4 LUFS loud, not -16.0 ± 0.5"]),
        (Loudness(float("-inf"), float("-inf")), ["it is -inf LUFS loud, not -16.0 ± 0.5"]),
        (Loudness(-16.0, -0.9), ["its true peak is -0.9 dBTP, above -1.0"]),
    ],
)
def test_what_is_wrong_with_a_loudness_is_told_with_its_numbers(found: Loudness, said: list[str]) -> None:
    assert list(found.misses(10 * 48_000)) == said


@pytest.mark.parametrize(
    ("found", "seconds", "accepted"),
    [
        (Loudness(-19, -2), 1, True),
        (Loudness(-19, -2), 3, False),
        (Loudness(-19, -9), 1, False),
        (Loudness(-14, -2), 1, False),
    ],
)
def test_only_little_speech_at_its_ceiling_may_stay_softer(
    found: Loudness, seconds: int, accepted: bool
) -> None:
    assert found.as_loud_as_can_be(seconds * 48_000) is accepted
