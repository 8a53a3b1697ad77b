"""One channel of sound to access units of AAC, in process: the encoder's settings live here."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import av
import numpy as np
import numpy.typing as npt
from av.audio.codeccontext import AudioCodecContext

from services.media.clock import SAMPLE_RATE, UNIT

QUALITY = 2
"""FFmpeg's -q:a. By quality and not by rate: at the same size it is twice as fast, as no unit is encoded
again to fit.
"""

_LAMBDA = 118
"""Units of `global_quality` in one of -q:a (FF_QP2LAMBDA in libavutil/avutil.h)."""

_OPTIONS = {
    "aac_coder": "fast",
    # Noise substitution and TNS do not go into two channels, see `services/muxing/pair.py`.
    "aac_pns": "0",
    "aac_tns": "0",
    "global_quality": str(QUALITY * _LAMBDA),
    "flags": "+qscale+bitexact",
}


def encode(sound: npt.NDArray[np.float32]) -> list[bytes]:
    """The access units of a sound.

    Args:
        sound: -1 to 1, shape (n,), n a multiple of `UNIT`.

    Returns:
        n / `UNIT` + 1 units: the first one is the encoder's delay.
    """
    codec = av.CodecContext.create("aac", "w")
    assert isinstance(codec, AudioCodecContext)
    codec.sample_rate, codec.layout, codec.format = SAMPLE_RATE, "mono", "fltp"
    codec.time_base = Fraction(1, SAMPLE_RATE)
    codec.options = dict(_OPTIONS)
    units: list[bytes] = []
    for start in range(0, len(sound), UNIT):
        piece = np.ascontiguousarray(sound[None, start : start + UNIT])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, codec.time_base
        units += [bytes(packet) for packet in codec.encode(frame)]
    return units + [bytes(packet) for packet in codec.encode(None)]


@lru_cache(maxsize=1)
def silence() -> bytes:
    """The unit in which nothing is heard, whatever stands before and after it."""
    return encode(np.zeros(3 * UNIT, np.float32))[1]
