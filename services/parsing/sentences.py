"""Sentences and words: where text may be cut, in scripts with and without spaces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

LONGEST_SENTENCE = 90
"""Words; a sentence above it is cut at a clause, since no scene may wait that long for its end."""

LONGEST_TEXT = 4000
"""Characters of one sentence, item or quotation in the contract."""

# Look-behind and possessive marks: a run of a million full stops must not be tried a million times.
_END = re.compile(
    r"(?<![.!?…։।॥؟۔])[.!?…։।॥؟۔]++[\"'”’»)\]]*+(?=\s|$)|(?<![。！？｡])[。！？｡]++[”’」』）】]*+"
)
_OPENING = re.compile(r"[\s\"'“‘«(\[*_¿¡]*")
_SPEAKABLE = re.compile(r"[^\W_]")
_CLAUSE = re.compile(r"[;:,—–、，；：،؛](?=\s|$)|[、，；：]")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")

_CLOSERS = "\"'”’»)]」』】》"
_CONNECTING = frozenset("→←⇒=+&|/<>–—-")

# No sentence ends after these (compared in lower case, without the full stop).
_TITLES = frozenset(
    {"dr", "mr", "mrs", "ms", "prof", "st", "sr", "jr", "rev", "gen", "col", "lt", "sgt", "capt", "hon"}
    | {"e.g", "i.e", "eg", "ie", "vs", "cf", "viz", "fig", "figs", "eq", "eqs", "sec", "secs", "ch", "vol"}
    | {"vols", "ed", "eds", "pp", "p", "approx", "ca", "al", "resp", "incl", "excl", "z.b", "d.h", "bzw"}
)
# A sentence ends after these when the next one starts with a capital.
_SHORT = frozenset(
    {"etc", "inc", "ltd", "co", "corp", "a.m", "p.m", "u.s", "u.k", "usw", "jan", "feb", "mar", "apr", "jun"}
    | {"jul", "aug", "sep", "sept", "oct", "nov", "dec"}
)
# These belong to the number that follows.
_NUMBERED = frozenset({"no", "nos", "nr", "art", "para"})


def words(text: str) -> int:
    """How many words a voice speaks, about: two characters of Chinese or Japanese count as one."""
    unspaced = len(_UNSPACED.findall(text))
    if not unspaced:
        return len(text.split())
    return len(_UNSPACED.sub(" ", text).split()) + (unspaced + 1) // 2


def sentences(text: str) -> list[str]:
    """The sentences of a text, each at most LONGEST_SENTENCE words and LONGEST_TEXT characters.

    Nothing is lost but the white space between them.
    """
    whole = " ".join(text.split())
    return [piece for sentence in _worded(_sentences(whole)) for piece in shorten(sentence)]


def closed(text: str) -> str:
    """A text with a full stop where it ends in a word, so that another may follow it."""
    body = text.rstrip().rstrip(_CLOSERS)
    if not body or not body[-1].isalnum():
        return text
    return text.rstrip() + ("。" if _UNSPACED.match(body[-1]) else ".")


def goes_on(before: str, after: str) -> bool:
    """Tell whether the sentence of a line goes on in the next: it starts small, or a comma is before it."""
    return bool(before and after) and (after[0].islower() or before[-1] in ",、，")


def chunks(text: str, *, most: int = LONGEST_SENTENCE) -> list[str]:
    """A text in parts of whole sentences, each at most `most` words and LONGEST_TEXT characters."""
    parts: list[str] = []
    for sentence in sentences(text):
        joined = f"{parts[-1]} {sentence}" if parts else sentence
        if parts and words(joined) <= most and len(joined) <= LONGEST_TEXT:
            parts[-1] = joined
        else:
            parts.append(sentence)
    return parts


def worded(text: str) -> bool:
    """Tell whether a text holds anything that can be spoken."""
    return _SPEAKABLE.search(text) is not None


def shorten(text: str, *, most: int = LONGEST_SENTENCE, characters: int = LONGEST_TEXT) -> list[str]:
    """Cut a text that is too long, at clauses where it can, else between words, else inside one."""
    pieces, waiting = [], [text.strip()]
    while waiting:
        piece = waiting.pop()
        if not piece:
            continue
        if words(piece) <= most and len(piece) <= characters:
            pieces.append(piece)
            continue
        at = _middle(piece)
        waiting += [piece[at:].strip(), piece[:at].strip()]
    return pieces


def _sentences(text: str) -> Iterator[str]:
    start = 0
    for end in _END.finditer(text):
        if end.start() < start or not _ends(text, start, end):
            continue
        yield text[start : end.end()].strip()
        start = end.end()
    if rest := text[start:].strip():
        yield rest


def _worded(found: Iterable[str]) -> Iterator[str]:
    """Sentences that can be spoken; what cannot, such as a lone emoji, goes with its neighbour."""
    waiting = ""
    for sentence in found:
        joined = f"{waiting} {sentence}".strip()
        if waiting and worded(sentence) and worded(waiting):
            yield waiting
            waiting = sentence
        else:
            waiting = joined
    if waiting:
        yield waiting


def _ends(text: str, start: int, end: re.Match[str]) -> bool:
    """Tell whether a mark found after `start` ends a sentence."""
    if end.end() >= len(text) or end.group()[0] in "。！？｡":
        return True
    opening = _OPENING.match(text, end.end())
    following = text[opening.end() : opening.end() + 1] if opening else ""
    if following.islower() or following in _CONNECTING:
        return False
    if not end.group().startswith(".") or end.group().startswith(".."):
        return True
    before = text[max(start, end.start() - 24) : end.start()].rpartition(" ")[2].lstrip("\"'“‘«([*_")
    word = before.lower()
    if word in _TITLES or (len(word) == 1 and before.isupper()):
        return False
    if word in _NUMBERED:
        return not following.isdigit()
    if word in _SHORT:
        return following.isupper()
    # The number of an item at the start of a line is no sentence.
    return not (word.isdigit() and end.start() - len(before) <= start + 1)


def _middle(text: str) -> int:
    """Where to cut a text in two: the clause, else the word, else the character nearest to its middle."""
    half = len(text) / 2
    clauses = [m.end() for m in _CLAUSE.finditer(text) if len(text) * 0.15 < m.end() < len(text) * 0.85]
    cuts = clauses or [m.end() for m in re.finditer(r"\s", text)]
    return min(cuts, key=lambda at: abs(at - half)) if cuts else int(half)
