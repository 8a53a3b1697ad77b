"""Takes: the pieces that a sound is made in, each alone, and kept; the sound is put together from them.

A take is a voice with silence around it. What is in it does not depend on where it stands, so after an
edit only the takes of the edited scenes are made anew. Voices too close to be apart make one take.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.artifacts.store import Artifact
from services.chassis.errors import GateRefused, Suggestion
from services.media.clock import SAMPLE_RATE, UNIT
from services.muxing.loudness import Loudness, integrated
from services.muxing.sound import Score

LEAD_UNITS = 2
"""Units of silence before a take's first voice: the encoder sees a voice coming one unit ahead."""

REST_SAMPLES = 9_600
"""Samples of silence after a take's last voice: 0.2 s, in which filters and limiter come to rest."""

MOST_UNITS = 600 * SAMPLE_RATE // UNIT
"""A take is held in memory: ten minutes are 115 MB."""


@dataclass(frozen=True, slots=True)
class TakeVoice:
    """A voice in a take: FLAC, its first sample there, its length."""

    audio: Artifact
    start: int
    samples: int


@dataclass(frozen=True, slots=True)
class Take:
    """What a take is made of: voices in order, and its length in access units."""

    voices: tuple[TakeVoice, ...]
    units: int


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


@dataclass(frozen=True, slots=True)
class Recording:
    """A finished take, and what was measured on it once it was encoded.

    Args:
        audio: MP4 with one AAC track in stereo, one unit (the encoder's delay) longer than the take.
        blocks: Loudness of each block of 400 ms that is not silent, LUFS, one every 100 ms.
        true_peak: The highest, dBTP.
        voices: Per voice, how it is heard.
    """

    audio: Artifact
    blocks: tuple[float, ...]
    true_peak: float
    voices: tuple[Heard, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A take in its place: the unit of the sound it begins with, and its first voice's number, from 0."""

    take: Take
    unit: int
    first: int


def split(score: Score) -> Iterator[Placed]:
    """The takes of a sound, in order.

    Raises:
        GateRefused: Voices follow each other without a pause for more than ten minutes.
    """
    last = -(-score.samples // UNIT)
    numbers: list[int] = []
    begin = end = 0
    for number, (start, samples) in enumerate(score.places):
        before = max(0, start // UNIT - LEAD_UNITS)
        if numbers and before > end:
            yield _placed(score, numbers, begin, end)
            numbers = []
        if not numbers:
            begin = before
        numbers.append(number)
        end = min(last, -(-(start + samples + REST_SAMPLES) // UNIT))
    yield _placed(score, numbers, begin, end)


def loudness(recordings: Sequence[Recording]) -> Loudness:
    """The loudness of a sound put together from takes with pauses between them."""
    return Loudness(
        integrated([block for recording in recordings for block in recording.blocks]),
        max(recording.true_peak for recording in recordings),
    )


def _placed(score: Score, numbers: Sequence[int], begin: int, end: int) -> Placed:
    if end - begin > MOST_UNITS:
        raise GateRefused(
            f"The voices from scene {numbers[0] + 1} to {numbers[-1] + 1} follow each other without a "
            f"pause for {(end - begin) * UNIT / SAMPLE_RATE / 60:.0f} minutes; ten is the most.",
            suggestions=[Suggestion("Leave at least 0.3 s between voices, and no voice over ten minutes.")],
            metadata={"scene": str(numbers[0] + 1)},
        )
    voices = tuple(
        TakeVoice(score.voices[n].audio, score.starts[n] - begin * UNIT, score.voices[n].samples)
        for n in numbers
    )
    return Placed(Take(voices, end - begin), begin, numbers[0])
