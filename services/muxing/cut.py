"""Where the sound is cut so that two processes encode it, and how the parts are put together again.

An encoder works on one core, and its whole state before a long silence is forgotten after it. So the sound
is cut where nothing is heard, on the grid of access units, and the parts are joined unit by unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from services.chassis.errors import GateRefused
from services.media import units
from services.media.units import FRAME, Unit
from services.muxing.pair import stereo

SHORT_SAMPLES = 1_440_000
"""Sound of less than 30 s is not cut: a second process would cost more than it saves."""

QUIET_BEFORE = 9_600
"""Samples of silence before a cut: 0.2 s, in which filters and limiter come to rest."""

QUIET_AFTER = 2 * FRAME
"""Samples of silence after a cut, which the first unit of the next part is made of."""


def cut(places: Sequence[tuple[int, int]], samples: int) -> list[tuple[int, int]]:
    """The parts to encode: first sample and length of each, one or two.

    Args:
        places: First sample and length of each voice, in order.
        samples: The length of the sound.
    """
    pauses = [
        (-(-(start + length + QUIET_BEFORE) // FRAME) * FRAME, following - QUIET_AFTER)
        for (start, length), (following, _) in pairwise(places)
    ]
    cuts = [first for first, last in pauses if first <= last]
    if samples < SHORT_SAMPLES or not cuts:
        return [(0, samples)]
    middle = min(cuts, key=lambda at: abs(2 * at - samples))
    return [(0, middle), (middle, samples - middle)]


def join(parts: Sequence[Path], starts: Sequence[int], out: Path) -> None:
    """Write the sound: the parts' units one after the other, in two channels.

    Args:
        parts: MP4 files with one AAC track of one channel.
        starts: The first sample of each.
        out: The file to write.

    Raises:
        GateRefused: The parts do not meet in silence, or hold something unexpected.
        probe.Unreadable: A part does not read.
        OSError: The file cannot be written.
    """
    shifted = [_shifted(units.read(part), start) for part, start in zip(parts, starts, strict=True)]
    units.write_stereo(out, (Unit(stereo(u.data), u.start, u.samples) for u in _joined(shifted)))


def _shifted(part: Iterable[Unit], start: int) -> Iterator[Unit]:
    return (Unit(unit.data, unit.start + start, unit.samples) for unit in part)


def _joined(parts: Iterable[Iterator[Unit]]) -> Iterator[Unit]:
    """All units; the unit before a cut is the last of one part and, as its delay, the first of the next."""
    last: Unit | None = None
    for part in parts:
        for number, unit in enumerate(part):
            if last is not None and number == 0 and last != unit:
                raise GateRefused(f"The parts of the sound do not meet in silence at sample {unit.start}.")
            if last is not None and number:
                yield last
            last = unit
    if last is not None:
        yield last
