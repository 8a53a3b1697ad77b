"""Words cut into captions: at most two lines, never two at once, timed by the words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from services.muxing.tokens import LINE, Token, joined, stops, width

SHORTEST = 38_400
"""Samples a caption stays where there is room: 0.8 s."""

LINGER = 14_400
"""Samples a caption stays after its last word where there is room: 0.3 s."""

PAUSE = 28_800
"""A silence of so many samples (0.6 s) between two words ends a caption."""

_COMMAS = ",;:、，；："


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption: its lines, each a run of tokens, and its time in samples on the video's clock."""

    lines: tuple[tuple[Token, ...], ...]
    start: int
    end: int


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


def _sentences(spoken: Sequence[Token]) -> Iterator[list[Token]]:
    """The words up to each full stop or pause."""
    sentence: list[Token] = []
    for token in spoken:
        if sentence and token.start - sentence[-1].end >= PAUSE:
            yield sentence
            sentence = []
        sentence.append(token)
        if stops(token.text) and not token.inner:
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
