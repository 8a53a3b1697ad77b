"""How the document writes what is spoken otherwise: `guide dot mp4` is written `guide.mp4`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

LONGEST = 5000
"""Characters of what is written for one spelling, in the contract."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """Characters [char_start, char_end) of a spoken text, at least one, are written `written`.

    Characters count code points. The spellings of a text stand in order and do not overlap; what none of
    them covers is written as it is spoken.
    """

    char_start: int
    char_end: int
    written: str

    def moved(self, by: int) -> Spelling:
        """The same spelling in a text that has `by` more characters before it."""
        return Spelling(self.char_start + by, self.char_end + by, self.written)


def written(text: str, spellings: Iterable[Spelling]) -> str:
    """A spoken text as it is written; the spellings must fit it."""
    parts: list[str] = []
    done = 0
    for spelling in spellings:
        parts += (text[done : spelling.char_start], spelling.written)
        done = spelling.char_end
    return "".join((*parts, text[done:]))


def places(cuts: Iterable[int], spellings: Sequence[Spelling]) -> Iterator[int]:
    """Where in the written text each place in the spoken one is; -1 for a place within a spelling.

    Args:
        cuts: Places between characters of the spoken text, in order.
        spellings: Those of the text.
    """
    number, grown = 0, 0
    for cut in cuts:
        while number < len(spellings) and spellings[number].char_end <= cut:
            passed = spellings[number]
            grown += len(passed.written) - (passed.char_end - passed.char_start)
            number += 1
        within = number < len(spellings) and spellings[number].char_start < cut
        yield -1 if within else cut + grown


def fit(spellings: Sequence[Spelling], text: str) -> bool:
    """Tell whether spellings stand within a text, in order, each over a character at least, apart."""
    ends = [0, *(spelling.char_end for spelling in spellings)]
    return ends[-1] <= len(text) and all(
        end <= spelling.char_start < spelling.char_end for end, spelling in zip(ends, spellings, strict=False)
    )
