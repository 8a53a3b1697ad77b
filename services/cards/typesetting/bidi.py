"""Writing direction: the base direction of a text, the level of each character, the order on the line.

The Unicode bidirectional algorithm (UAX #9) for one paragraph. Explicit embeddings,
overrides and isolates are ignored: a document's text does not steer its neighbours.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TypeVar

_STRONG = ("L", "R", "AL")
_NUMBERS = ("EN", "AN")
_IGNORED = ("BN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
_OPENING = {"(": ")", "[": "]", "{": "}", "「": "」", "『": "』", "（": "）", "〈": "〉", "《": "》"}

T = TypeVar("T")


def base_level(text: str) -> int:
    """0 (left to right) or 1, from the first strong character; a wrapped line must not decide again."""
    kinds = (unicodedata.bidirectional(char) for char in text)
    return next((int(kind != "L") for kind in kinds if kind in _STRONG), 0)


def levels(text: str, base: int) -> list[int]:
    """The embedding level of each character: odd ones run right to left.

    Args:
        text: One paragraph.
        base: The paragraph's own level, 0 or 1.
    """
    if not base and not any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in text):
        return [0] * len(text)
    outside = "R" if base else "L"
    kinds = _weak([unicodedata.bidirectional(char) or "L" for char in text], outside)
    _brackets(text, kinds, outside)
    _neutral(kinds, outside)
    odd = {"L": base + 1, "EN": base + 1, "AN": base + 1, "R": base}
    even = {"L": base, "EN": base + 2, "AN": base + 2, "R": base + 1}
    return [(odd if base else even)[kind] for kind in kinds]


def _weak(kinds: list[str], outside: str) -> list[str]:
    """Rules W1 to W7: marks, numbers and what stands between and beside numbers."""
    previous, strong = outside, outside
    for i, kind in enumerate(kinds):
        if kind == "NSM" or kind in _IGNORED:
            kind = previous
        elif kind == "EN" and strong == "AL":
            kind = "AN"
        if kind in _STRONG:
            strong = kind
        kinds[i] = previous = kind
    kinds = ["R" if kind == "AL" else kind for kind in kinds]
    for i in range(1, len(kinds) - 1):
        left, right = kinds[i - 1], kinds[i + 1]
        if left == right and ((kinds[i] == "CS" and left in _NUMBERS) or (kinds[i] == "ES" and left == "EN")):
            kinds[i] = left
    _terminators(kinds)
    strong = outside
    for i, kind in enumerate(kinds):
        if kind in ("ES", "ET", "CS"):
            kinds[i] = "ON"
        elif kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[i] = "L"
    return kinds


def _terminators(kinds: list[str]) -> None:
    """Rule W5: currency and percent signs beside a number belong to it."""
    i = 0
    while i < len(kinds):
        end = i
        while end < len(kinds) and kinds[end] == "ET":
            end += 1
        beside = (i > 0 and kinds[i - 1] == "EN") or (end < len(kinds) and kinds[end] == "EN")
        if end > i and beside:
            kinds[i:end] = ["EN"] * (end - i)
        i = max(end, i + 1)


def _brackets(text: str, kinds: list[str], outside: str) -> None:
    """Rule N0: both brackets of a pair take one direction, that of what they hold."""
    waiting: list[tuple[str, int]] = []
    pairs: list[tuple[int, int]] = []
    for i, char in enumerate(text):
        if kinds[i] != "ON":
            continue
        if char in _OPENING and len(waiting) < 63:
            waiting.append((_OPENING[char], i))
        elif any(closing == char for closing, _ in waiting):
            while waiting:
                closing, start = waiting.pop()
                if closing == char:
                    pairs.append((start, i))
                    break
    for start, end in sorted(pairs)[:200]:  # each pair looks through what it holds
        inside = {_direction(kind) for kind in kinds[start + 1 : end]} - {""}
        if outside in inside:
            kinds[start] = kinds[end] = outside
        elif inside:
            before = next((d for d in map(_direction, reversed(kinds[:start])) if d), outside)
            kinds[start] = kinds[end] = before


def _direction(kind: str) -> str:
    return "L" if kind == "L" else "R" if kind in ("R", *_NUMBERS) else ""


def _neutral(kinds: list[str], outside: str) -> None:
    """Rules N1 and N2: what has no direction takes that of both sides, else the paragraph's."""
    i = 0
    while i < len(kinds):
        end = i
        while end < len(kinds) and not _direction(kinds[end]):
            end += 1
        if end > i:
            before = _direction(kinds[i - 1]) if i else outside
            after = _direction(kinds[end]) if end < len(kinds) else outside
            kinds[i:end] = [before if before == after else outside] * (end - i)
        i = max(end, i + 1)


def visual(items: Sequence[T], at: Sequence[int]) -> list[T]:
    """Rule L2: the items of one line, each with its level, from left to right."""
    ordered, marks = list(items), list(at)
    for level in range(max(marks, default=0), 0, -1):
        i = 0
        while i < len(ordered):
            end = i
            while end < len(ordered) and marks[end] >= level:
                end += 1
            ordered[i:end] = ordered[i:end][::-1]
            marks[i:end] = marks[i:end][::-1]
            i = max(end, i + 1)
    return ordered
