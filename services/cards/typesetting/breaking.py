"""Where a line may end: at spaces, between CJK characters, and inside words too long for any line."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

NO_START = frozenset(
    "、。，．・：；！？）］｝」』】〕〉》〟’”…ー々〻ゝゞヽヾぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ,.:;!?)]}%"
)
"""Characters that no line begins with."""

NO_END = frozenset("（［｛「『【〔〈《〝“‘([{")
"""Characters that no line ends with."""

_SOFT = frozenset("/\\-_.,;:?&=#~|")


def wide(char: str) -> bool:
    """Whether a character takes the full square of East Asian type."""
    return unicodedata.east_asian_width(char) in "WF"


def _ideograph(char: str) -> bool:
    return wide(char) and unicodedata.category(char) not in ("So", "Sk") and not "가" <= char <= "힣"


def _katakana(char: str) -> bool:
    """Loan words are read as one; torn only when longer than a line."""
    return "ァ" <= char <= "ヺ" or char == "ー"


def clings(char: str) -> bool:
    """Whether a character is part of the one before it: marks, joiners, variation selectors."""
    return unicodedata.category(char) in ("Mn", "Mc", "Me", "Cf")


def atoms(text: str) -> Iterator[tuple[int, int]]:
    """The pieces no break may split, as [start, end), each with the spaces behind it."""
    start = 0
    for i in range(1, len(text)):
        if _breaks(text[i - 1], text[i]):
            yield start, i
            start = i
    if text:
        yield start, len(text)


def _breaks(left: str, right: str) -> bool:
    if right == " ":
        return False
    if left == " " or left in "—–\u200b":
        return right not in NO_START or left == " "
    if left in NO_END or right in NO_START or clings(right):
        return False
    if _katakana(left) and _katakana(right):
        return False
    return _ideograph(left) or _ideograph(right)


def splits(text: str, start: int, end: int) -> Iterator[int]:
    """Where a word may be torn when it is longer than a line."""
    for i in range(start + 1, end):
        if not clings(text[i]) and text[i - 1] != "\u200d":
            yield i


def gentle(text: str, at: int) -> bool:
    """Whether a tear before `at` follows a sign that names and addresses are read by."""
    return text[at - 1] in _SOFT or (text[at - 1].islower() and text[at].isupper())
