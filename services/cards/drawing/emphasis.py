"""What stands out in running text: key phrases and code, as whole words, never a part of an address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from services.cards.typesetting import breaking
from services.cards.typesetting.text import Span

PHRASES_MOST = 50
"""Phrases of either kind that are looked for; the contract's limit."""

KEY = 1
"""The mark of a key phrase."""

# East Asian text has no spaces: an address in it ends where its characters begin.
_TOKEN = re.compile(r"[^\s\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]+")
_NAME = re.compile(r"\w[./@\\:]+\w")
_OPENING, _CLOSING = "([{<'\"“‘«", ".,;:!?)]}>'\"”’»…"

# South-East Asian scripts that put no spaces between words.
_UNSPACED = (("\u0e00", "\u0eff"), ("\u1000", "\u109f"), ("\u1780", "\u17ff"))


def spans(text: str, *, key: Sequence[str] = (), code: Sequence[str] = (), fixed: str = "mono") -> list[Span]:
    """A text in spans: key phrases are marked KEY, code has the weight `fixed`.

    Args:
        text: Running text.
        key: Phrases, found in capitals and small letters alike.
        code: Phrases, found as they are written.
        fixed: A key of `faces.CHAINS`.
    """
    if not key and not code:
        return [Span(text)]
    inside = _inside(text)
    coded, keyed = [False] * len(text), [False] * len(text)
    for start, end in _found(text, sorted(code[:PHRASES_MOST], key=len, reverse=True), inside):
        coded[start:end] = [True] * (end - start)
        inside[start + 1 : end] = [True] * (end - start - 1)
    folded = text.lower()
    if len(folded) == len(text):
        for start, end in _found(folded, [phrase.lower() for phrase in key[:PHRASES_MOST]], inside):
            keyed[start:end] = [True] * (end - start)
    return list(_runs(text, coded, keyed, fixed))


def _inside(text: str) -> list[bool]:
    """For each place between two characters, and both ends, whether it is inside a word, name or address."""
    inside = [False] * (len(text) + 1)
    for at in range(1, len(text)):
        inside[at] = _worded(text[at - 1]) and _worded(text[at])
    for token in _TOKEN.finditer(text):
        bare = token.group().rstrip(_CLOSING)
        start, end = token.start() + len(bare) - len(bare.lstrip(_OPENING)), token.start() + len(bare)
        if "://" in bare or _NAME.search(bare):
            inside[start + 1 : end] = [True] * max(0, end - start - 1)
    return inside


def _worded(char: str) -> bool:
    """Whether a character holds to its neighbours in a word."""
    if breaking.wide(char) or any(first <= char <= last for first, last in _UNSPACED):
        return False
    return char.isalnum() or char == "_" or breaking.clings(char)


def _found(text: str, phrases: Sequence[str], inside: list[bool]) -> Iterator[tuple[int, int]]:
    """Where phrases stand that neither begin nor end inside something."""
    for phrase in phrases:
        at = text.find(phrase) if phrase.strip() else -1
        while at >= 0:
            end = at + len(phrase)
            whole = not inside[at] and not inside[end]
            if whole:
                yield at, end
            at = text.find(phrase, end if whole else at + 1)


def _runs(text: str, coded: list[bool], keyed: list[bool], fixed: str) -> Iterator[Span]:
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or (coded[at], keyed[at]) != (coded[start], keyed[start]):
            yield Span(text[start:at], KEY * keyed[start], fixed if coded[start] else "")
            start = at
