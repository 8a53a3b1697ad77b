"""Makes a take from its voices: lay, press, level, encode, listen; a take's bytes depend on it alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.chassis.errors import ArtifactCorrupt, GateRefused, Suggestion
from services.media import aac, filters, probe, units
from services.media.clock import UNIT
from services.media.filters import Sound
from services.media.units import Unit
from services.muxing import loudness, meter, sync
from services.muxing.loudness import Aim
from services.muxing.meter import Measured
from services.muxing.pair import stereo
from services.muxing.takes import Heard

ENCODINGS = 5
"""How often a take is encoded at most: speech needs one, a lone click the most."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A voice of a take: a FLAC file, its first sample in the take, how many samples it must have."""

    audio: Path
    start: int
    samples: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What a finished take was found to hold; see `takes.Recording`."""

    blocks: tuple[float, ...]
    true_peak: float
    voices: tuple[Heard, ...]


def record(voices: Sequence[Spoken], *, length: int, out: Path) -> Findings:
    """Write a take.

    The encoded sound is the judge: it is decoded and measured, and made again until it is as loud as it
    shall be. Little speech with high peaks stays softer; the whole sound is judged later.

    Args:
        voices: In order; they must not overlap.
        length: The take's length in access units.
        out: The MP4 to write.

    Raises:
        ArtifactCorrupt: A voice does not decode or has another length than was planned; metadata `voice`
            counts from 0.
        GateRefused: What was encoded does not decode to what it should.
        OSError: The file cannot be written.
    """
    laid = _lay(voices, length * UNIT)
    peak = float(np.abs(laid).max())
    if peak == 0:
        _write(laid, out)
        heard = _heard(out, len(laid))
        return _found(voices, laid, heard, meter.measure(heard))
    pressed = _press(laid, gain=loudness.first_gain(peak))
    aim = loudness.aim(meter.measure(pressed, peaks=False).loudness.lufs)
    for _ in range(ENCODINGS):
        _write(_level(pressed, aim), out)
        heard = _heard(out, len(laid))
        measured = meter.measure(heard)
        if measured.loudness.meets(within=loudness.CORRECT_BEYOND, headroom=0):
            break
        aim = aim.corrected(measured.loudness)
    return _found(voices, laid, heard, measured)


def _lay(voices: Sequence[Spoken], samples: int) -> Sound:
    laid = np.zeros(samples, np.float32)
    for number, voice in enumerate(voices):
        written = 0
        try:
            for piece in probe.samples(voice.audio):
                room = laid[voice.start + written : voice.start + voice.samples]
                room[: len(piece)] = piece[: len(room)] / np.float32(32768)
                written += len(piece)
                if written > voice.samples:
                    break
        except probe.Unreadable as error:
            raise _unfit(number, str(error)) from error
        if written != voice.samples:
            more = "at least " * (written > voice.samples)
            raise _unfit(number, f"has {more}{written} samples, {voice.samples} were planned")
    return laid


def _press(laid: Sound, *, gain: float) -> Sound:
    """Even out the voices: rumble below 80 Hz goes, loud syllables come nearer to quiet ones."""
    compressor = {"threshold": "-26dB", "ratio": "3.5", "attack": "4", "release": "90", "knee": "6"}
    chain = [_volume(gain), ("highpass", {"f": "80"}), ("acompressor", compressor)]
    return filters.through(laid, chain)


def _level(pressed: Sound, aim: Aim) -> Sound:
    """Bring the voices to their loudness, peaks under the ceiling; silence is silence, as in integers."""
    limiter = {
        "limit": f"{10 ** (aim.ceiling / 20):.6f}",
        "level": "0",
        "attack": "2",
        "release": "60",
        "asc": "1",
        "latency": "1",  # else the sound would be late by the attack
    }
    levelled = filters.through(pressed, [_volume(aim.gain), ("alimiter", limiter)])
    return np.clip(np.rint(levelled * 32768), -32768, 32767).astype(np.float32) / np.float32(32768)


def _volume(gain: float) -> filters.Filter:
    return "volume", {"volume": f"{gain:.3f}dB", "precision": "float"}


def _write(sound: Sound, out: Path) -> None:
    encoded = (stereo(unit) for unit in aac.encode(sound))
    units.write_stereo(out, (Unit(data, UNIT * (n - 1), UNIT) for n, data in enumerate(encoded)))


def _heard(out: Path, samples: int) -> Sound:
    """What the file decodes to, from one side: the other one must be the same."""
    try:
        left, right = _both(out)
    except probe.Unreadable as error:
        raise _refused(str(error)) from error
    if len(left) != samples:
        raise _refused(f"has {len(left)} samples, {samples} went in")
    if not np.array_equal(left, right):
        raise _refused("does not sound the same on both sides")
    return left


def _both(out: Path) -> tuple[Sound, Sound]:
    sides: Sound = np.concatenate(list(probe.sides(out)), axis=1)
    return sides[0], sides[1]


def _found(voices: Sequence[Spoken], laid: Sound, heard: Sound, measured: Measured) -> Findings:
    places = ((voice.start, voice.samples) for voice in voices)
    return Findings(
        measured.blocks,
        measured.true_peak,
        tuple(sync.find(laid[start : start + samples], heard, start) for start, samples in places),
    )


def _unfit(number: int, what: str) -> ArtifactCorrupt:
    return ArtifactCorrupt(
        f"The voice {what}. Repeat the call that made it.", metadata={"voice": str(number)}
    )


def _refused(what: str) -> GateRefused:
    return GateRefused(
        f"An encoded voice {what}; it was not used.",
        suggestions=[Suggestion("Report it with the request's digest; the same request gives the same.")],
    )
