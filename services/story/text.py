"""Rich text: a line of text that knows which of its characters are code, a link, struck out and the like."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Literal

Kind = Literal["emphasis", "strong", "code", "link", "formula", "struck_out", "foreign"]

Edit = tuple[int, int, str]
"""Characters [start, end) of a text, and what comes in their place."""

_SPACES = re.compile(r"\s+")
# A part of a span is not a span of these kinds, and two beside each other stay two.
_WHOLE = frozenset({"code", "formula"})


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end) of a text, at least one, and what they are.

    `value` is the address of a link, the TeX of a formula, the language of a foreign part (BCP 47), else "".
    """

    start: int
    end: int
    kind: Kind
    value: str = ""

    def moved(self, by: int) -> Span:
        """The same span in a text that has `by` more characters before it."""
        return replace(self, start=self.start + by, end=self.end + by)


@dataclass(frozen=True, slots=True)
class Text:
    """A text without markup, and what stands out in it.

    Spans are in order of their starts, of two that start together the longer first, and each two are apart
    or nested. Places count code points. A text without characters is false.
    """

    text: str = ""
    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, text: str, *kinds: tuple[Kind, str]) -> Text:
        """A text that is all of some kinds, each with its value, the outermost first."""
        spans = (Span(0, len(text), kind, value) for kind, value in kinds) if text else ()
        return cls(text, tuple(spans))

    def __str__(self) -> str:
        return self.text

    def __len__(self) -> int:
        return len(self.text)

    def __add__(self, other: Text) -> Text:
        return joined((self, other), "")

    def __getitem__(self, part: slice) -> Text:
        """The characters of a slice with step 1; spans end where they are cut."""
        start, end, _ = part.indices(len(self.text))
        return self.cut([(start, end)])[0]

    def within(self, *kinds: tuple[Kind, str]) -> Text:
        """The text, all of it of some kinds more, each with its value, the outermost first."""
        around = Text.of(self.text, *kinds).spans
        return Text(self.text, around + self.spans)

    def cut(self, parts: Iterable[tuple[int, int]]) -> list[Text]:
        """Several parts [start, end) at once, whose starts and ends only go up; what is between is left out.

        A formula that is cut through is code.
        """
        found: list[Text] = []
        begun: list[Span] = []
        after = 0
        for start, end in parts:
            begun = [span for span in begun if span.end > start]
            while after < len(self.spans) and self.spans[after].start < end:
                if self.spans[after].end > start:
                    begun.append(self.spans[after])
                after += 1
            inside = (_clipped(span, start, end) for span in begun if span.start < end and start < end)
            found.append(Text(self.text[start:end], tuple(inside)))
        return found

    def edited(self, edits: Iterable[Edit]) -> Text:
        """The text with some characters replaced, given in order and apart; spans keep what they stand for.

        What replaces characters on both sides of an edge belongs to the span before it, and what is put in
        between two characters to the spans around both alone. A span without characters is gone.
        """
        edits = list(edits)
        if not edits:
            return self
        starts, ends = [start for start, _, _ in edits], [end for _, end, _ in edits]
        grown = list(accumulate((len(new) - (end - start) for start, end, new in edits), initial=0))
        parts: list[str] = []
        done = 0
        for start, end, new in edits:
            parts += (self.text[done:start], new)
            done = end
        spans = []
        for span in self.spans:
            first, last = bisect_right(ends, span.start), bisect_left(starts, span.end)
            inside = first < len(starts) and starts[first] < span.start
            start = ends[first] + grown[first + 1] if inside else span.start + grown[first]
            end = (max(ends[last - 1], span.end) if last else span.end) + grown[last]
            if start < end:
                spans.append(replace(span, start=start, end=end))
        return Text("".join((*parts, self.text[done:])), tuple(spans))

    def sub(self, pattern: re.Pattern[str], said: str | Callable[[re.Match[str]], str]) -> Text:
        """The text with what matches replaced, as `pattern.sub` would; its spans move along."""
        return self.edited(
            (*match.span(), match.expand(said) if isinstance(said, str) else said(match))
            for match in pattern.finditer(self.text)
        )

    def strip(self, characters: str | None = None) -> Text:
        """The text without white space, or some characters, at its ends."""
        return self.rstrip(characters).lstrip(characters)

    def lstrip(self, characters: str | None = None) -> Text:
        """The text without white space, or some characters, at its start."""
        return self[len(self.text) - len(self.text.lstrip(characters)) :]

    def rstrip(self, characters: str | None = None) -> Text:
        """The text without white space, or some characters, at its end."""
        return self[: len(self.text.rstrip(characters))]

    def collapsed(self) -> Text:
        """The text in one line, its words apart by single spaces."""
        if " ".join(self.text.split()) == self.text:
            return self
        return self.strip().sub(_SPACES, " ")

    def normalized(self) -> Text:
        """The text with its characters composed (NFC), those on two sides of a span's edge apart."""
        if unicodedata.is_normalized("NFC", self.text):
            return self
        parts: list[str] = []
        written = said = 0
        places = {0: 0}
        for text, _ in self.pieces():
            parts.append(unicodedata.normalize("NFC", text))
            written, said = written + len(text), said + len(parts[-1])
            places[written] = said
        spans = (replace(span, start=places[span.start], end=places[span.end]) for span in self.spans)
        return Text("".join(parts), tuple(spans))

    def of_kind(self, *kinds: Kind) -> tuple[Span, ...]:
        """The spans of some kinds."""
        return tuple(span for span in self.spans if span.kind in kinds)

    def without(self, kind: Kind) -> Text:
        """The text without the characters of a kind."""
        return self.edited((span.start, span.end, "") for span in _outermost(self.of_kind(kind)))

    def standing(self) -> str:
        """What the text says in one line without what is struck out; all of it where nothing else is left."""
        return self.without("struck_out").collapsed().text or self.text

    def pieces(self) -> Iterator[tuple[str, tuple[Span, ...]]]:
        """The text in parts whose characters are in the same spans, each with those, the outermost first."""
        edges = sorted({0, len(self.text), *(place for s in self.spans for place in (s.start, s.end))})
        begun: list[Span] = []
        after = 0
        for start, end in pairwise(edges):
            begun = [span for span in begun if span.end > start]
            while after < len(self.spans) and self.spans[after].start <= start:
                begun.append(self.spans[after])
                after += 1
            yield self.text[start:end], tuple(begun)

    def fits(self) -> bool:
        """Tell whether the spans stand within the text, in order, apart or nested."""
        around: list[int] = []
        before = (-1, 0)
        for span in self.spans:
            place = (span.start, -span.end)
            while around and around[-1] <= span.start:
                around.pop()
            if not span.start < span.end <= (around[-1] if around else len(self.text)) or place < before:
                return False
            around.append(span.end)
            before = place
        return True


