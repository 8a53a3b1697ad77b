"""Spoken words cut into captions: at most two lines, never two at once, timed by the words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from services.story.narration import SpeechTiming

LINE = 420
"""The width of a line: 42 narrow characters of 10, or 20 wide ones (CJK) of 21."""

SHORTEST = 38_400
"""Samples a caption stays where there is room: 0.8 s."""

LINGER = 14_400
"""Samples a caption stays after its last word where there is room: 0.3 s."""

PAUSE = 28_800
"""A silence of so many samples (0.6 s) between two words ends a caption."""

_STOPS = ".!?…。！？"
_COMMAS = ",;:、，；："
_CLOSERS = "\"'”’»)]）」』"


@dataclass(frozen=True, slots=True)
class Token:
    """A word as it is shown, with its punctuation; `glued` when no space comes before it.

    Samples count on the video's clock.
    """

    text: str
    glued: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption: its lines, each a run of tokens, and its time in samples on the video's clock."""

    lines: tuple[tuple[Token, ...], ...]
    start: int
    end: int


def width(text: str) -> int:
    """How wide text is, in tenths of a narrow character."""
    return sum(21 if unicodedata.east_asian_width(c) in "WF" else 10 for c in text)


def joined(tokens: Sequence[Token]) -> str:
    """Tokens as a line of text."""
    return "".join(t.text if t.glued or n == 0 else f" {t.text}" for n, t in enumerate(tokens))


def tokens(timing: SpeechTiming, *, voice: int, samples: int) -> list[Token]:
    """The words of a speech with the text around them, on the video's clock, in order, without overlap.

    A word without a usable place in the text makes all of them be spread by letters instead.

    Args:
        timing: The speech; its text may hold anything.
        voice: The voice's first sample.
        samples: The voice's length.
    """
    cuts = [word.char_start for word in timing.words]
    good = (
        bool(cuts) and cuts[0] >= 0 and cuts[-1] < len(timing.text) and all(a < b for a, b in pairwise(cuts))
    )
    found: list[Token] = []
    if good:
        pieces = zip(timing.words, [0, *cuts[1:]], [*cuts[1:], len(timing.text)], strict=True)
        at = 0
        for word, start, end in pieces:
            at = min(max(at, word.start_sample), samples)
            last = min(max(at, word.end_sample), samples)
            found += _fitting(timing.text, start, end, voice + at, voice + last)
            at = last
    else:
        found = _fitting(timing.text, 0, len(timing.text), voice, voice + samples)
    return found


def cut(spoken: Sequence[Token], *, until: int) -> list[Cue]:
    """Captions for one scene; they end at `until` at the latest, the sample after the scene's last one."""
    cues = [
        Cue(_lines(part), part[0].start, part[-1].end)
        for sentence in _merged(_sentences(spoken))
        for part in _parts(sentence)
    ]
    ends = [cue.start for cue in cues[1:]] + [until]
    return [
        replace(cue, end=min(max(cue.end + LINGER, cue.start + SHORTEST), end))
        for cue, end in zip(cues, ends, strict=False)
    ]


def _fitting(text: str, start: int, end: int, begin: int, finish: int) -> list[Token]:
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
        result.append(Token(piece, glued, at, begin + (finish - begin) * done // letters))
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


def _sentences(spoken: Sequence[Token]) -> Iterator[list[Token]]:
    """The words up to each full stop or pause."""
    sentence: list[Token] = []
    for token in spoken:
        if sentence and token.start - sentence[-1].end >= PAUSE:
            yield sentence
            sentence = []
        sentence.append(token)
        if token.text.rstrip(_CLOSERS)[-1:] in _STOPS and token.text.rstrip(_CLOSERS):
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _merged(sentences: Iterator[list[Token]]) -> Iterator[list[Token]]:
    """Sentences, those too short to be read in their time put together with the next one if both fit."""
    held: list[Token] = []
    for sentence in sentences:
        if held:
            near = sentence[0].start - held[-1].end < PAUSE
            short = sentence[0].start - held[0].start < SHORTEST or len(joined(held)) < 12
            if near and short and len(_wrapped([*held, *sentence])) <= 2:
                held += sentence
                continue
            yield held
        held = sentence
    if held:
        yield held


def _parts(sentence: list[Token]) -> Iterator[list[Token]]:
    """A sentence in parts of at most two lines, about equally long, cut after a comma where one is near."""
    rest, total = sentence, sum(width(t.text) + 10 for t in sentence)
    while len(_wrapped(rest)) > 2:
        goal = total / -(-total // (2 * LINE))
        most = _fit(rest)
        sizes, size = [], 0
        for token in rest[:most]:
            size += width(token.text) + 10
            sizes.append(size)
        best = min(
            range(most),
            key=lambda n: abs(sizes[n] - goal) - (LINE // 2 if rest[n].text[-1] in _COMMAS else 0),
        )
        yield rest[: best + 1]
        rest, total = rest[best + 1 :], total - sizes[best]
    yield rest


def _fit(words: Sequence[Token]) -> int:
    """How many of the words fit two lines; at least one does."""
    count, lines, size = 0, 1, 0
    for token in words:
        step = width(token.text)
        space = 0 if token.glued or size == 0 else 10
        if size and size + space + step > LINE:
            lines, size, space = lines + 1, 0, 0
        if lines > 2:
            break
        size += space + step
        count += 1
    return count


def _wrapped(words: Sequence[Token]) -> list[list[Token]]:
    """The words in lines, each as full as it can be; at most three are made."""
    first = _fit_line(words)
    if first == len(words):
        return [list(words)]
    second = _fit_line(words[first:])
    lines = [list(words[:first]), list(words[first : first + second])]
    return lines if first + second == len(words) else [*lines, list(words[first + second :])]


def _fit_line(words: Sequence[Token]) -> int:
    size = 0
    for count, token in enumerate(words):
        size += width(token.text) + (0 if token.glued or count == 0 else 10)
        if size > LINE:
            return count
    return len(words)


def _lines(words: Sequence[Token]) -> tuple[tuple[Token, ...], ...]:
    """One line, or two of about equal width."""
    if _fit_line(words) == len(words):
        return (tuple(words),)

    def cost(n: int) -> tuple[int, int]:
        # The widest line decides; a break after a comma may make it 6 characters wider.
        widest = max(width(joined(words[:n])), width(joined(words[n:])))
        comma = words[n - 1].text[-1] in _COMMAS and widest <= LINE
        return (widest - 60 if comma else widest, n)

    best = min(range(1, len(words)), key=cost)
    return (tuple(words[:best]), tuple(words[best:]))
