"""Reads plain text: paragraphs between empty lines, headings and lists by their looks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from services.parsing.backends.addresses import addresses
from services.parsing.backends.entries import entries
from services.parsing.backends.formulas import marked
from services.parsing.outline import Dropped, Entries, Entry, Heading, Node, Outline, Passage, Prose
from services.parsing.sentences import sentences, worded, words
from services.story.source_place import SourcePlace
from services.story.text import NOTHING

MADE_BY = "plain 2"
"""Raised whenever the same text would be read otherwise."""

_UNDERLINE = re.compile(r"\s*(=|-|~|\*|_)\1{2,}\s*")
_BULLET = re.compile(r"\s*[-*•‣◦·]\s+(?=\S)")
_NUMBER = re.compile(r"\s*\(?(\d{1,4})[.)]\s+(?=\S)")
_HEADING_WORDS = 12
# Verses and addresses have short lines; text that was wrapped has long ones.
_WRAPPED_FROM = 45

Lines = Sequence[tuple[int, str]]


def outline(text: str, *, language: str) -> Outline:
    """The outline of a plain text; `language` is not used, since the looks are the same in all."""
    nodes: list[Node] = []
    for group in _groups(text):
        nodes += _read(group, first=not nodes)
    return Outline(tuple(nodes), links=tuple(addresses(text)))


def _groups(text: str) -> Iterator[Lines]:
    """The lines between empty ones, each with its number from 1."""
    group: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            group.append((number, line))
        elif group:
            yield group
            group = []
    if group:
        yield group


def _read(lines: Lines, *, first: bool) -> Iterator[Node]:
    """The nodes of a group of lines."""
    number, line = lines[0]
    if _UNDERLINE.fullmatch(line):
        yield Dropped(Passage("rule", line.strip(), SourcePlace(number)), "a rule only separates")
        yield from _read(lines[1:], first=first) if lines[1:] else ()
        return
    under = _UNDERLINE.fullmatch(lines[1][1]) if len(lines) > 1 else None
    if under and worded(line):
        level = 1 if under.group(1) == "=" or first else 2
        yield _heading(number, line, level)
        yield from _read(lines[2:], first=False) if lines[2:] else ()
        return
    if _shouted(line) and (len(lines) == 1 or not _shouted(lines[1][1])):
        yield _heading(number, line, 1 if first else 2)
        yield from _read(lines[1:], first=False) if lines[1:] else ()
        return
    yield from _text(lines)


def _heading(number: int, line: str, level: int) -> Heading:
    text = " ".join(line.split())
    return Heading(Passage("heading", text, SourcePlace(number)), marked(text), level)


def _shouted(line: str) -> bool:
    """Tell whether a line is a heading in capitals."""
    text = line.strip()
    letters = sum(map(str.isalpha, text))
    return (
        letters > 2
        and text.isupper()
        and words(text) <= _HEADING_WORDS
        and not text.endswith((".", ",", ";"))
    )


def _text(lines: Lines) -> Iterator[Node]:
    """A paragraph, a list, or a paragraph followed by a list."""
    starts = [index for index, (_, line) in enumerate(lines) if _BULLET.match(line)]
    numbered = [
        (index, int(m.group(1))) for index, (_, line) in enumerate(lines) if (m := _NUMBER.match(line))
    ]
    if len(numbered) > 1 and all(b == a + 1 for (_, a), (_, b) in pairwise(numbered)):
        starts = [index for index, _ in numbered]
    elif len(starts) < 2 and not (starts == [0] or (numbered and numbered[0][0] == 0)):
        starts = []
    elif not starts:
        starts = [0]
    if not starts:
        yield _paragraph(lines)
        return
    if starts[0] > 0:
        yield _paragraph(lines[: starts[0]])
    items: list[Entry] = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        items += _item(lines[start:end])
    if items:
        yield Entries(tuple(items))


def _item(lines: Lines) -> Iterator[Entry]:
    number, line = lines[0]
    mark = _NUMBER.match(line)
    start = mark or _BULLET.match(line)
    rest = line[start.end() :] if start else line
    text = _joined([rest, *(line for _, line in lines[1:])])
    counted = int(mark.group(1)) if mark else None
    return entries(Passage("list_item", text, SourcePlace(number)), NOTHING, marked(text), number=counted)


def _paragraph(lines: Lines) -> Node:
    texts = [line for _, line in lines]
    source = Passage("paragraph", " ".join(" ".join(texts).split()), SourcePlace(lines[0][0]))
    if not worded(source.text):
        return Dropped(source, "it has no words")
    verses = len(texts) > 2 and max(len(text.strip()) for text in texts) < _WRAPPED_FROM
    parts = texts if verses else [_joined(texts)]
    return Prose(source, tuple(sentence for part in parts for sentence in sentences(marked(part))))


def _joined(lines: Sequence[str]) -> str:
    """Lines as one; a word broken by a hyphen at a line's end keeps the hyphen and loses the space."""
    text = "\n".join(" ".join(line.split()) for line in lines)
    text = re.sub(r"(?<=[^\W\d_]-)\n(?=[^\W\d_])", "", text)
    return " ".join(text.split())
