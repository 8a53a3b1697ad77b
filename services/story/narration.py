"""What the voice says, and when it says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from services.story import spelling
from services.story.spelling import Spelling


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of a narration that speaks one element of the card; `spellings` count in its own text."""

    text: str
    element: str
    spellings: tuple[Spelling, ...] = ()


@dataclass(frozen=True, slots=True)
class Narration:
    """What the voice says in one scene, in order; `language` is BCP 47."""

    language: str
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        """What is spoken: the segments joined by single spaces."""
        return " ".join(segment.text for segment in self.segments)

    @property
    def spellings(self) -> tuple[Spelling, ...]:
        """Where `text` is written otherwise than it is spoken."""
        return tuple(each.moved(start) for segment, start, _ in self.spans() for each in segment.spellings)

    @property
    def written(self) -> str:
        """What the document says: the text as it is written there."""
        return spelling.written(self.text, self.spellings)

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
    """A spoken text with the time of each word, in order, without overlap.

    `spellings` say how it is written, where that is known to differ; a voice does not know them.
    """

    text: str
    words: tuple[Word, ...]
    spellings: tuple[Spelling, ...] = ()

    @property
    def written(self) -> str:
        """The text as it is written."""
        return spelling.written(self.text, self.spellings)
