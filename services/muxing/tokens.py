"""The words of a speech as they are written, each with its time: what captions are made of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from services.story.narration import SpeechTiming
from services.story.spelling import Spelling, places, written

LINE = 420
"""The width of a line: 42 narrow characters of 10, or 20 wide ones (CJK) of 21."""

LONGEST_WORD = 84
"""Characters of a word that is written longer than it is spoken: two lines, to be read in its time."""

_LONGER = re.compile(rf"(\S{{{LONGEST_WORD - 1}}})\S{{2,}}")
_STOPS = ".!?…。！？"
_CLOSERS = "\"'”’»)]）」』"


@dataclass(frozen=True, slots=True)
class Token:
    """A word as it is shown, with its punctuation; `glued` when no space comes before it.

    Samples count on the video's clock. `inner`: where it ends with a full stop the voice goes on ("e.g.").
    """

    text: str
    glued: bool
    start: int
    end: int
    inner: bool = False


def width(text: str) -> int:
    """How wide text is, in tenths of a narrow character."""
    return sum(21 if unicodedata.east_asian_width(c) in "WF" else 10 for c in text)


def joined(tokens: Sequence[Token]) -> str:
    """Tokens as a line of text."""
    return "".join(t.text if t.glued or n == 0 else f" {t.text}" for n, t in enumerate(tokens))


def stops(text: str) -> bool:
    """Tell whether a sentence ends here."""
    last = text.rstrip().rstrip(_CLOSERS)[-1:]
    return bool(last) and last in _STOPS


def tokens(timing: SpeechTiming, *, voice: int, samples: int) -> list[Token]:
    """The words of a speech with the text around them, on the video's clock, in order, without overlap.

    Words that are written as one (`guide dot mp4` as `guide.mp4`) are one token with the time of all. A
    word without a usable place in the text makes all of them be spread by letters instead.

    Args:
        timing: The speech; its text may hold anything.
        voice: The voice's first sample.
        samples: The voice's length.
    """
    cuts = [word.char_start for word in timing.words]
    good = (
        bool(cuts) and cuts[0] >= 0 and cuts[-1] < len(timing.text) and all(a < b for a, b in pairwise(cuts))
    )
    spellings = [replace(s, written=_LONGER.sub(r"\1…", s.written)) for s in timing.spellings]
    text = written(timing.text, spellings)
    if not good:
        return _fitting(text, 0, len(text), voice, voice + samples)
    found: list[Token] = []
    at = 0
    heads = list(_heads(timing.text, text, cuts, spellings))
    for (first, start), (after, end) in pairwise([*heads, (len(cuts), len(text))]):
        at = min(max(at, timing.words[first].start_sample), samples)
        last = min(max(at, timing.words[after - 1].end_sample), samples)
        stretch = timing.text[cuts[first] if first else 0 : cuts[after] if after < len(cuts) else None]
        inner = text[start:end] != stretch and not stops(stretch)
        found += _fitting(text, start, end, voice + at, voice + last, inner=inner)
        at = last
    return found


def _heads(
    spoken: str, shown: str, cuts: Sequence[int], spellings: Sequence[Spelling]
) -> Iterator[tuple[int, int]]:
    """The words that begin something written, by number, each with its place in what is shown.

    A word within a spelling begins nothing, and one whose space before it is not written neither.
    """
    for number, (start, place) in enumerate(zip(cuts, places(cuts, spellings), strict=True)):
        apart = place <= 0 or shown[place - 1].isspace() or not spoken[start - 1].isspace()
        if number == 0:
            yield 0, 0
        elif place >= 0 and apart:
            yield number, place


def _fitting(text: str, start: int, end: int, begin: int, finish: int, *, inner: bool = False) -> list[Token]:
    """A stretch of text as tokens no wider than a line, its time shared by letters."""
    pieces: list[tuple[str, bool]] = []
    for number, word in enumerate(_clean(text[start:end]).split(" ")):
        glued = number == 0 and start > 0 and not text[start - 1].isspace()
        for piece in _pieces(word):
            pieces.append((piece, glued))
            glued = True
    letters = sum(len(piece) for piece, _ in pieces)
    result, done = [], 0
    for piece, glued in pieces:
        at = begin + (finish - begin) * done // letters
        done += len(piece)
        result.append(Token(piece, glued, at, begin + (finish - begin) * done // letters, inner))
    return result


def _clean(text: str) -> str:
    """Text without line breaks and characters that control anything."""
    spaced = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return " ".join("".join(c for c in spaced if unicodedata.category(c) != "Cs").split())


def _pieces(word: str) -> Iterator[str]:
    """A word in pieces no wider than a line."""
    piece, size = "", 0
    for character in word:
        step = width(character)
        if size + step > LINE:
            yield piece
            piece, size = "", 0
        piece, size = piece + character, size + step
    if piece:
        yield piece
