"""Where each voice is heard in the finished sound: the file itself is searched, not the plan."""

from __future__ import annotations

import numpy as np

from services.media.filters import Sound
from services.muxing.takes import Heard

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


def find(voice: Sound, sound: Sound, start: int) -> Heard:
    """How a voice is heard.

    Args:
        voice: As it was before any processing.
        sound: What the finished file decodes to.
        start: The sample of the sound at which the voice should begin.
    """
    voice = voice[:WINDOW]
    length = len(voice)
    around = _piece(sound, start - REACH, length + 2 * REACH)
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


def _piece(sound: Sound, start: int, samples: int) -> Sound:
    """A piece of a sound; silence where it has nothing."""
    piece = np.zeros(samples, np.float32)
    found = sound[max(0, start) : start + samples]
    skip = max(0, -start)
    piece[skip : skip + len(found)] = found
    return piece
