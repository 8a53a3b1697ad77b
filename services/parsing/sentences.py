"""Sentences and words: where text may be cut, in scripts with and without spaces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from services.story.text import Text

Part = tuple[int, int]
"""Characters [start, end) of a text."""

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


def sentences(text: Text) -> list[Text]:
    """The sentences of a text, each at most LONGEST_SENTENCE words and LONGEST_TEXT characters.

    Nothing is lost but the white space between them.
    """
    whole = text.collapsed()
    return whole.cut(_sentence_parts(whole.text))


def closed(text: Text) -> Text:
    """A text with a full stop where it ends in a word, so that another may follow it."""
    body = text.text.rstrip().rstrip(_CLOSERS)
    if not body or not body[-1].isalnum():
        return text
    return text.rstrip() + Text("。" if _UNSPACED.match(body[-1]) else ".")


def goes_on(before: str, after: str) -> bool:
    """Tell whether the sentence of a line goes on in the next: it starts small, or a comma is before it."""
    return bool(before and after) and (after[0].islower() or before[-1] in ",、，")


def chunks(text: Text, *, most: int = LONGEST_SENTENCE) -> list[Text]:
    """A text in parts of whole sentences, each at most `most` words and LONGEST_TEXT characters."""
    whole = text.collapsed()
    parts: list[Part] = []
    for start, end in _sentence_parts(whole.text):
        first = parts[-1][0] if parts else start
        if parts and end - first <= LONGEST_TEXT and words(whole.text[first:end]) <= most:
            parts[-1] = first, end
        else:
            parts.append((start, end))
    return whole.cut(parts)


def worded(text: str) -> bool:
    """Tell whether a text holds anything that can be spoken."""
    return _SPEAKABLE.search(text) is not None


def shorten(text: Text, *, most: int = LONGEST_SENTENCE, characters: int = LONGEST_TEXT) -> list[Text]:
    """Cut a text that is too long, at clauses where it can, else between words, else inside one."""
    return text.cut(_shortened(text.text, (0, len(text)), most, characters))


def _shortened(text: str, part: Part, most: int, characters: int) -> Iterator[Part]:
    waiting = [part]
    while waiting:
        start, end = _stripped(text, waiting.pop())
        piece = text[start:end]
        if not piece:
            continue
        if words(piece) <= most and len(piece) <= characters:
            yield start, end
            continue
        at = start + _middle(piece)
        waiting += [(at, end), (start, at)]


def _stripped(text: str, part: Part) -> Part:
    """A part without the white space at its ends."""
    piece = text[slice(*part)]
    start = part[0] + len(piece) - len(piece.lstrip())
    return start, max(start, part[1] - len(piece) + len(piece.rstrip()))


def _sentence_parts(text: str) -> Iterator[Part]:
    for part in _worded(text, _sentences(text)):
        yield from _shortened(text, part, LONGEST_SENTENCE, LONGEST_TEXT)


def _sentences(text: str) -> Iterator[Part]:
    start = 0
    for end in _END.finditer(text):
        if end.start() < start or not _ends(text, start, end):
            continue
        yield _stripped(text, (start, end.end()))
        start = end.end()
    if text[start:].strip():
        yield _stripped(text, (start, len(text)))


def _worded(text: str, found: Iterable[Part]) -> Iterator[Part]:
    """Sentences that can be spoken; what cannot, such as a lone emoji, goes with its neighbour."""
    waiting: Part | None = None
    for start, end in found:
        if waiting and worded(text[start:end]) and worded(text[slice(*waiting)]):
            yield waiting
            waiting = start, end
        else:
            waiting = (waiting[0] if waiting else start), end
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
