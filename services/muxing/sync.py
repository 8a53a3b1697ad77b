"""Where each voice is heard in the finished sound: the file itself is searched, not the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.muxing.voices import read

WINDOW = 48_000
"""Samples of a voice that are looked for: its first second."""

REACH = 9_600
"""Samples a voice is looked for before and after its place: 0.2 s."""

SURE = 0.3
"""The normalized correlation from which a voice counts as found.

What came through compressor, limiter and AAC unharmed gives 0.8 to 1.0; two unrelated sounds give 0.05.
"""

ALIKE = 0.02
"""Correlations that differ by less are equally good; speech falls by more within 0.1 ms of its place."""

_FAINT = 1e-3
_AUDIBLE = 3e-2


@dataclass(frozen=True, slots=True)
class Heard:
    """How a voice is heard.

    Args:
        late: Samples after its place; negative before it; None when it cannot be told: too faint, or too
            much like noise for the encoder to keep its shape.
        lost: True when there is silence where a voice should be.
    """

    late: int | None
    lost: bool = False


def listen(master: Path, heard: Path, voices: Sequence[tuple[int, int]], *, delay: int) -> list[Heard]:
    """How each voice is heard.

    Args:
        master: The voices in their places, before any processing.
        heard: The finished file's sound, decoded.
        voices: First sample and length of each.
        delay: Samples by which the file's sound begins after its clock.
    """
    return [_find(master, heard, start, min(length, WINDOW), delay) for start, length in voices]


def _find(master: Path, heard: Path, start: int, length: int, delay: int) -> Heard:
    voice = read(master, start, length)
    around = read(heard, start - delay - REACH, length + 2 * REACH)
    loudest = np.abs(voice).max(initial=0)
    if np.abs(around).max(initial=0) < _FAINT:
        return Heard(None, lost=bool(loudest >= _AUDIBLE))
    if loudest < _FAINT:
        return Heard(None)
    size = 1 << (len(around) + length - 1).bit_length()
    spectrum = np.fft.rfft(around, size) * np.conj(np.fft.rfft(voice, size))
    products = np.fft.irfft(spectrum, size)[: 2 * REACH + 1]
    power = np.concatenate(([0.0], np.cumsum(np.square(around, dtype=np.float64))))
    energy = np.maximum(power[length:] - power[:-length], 1e-9)
    likeness = products / np.sqrt(energy * np.sum(np.square(voice, dtype=np.float64)))
    best = float(likeness.max())
    if best < SURE:
        return Heard(None)
    # A steady tone is like itself one period later: of places as good as the best the nearest counts.
    near = np.flatnonzero(likeness >= best - ALIKE) - REACH
    return Heard(int(near[np.argmin(np.abs(near))]))
