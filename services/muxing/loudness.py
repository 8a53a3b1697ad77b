"""How loud the video shall be, and what to change when it is not; decibels throughout."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

TARGET_LUFS = -16.0
"""Integrated loudness: what podcasts and platforms for speech ask for (AES TD1004.1.15-10)."""

TOLERANCE = 0.5
"""LU the finished file may be off the target."""

TRUE_PEAK = -1.0
"""dBTP the finished file must not exceed (EBU R 128)."""

CORRECT_BEYOND = 0.3
"""LU off the target from which the gain is corrected."""

HEADROOM = 0.5
"""dB kept between the true peak of the sound and the limit: AAC adds a little."""

CEILING_REACH = 3.0
"""dB below the highest true peak allowed, within which sound counts as limited by its peaks."""

SILENCE = -70.0
"""LUFS: R 128's absolute gate. At or below it there is no loudness."""

RELATIVE_GATE = -10.0
"""LU: blocks softer than the mean by more do not count (BS.1770-5, annex 1)."""

BLOCK_SAMPLES = 19_200
"""A block of 400 ms at 48 kHz: R 128 knows no loudness of less."""

SHORT_SAMPLES = 144_000
"""Speech of less than 3 s in the whole video may stay softer, where its peaks leave no more room.

R 128 has no opinion on less: its short-term window is 3 s long.
"""

_START_PEAK = -3.0
_CEILING = 20 * math.log10(0.79)
_LOWEST_CEILING = 20 * math.log10(0.0625)
_MOST_GAIN = 60.0


def integrated(blocks: Sequence[float]) -> float:
    """Integrated loudness from that of blocks, LUFS (BS.1770-5, annex 1); -inf when all are silent."""
    power = [10 ** (block / 10) for block in blocks if block > SILENCE]
    if not power:
        return -math.inf
    gate = sum(power) / len(power) * 10 ** (RELATIVE_GATE / 10)
    loud = [one for one in power if one > gate]
    return 10 * math.log10(sum(loud) / len(loud))


@dataclass(frozen=True, slots=True)
class Loudness:
    """What was measured: integrated loudness in LUFS, the highest true peak in dBTP; -inf for silence."""

    lufs: float
    true_peak: float

    @property
    def audible(self) -> bool:
        """Tell whether there is a loudness at all."""
        return self.lufs > SILENCE

    def as_loud_as_can_be(self, voice_samples: int) -> bool:
        """Tell whether so little speech is softer than the target because its peaks are at the ceiling."""
        at_ceiling = self.true_peak > TRUE_PEAK - CEILING_REACH
        return voice_samples < SHORT_SAMPLES and self.lufs < TARGET_LUFS and at_ceiling

    def misses(self, voice_samples: int) -> Iterator[str]:
        """What keeps it from being published, for so many samples of speech; each continues "the sound …"."""
        off = abs(self.lufs - TARGET_LUFS) > TOLERANCE
        if off and not self.as_loud_as_can_be(voice_samples):
            yield f"it is {self.lufs:.1f} LUFS loud, not {TARGET_LUFS:.1f} ± {TOLERANCE}"
        if self.true_peak > TRUE_PEAK:
            yield f"its true peak is {self.true_peak:.1f} dBTP, above {TRUE_PEAK:.1f}"

    def meets(self, *, within: float, headroom: float) -> bool:
        """Tell whether loudness and peak are what they shall be."""
        return abs(self.lufs - TARGET_LUFS) <= within and self.true_peak <= TRUE_PEAK - headroom


@dataclass(frozen=True, slots=True)
class Aim:
    """The gain before the limiter, and the limiter's ceiling (of samples, not of true peaks), in dB."""

    gain: float
    ceiling: float = _CEILING

    def corrected(self, found: Loudness) -> Aim:
        """The aim after one look at what the last one gave; unchanged for silence."""
        if not found.audible:
            return self
        over = found.true_peak - (TRUE_PEAK - HEADROOM)
        ceiling = max(_LOWEST_CEILING, self.ceiling - over - 0.1) if over > 0 else self.ceiling
        gain = min(_MOST_GAIN, self.gain + TARGET_LUFS - found.lufs)
        return replace(self, gain=gain, ceiling=ceiling)


def first_gain(peak: float) -> float:
    """The gain that lifts a sample peak (0 to 1, not 0) to -3 dBFS, so that quiet voices meet the compressor
    as loud ones do; 0 for what is louder.
    """
    return max(0.0, _START_PEAK - 20 * math.log10(peak))


def aim(lufs: float) -> Aim:
    """The first aim, from the compressed voice's loudness."""
    return Aim(min(_MOST_GAIN, TARGET_LUFS - lufs) if lufs > SILENCE else 0.0)
