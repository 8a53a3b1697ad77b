"""Puts a sound together from takes: units one after the other, silence between them, never decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.chassis.errors import GateRefused
from services.media import aac, probe, units
from services.media.clock import UNIT
from services.media.units import Unit
from services.muxing.pair import stereo


@dataclass(frozen=True, slots=True)
class Piece:
    """A take's file, and the unit of the sound it begins with."""

    take: Path
    unit: int


def splice(pieces: Sequence[Piece], *, samples: int, out: Path) -> probe.AudioTrack:
    """Write a sound and read it back.

    The unit before a take's first one, and the one after its last, is silence. So takes sound as they did
    alone: a unit's sound depends on the one before it and on nothing else (ISO/IEC 14496-3, 4.6.11.3).

    Args:
        pieces: In order, at least one unit apart.
        samples: The length of the sound.
        out: The MP4 to write.

    Raises:
        GateRefused: A take does not begin and end in silence, or the file does not hold what was written.
        probe.Unreadable: A take does not read.
        OSError: The file cannot be written.
    """
    count = -(-samples // UNIT) + 1
    planned = list(_units(pieces, count, samples))
    units.write_stereo(out, planned)
    if list(units.read(out)) != planned:
        raise GateRefused(f"The file of the sound does not hold the {count} units that were written.")
    return probe.audio(out)


def _units(pieces: Sequence[Piece], count: int, samples: int) -> Iterator[Unit]:
    for number, data in enumerate(_joined(pieces, count)):
        start = UNIT * (number - 1)
        yield Unit(data, start, min(UNIT, samples - start))


def _joined(pieces: Sequence[Piece], count: int) -> Iterator[bytes]:
    silence = stereo(aac.silence())
    at = 0
    for piece in pieces:
        found = [unit.data for unit in units.read(piece.take)]
        end = piece.unit + len(found)
        if piece.unit < at or end > count:
            raise GateRefused(f"The take of {len(found)} units does not fit at unit {piece.unit} of {count}.")
        if (piece.unit > 0 and found[0] != silence) or (end < count and found[-1] != silence):
            raise GateRefused(
                f"The take at unit {piece.unit} of the sound does not begin and end in silence."
            )
        yield from (silence for _ in range(at, piece.unit))
        yield from found
        at = end
    yield from (silence for _ in range(at, count))
