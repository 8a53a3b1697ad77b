"""How loud a sound is, by FFmpeg's meter (EBU R 128, ITU-R BS.1770)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from services.media import filters
from services.media.filters import Sound
from services.muxing.loudness import BLOCK_SAMPLES, SILENCE, Loudness, integrated

_HALF_STEP = 0.0005
"""The meter tells peaks in steps of 0.001; the true one is not above this more."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured.

    Args:
        blocks: Loudness of each block of 400 ms that is not silent, LUFS, one every 100 ms.
        true_peak: The highest, dBTP.
    """

    blocks: tuple[float, ...]
    true_peak: float

    @property
    def loudness(self) -> Loudness:
        """The same as one loudness."""
        return Loudness(integrated(self.blocks), self.true_peak)


def measure(sound: Sound, *, peaks: bool = True) -> Measured:
    """Measure one channel as it sounds from two.

    Args:
        sound: Silence around it counts as silence, whether it is in it or not.
        peaks: False spares the search for the true peak, which is then 0.
    """
    options = {"metadata": "1", "dualmono": "1", "framelog": "quiet", "peak": "true" if peaks else "none"}
    around = np.zeros(BLOCK_SAMPLES + BLOCK_SAMPLES // 4, np.float32)
    noted = filters.notes(np.concatenate([around, sound, around]), [("ebur128", options)])
    told = [note for note in noted if note]  # the last piece is shorter than a step and has none
    found = (float(note["lavfi.r128.M"]) for note in told)
    peak = float(told[-1].get("lavfi.r128.true_peak", "1")) + _HALF_STEP
    return Measured(tuple(block for block in found if block > SILENCE), 20 * math.log10(peak))
