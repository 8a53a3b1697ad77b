"""How much fits one scene, and how a run of sentences, items or lines is shared out evenly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from services.parsing.outline import Entry
from services.parsing.sentences import words


@dataclass(frozen=True, slots=True)
class Pace:
    """The most one scene holds.

    Args:
        words: Of flowing text, about; a voice speaks 150 a minute, so 50 are 20 seconds.
        items: Entries of a list; layouts show six to a page.
        lines: Of a listing; layouts show sixteen before they scroll.
        chapters: Whether every chapter has a card of its own; else one that a scene holds is that scene,
            under the chapter's title.
    """

    words: int
    items: int
    lines: int
    chapters: bool = True


_DENSITIES = (Pace(50, 6, 16), Pace(80, 9, 24), Pace(120, 12, 32))

PACES = (*_DENSITIES, *(replace(pace, chapters=False) for pace in _DENSITIES))
"""From the pleasant to the densest; the first that keeps a document within the limit of scenes is taken.

Denser scenes come before chapters without cards, so that these are left to documents of very many sections.
"""

LONGEST_CODE = 40_000
"""Characters of a listing on one card in the contract."""

_MOST_SENTENCES = 30
_MID_PARAGRAPH = 40.0
_MID_FAMILY = 150.0


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a partition places: its weight in words, and what cutting after it costs."""

    weight: int
    penalty: float


def share_sentences(texts: Sequence[tuple[str, bool]], pace: Pace) -> list[range]:
    """Share sentences out to scenes of about `pace.words`; never inside a sentence.

    Args:
        texts: Each sentence, and whether it ends its paragraph, where a cut is better.
        pace: What fits one scene.
    """
    pieces = [_Piece(words(text), 0.0 if ends else _MID_PARAGRAPH) for text, ends in texts]
    return _partition(pieces, most=round(pace.words * 1.15), target=pace.words * 0.9, count=_MOST_SENTENCES)


def share_items(items: Sequence[Entry], pace: Pace) -> list[range]:
    """Share entries out to lists of even length; an entry stays with those nested below it if it can."""
    pieces = []
    for item, after in zip(items, [*items[1:], None], strict=True):
        family = after is not None and after.level > item.level
        nested = after is not None and after.level > 0
        penalty = _MID_FAMILY * 2 if family else _MID_FAMILY if nested else 0.0
        pieces.append(_Piece(words(item.title.text) + words(item.text.text), penalty))
    most = pace.words * 2
    lists = max(1, -(-len(items) // pace.items), -(-sum(p.weight for p in pieces) // most))
    target = sum(piece.weight for piece in pieces) / lists
    return _partition(pieces, most=most, target=target, count=pace.items)


def share_lines(lines: Sequence[str], pace: Pace) -> list[range]:
    """Share lines of program text out to parts of nearly the same length, best between its blocks."""
    parts = -(-len(lines) // pace.lines)
    if parts <= 1:
        return [range(len(lines))]
    pieces = [_Piece(1, _seam(line, after)) for line, after in zip(lines, [*lines[1:], ""], strict=True)]
    return _partition(pieces, most=pace.lines, target=len(lines) / parts, count=pace.lines)


def readable_parts(lines: Sequence[str], first: int) -> Iterator[tuple[int, str]]:
    """The parts of a run of lines that fit a card, each with its first line's number; none is blank."""
    start = 0
    for end in range(1, len(lines) + 1):
        following = len(lines[end]) if end < len(lines) else LONGEST_CODE
        if sum(len(line) + 1 for line in lines[start:end]) + following < LONGEST_CODE:
            continue
        part = list(lines[start:end])
        while part and not part[0].strip():
            part, start = part[1:], start + 1
        text = "\n".join(part).rstrip()
        for at in range(0, len(text), LONGEST_CODE):
            if text[at : at + LONGEST_CODE].strip():
                yield first + start, text[at : at + LONGEST_CODE]
        start = end


def _seam(line: str, after: str) -> float:
    """What a cut between two lines costs: nothing after an empty one, more the deeper the next one stands."""
    if not line.strip():
        return 0.0
    indent = len(after) - len(after.lstrip())
    return 6.0 + min(indent, 12) + (6.0 if after.lstrip()[:1] in ("}", ")", "]") else 0.0)


def _partition(pieces: Sequence[_Piece], *, most: float, target: float, count: int) -> list[range]:
    """The cheapest way to cut a sequence into runs of at most `most` weight and `count` pieces.

    A run costs the square of its distance from `target`, plus what the cut at its end costs; a single
    piece may weigh more than `most`. Takes time in proportion to len(pieces) * count.
    """
    cost = [0.0] + [float("inf")] * len(pieces)
    origin = [0] * (len(pieces) + 1)
    for end in range(1, len(pieces) + 1):
        weight = 0
        for start in range(end - 1, max(-1, end - 1 - count), -1):
            weight += pieces[start].weight
            if weight > most and end - start > 1:
                break
            cut = pieces[end - 1].penalty if end < len(pieces) else 0.0
            candidate = cost[start] + (weight - target) ** 2 + cut
            if candidate < cost[end]:
                cost[end], origin[end] = candidate, start
    runs, end = [], len(pieces)
    while end > 0:
        runs.append(range(origin[end], end))
        end = origin[end]
    return runs[::-1]
