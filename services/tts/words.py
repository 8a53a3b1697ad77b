"""The words of a spoken text on the audio's clock, from what an engine reported."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.story.narration import Word, WordSource

# Han (with its extensions) and kana are written without spaces: each character is a word of its own.
_IDEOGRAPH = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_TOKEN = re.compile(rf"[{_IDEOGRAPH}]|[^\s{_IDEOGRAPH}]+")


@dataclass(frozen=True, slots=True)
class Event:
    """An engine's report: from sample `start` to `end` (48 kHz) it speaks what begins at character `char`."""

    char: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text: characters [start, end); from `bare` on it is punctuation that is only shown."""

    start: int
    bare: int
    end: int


def speakable(text: str) -> bool:
    """Tell whether a text holds a letter or a digit of any script."""
    return any(character.isalnum() for character in text)


def tokens(text: str) -> list[Token]:
    """The words of a text: runs without spaces, single Han and kana characters.

    What holds no letter or digit (dashes, emoji, Han punctuation) belongs to the word before it, at the
    beginning of the text to the one after it.
    """
    found: list[Token] = []
    opening = -1
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if speakable(match.group()):
            found.append(Token(opening if opening >= 0 else start, end, end))
            opening = -1
        elif found:
            found[-1] = Token(found[-1].start, found[-1].bare, end)
        elif opening < 0:
            opening = start
    return found


def timed(text: str, events: Sequence[Event], *, samples: int) -> tuple[Word, ...]:
    """Put every word of a text on the clock, in order, without overlap.

    Args:
        text: What was spoken.
        events: In the order of time. Where one belongs is decided by its character alone: engines report
            several for a number and one for `of the`.
        samples: The length of the audio at 48 kHz.
    """
    words = tokens(text)
    if not words:
        return ()
    spans = _ordered(_spans(words, events, samples))
    groups = list(_groups(len(words), sorted(spans)))
    placed: list[Word] = []
    for first, known, last in groups:
        start, end = spans.get(known, (0, samples))
        source = WordSource.ESTIMATED if known not in spans else WordSource.SHARED
        if first + 1 == last and known in spans:
            source = WordSource.EVENT
        shares = _shares(text, words[first:last], start, end)
        for token, (begin, stop) in zip(words[first:last], shares, strict=True):
            placed.append(Word(text[token.start : token.end], token.start, token.end, begin, stop, source))
    return tuple(placed)


def _spans(words: Sequence[Token], events: Sequence[Event], samples: int) -> dict[int, tuple[int, int]]:
    """The samples of each word that has an event of its own."""
    starts = [token.start for token in words]
    at: dict[int, list[Event]] = {}
    early: dict[int, list[Event]] = {}
    for event in events:
        index = max(0, bisect_right(starts, event.char) - 1)
        if event.char >= words[index].bare and index + 1 < len(words):
            # After " - " espeak reports the next word at the dash, which is shown with the word before.
            early.setdefault(index + 1, []).append(event)
        else:
            at.setdefault(index, []).append(event)
    for index, own in early.items():
        at.setdefault(index if index not in at else index - 1, []).extend(own)
    return {
        index: (
            min(samples, max(0, min(event.start for event in own))),
            min(samples, max(0, max(event.end for event in own))),
        )
        for index, own in at.items()
    }


def _ordered(spans: dict[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """Spans that neither run backwards nor overlap; a report that does is dropped."""
    kept: list[tuple[int, int, int]] = []
    for index in sorted(spans):
        start, end = spans[index]
        if end > start and (not kept or start > kept[-1][1]):
            kept.append((index, start, end))
    clipped = {index: (start, min(end, after)) for (index, start, end), (_, after, _) in pairwise(kept)}
    return clipped | {index: (start, end) for index, start, end in kept[-1:]}


def _groups(count: int, known: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Words [first, last) that share the span of the one known among them; -1 when none is."""
    if not known:
        yield 0, -1, count
        return
    edges = [0, *known[1:], count]
    for (first, last), index in zip(pairwise(edges), known, strict=True):
        yield first, index, last


def _shares(text: str, words: Sequence[Token], start: int, end: int) -> list[tuple[int, int]]:
    """Cut a span among words, in proportion to their letters and digits."""
    weights = [sum(map(str.isalnum, text[token.start : token.end])) for token in words]
    total, done, cuts = sum(weights), 0, [start]
    for weight in weights:
        done += weight
        cuts.append(start + (end - start) * done // total)
    return list(pairwise(cuts))