NOTHING = Text()
"""No text."""


def joined(texts: Iterable[Text], between: str = " ") -> Text:
    """Texts behind one another; what goes on over the seam of two that touch is one span again."""
    texts = list(texts)
    if not any(text.spans for text in texts):
        return Text(between.join(text.text for text in texts))
    parts: list[str] = []
    spans: list[Span] = []
    at = 0
    last: list[int] = []  # the spans that end here, the outermost first
    for number, text in enumerate(texts):
        if number and between:
            parts.append(between)
            at += len(between)
            last = []
        if not text.text:
            continue
        own = [span.moved(at) for span in text.spans]
        same = 0
        while same < min(len(last), len(own)) and _goes_on(spans[last[same]], own[same]):
            spans[last[same]] = replace(spans[last[same]], end=own[same].end)
            same += 1
        at += len(text.text)
        parts.append(text.text)
        last = [index for index in last[:same] if spans[index].end == at]
        last += (len(spans) + index for index, span in enumerate(own[same:]) if span.end == at)
        spans += own[same:]
    return Text("".join(parts), tuple(spans))


def _goes_on(span: Span, after: Span) -> bool:
    alike = (span.kind, span.value) == (after.kind, after.value)
    return alike and span.end == after.start and span.kind not in _WHOLE


def _clipped(span: Span, start: int, end: int) -> Span:
    whole = start <= span.start and span.end <= end
    kept = Span(max(span.start, start) - start, min(span.end, end) - start, span.kind, span.value)
    return kept if whole or span.kind != "formula" else replace(kept, kind="code", value="")


def _outermost(spans: Iterable[Span]) -> Iterator[Span]:
    end = 0
    for span in spans:
        if span.start >= end:
            yield span
            end = span.end
