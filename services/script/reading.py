"""A text on its way from how it is written to how it is read out, which forgets neither."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from services.story.spelling import LONGEST, Spelling
from services.story.text import Edit

Said = str | Callable[[re.Match[str]], str]
"""What is said instead of a match: a template as `re.sub` knows it, or a function."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A written text as it is read out so far.

    Each character of `text` comes from characters [starts, ends) of `written`; both only go up. Those
    that one change has made together come from the same ones.
    """

    written: str
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, written: str) -> Reading:
        """A text that is read as it is written."""
        count = len(written)
        return cls(written, written, tuple(range(count)), tuple(range(1, count + 1)))

    def sub(self, pattern: re.Pattern[str], said: Said) -> Reading:
        """The reading with what matches said differently, as `pattern.sub` says it."""
        return self.edited(
            (*match.span(), match.expand(said) if isinstance(said, str) else said(match))
            for match in pattern.finditer(self.text)
        )

    def edited(self, edits: Iterable[Edit]) -> Reading:
        """The reading with some characters of its text, given in order and apart, said differently."""
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for first, last, new in edits:
            if new == self.text[first:last]:
                continue
            begin, end = self._source(first, last)
            parts += (self.text[done:first], new)
            starts += (*self.starts[done:first], *[begin] * len(new))
            ends += (*self.ends[done:first], *[end] * len(new))
            done = last
        if not parts:
            return self
        text = "".join((*parts, self.text[done:]))
        return Reading(self.written, text, (*starts, *self.starts[done:]), (*ends, *self.ends[done:]))

    def ended(self, text: str, trailing: str) -> Reading:
        """The reading cut and closed as `text`, a beginning of its own text and at most one mark more.

        What is written loses the marks in `trailing` that it ends with, too, and gets the mark, unless
        it has one already.
        """
        count = len(text) if self.text.startswith(text) else len(text) - 1
        starts, ends = self.starts[:count], self.ends[:count]
        written = self.written.rstrip().rstrip(trailing).rstrip()
        written = self.written[: max(len(written), ends[-1] if ends else 0)]
        if mark := text[count:]:
            written = written if written.endswith(mark) else written + mark
            starts, ends = (*starts, len(written) - 1), (*ends, len(written))
        return Reading(written, text, starts, ends)

    def spellings(self) -> tuple[Spelling, ...]:
        """Where what is read out differs from what is written; put back they give `written`.

        What is written and not read out at all (a picture, a bullet) belongs to the character before it.
        """
        return tuple(self._spellings())

    def _spellings(self) -> Iterator[Spelling]:
        first, begin = 0, 0
        while first < len(self.text):
            last, end = first + 1, self.ends[first]
            while last < len(self.text) and (self.starts[last] < end or self.ends[last] <= end):
                end = max(end, self.ends[last])
                last += 1
            end = self.starts[last] if last < len(self.text) else len(self.written)
            said, shown = self.text[first:last], self.written[begin:end]
            if said != shown and len(shown) <= LONGEST:
                yield _tight(Spelling(first, last, shown), said)
            first, begin = last, end

    def _source(self, first: int, last: int) -> tuple[int, int]:
        """What characters [first, last) come from; nothing, at its place, when there are none."""
        if first < last:
            return self.starts[first], self.ends[last - 1]
        place = self.ends[first - 1] if first else 0
        return place, place


def _tight(spelling: Spelling, said: str) -> Spelling:
    """The spelling without the spaces around it that are both said and written."""
    start, end, shown = spelling.char_start, spelling.char_end, spelling.written
    if end - start > 1 and said[0] == shown[:1] == " ":
        start, shown = start + 1, shown[1:]
    if end - start > 1 and said[-1] == shown[-1:] == " ":
        end, shown = end - 1, shown[:-1]
    return Spelling(start, end, shown)
