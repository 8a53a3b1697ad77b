"""What the voice says, and when it says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of a narration that speaks one element of the card."""

    text: str
    element: str


@dataclass(frozen=True, slots=True)
class Narration:
    """What the voice says in one scene, in order; `language` is BCP 47."""

    language: str
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        """What is spoken: the segments joined by single spaces."""
        return " ".join(segment.text for segment in self.segments)

    def spans(self) -> Iterator[tuple[Segment, int, int]]:
        """Each segment with the characters it takes in `text`, [start, end)."""
        start = 0
        for segment in self.segments:
            end = start + len(segment.text)
            yield segment, start, end
            start = end + 1


class WordSource(IntEnum):
    """How a word's time was found, from the best to the worst; the values of the contract."""

    EVENT = 1
    SHARED = 2
    ESTIMATED = 3


@dataclass(frozen=True, slots=True)
class Word:
    """One word on the audio's own clock.

    Characters count code points of the spoken text, samples are at 48 kHz; both are half-open ranges.
    """

    text: str
    char_start: int
    char_end: int
    start_sample: int
    end_sample: int
    source: WordSource


@dataclass(frozen=True, slots=True)
class SpeechTiming:
    """A spoken text with the time of each word, in order, without overlap."""

    text: str
    words: tuple[Word, ...]
