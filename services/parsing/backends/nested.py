"""Blocks that hold other blocks: lists and quotations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Protocol

from markdown_it.tree import SyntaxTreeNode

from services.parsing.backends.blocks import WORDLESS, Blocks
from services.parsing.backends.entries import entries, titled
from services.parsing.backends.inline import Inline
from services.parsing.backends.tasks import stated, take_box
from services.parsing.outline import Entries, Entry, Passage, Prose, Quotation
from services.parsing.sentences import closed, sentences, worded
from services.story.source_place import SourcePlace
from services.story.text import NOTHING, Text, joined

CONTENTS = "a table of contents repeats the headings"

_LISTS = ("bullet_list", "ordered_list")
_LONGEST_ATTRIBUTION = 500
_ALERT = re.compile(r"\[!([A-Za-z]{1,20})\]\s*")
_ATTRIBUTION = re.compile(r"(?:—|–|―|--)\s*(?=[^\W_])")


class Walker(Protocol):
    """Who reads the blocks inside."""

    blocks: Blocks

    def walk(self, nodes: Iterable[SyntaxTreeNode], *, nested: bool = False) -> None:
        """Read blocks in order."""
        ...

    def inline(self, node: SyntaxTreeNode, line: int) -> Inline:
        """Read the text of a block, and keep what it carries."""
        ...


def line_of(node: SyntaxTreeNode) -> int:
    """The line of the source a block starts on, from 1."""
    return node.map[0] + 1 if node.map else 1


def read_list(node: SyntaxTreeNode, walker: Walker) -> None:
    """Read a list; blocks in it that are not text interrupt it and stand for themselves."""
    firsts = [item.children[0] for item in node.children if item.children]
    if len(firsts) > 1 and all(first.type == "paragraph" and _anchor(first) for first in firsts):
        for text in _paragraphs(node):
            walker.blocks.contents(walker.inline(text, line_of(text)).text.text, line_of(text), CONTENTS)
        return
    reader = _List(walker)
    reader.read(node, 0)
    reader.flush()


class _List:
    """A list in the making: its items, nested ones among them, until something interrupts."""

    def __init__(self, walker: Walker) -> None:
        self._walker = walker
        self._items: list[Entry] = []

    def read(self, node: SyntaxTreeNode, level: int) -> None:
        """Append the items of a list; each list inside it keeps its own kind and numbers."""
        numbered = node.type == "ordered_list"
        start = int(node.attrs.get("start", 1)) if numbered else 0
        for index, item in enumerate(node.children):
            self._item(item, level, start + index if numbered else None)

    def flush(self) -> None:
        """End the run of items."""
        if self._items:
            self._walker.blocks.add(Entries(tuple(self._items)))
            self._items = []

    def _item(self, item: SyntaxTreeNode, level: int, number: int | None) -> None:
        line = line_of(item)
        texts = list(takewhile(lambda child: child.type == "paragraph", item.children))
        done = take_box(texts[0]) if texts else None
        read = [self._walker.inline(text, line_of(text)) for text in texts]
        self._unseen(read, texts)
        whole = _paragraphs_joined(map(_words, read))
        if worded(whole.text):
            title, text = titled(read[0]) if read[0].text else (NOTHING, _words(read[0]))
            if done is not None:
                title, text = stated(title, text, done=done, english=self._walker.blocks.english)
            text = _paragraphs_joined([text, *map(_words, read[1:])])
            source = Passage.of("list_item", whole, SourcePlace(line))
            self._items += entries(source, title, text, level=level, number=number)
        elif whole or not item.children:
            self._walker.blocks.drop("list_item", whole.text, line, WORDLESS)
        for child in item.children[len(texts) :]:
            self._below(child, level)

    def _unseen(self, read: Sequence[Inline], texts: Sequence[SyntaxTreeNode]) -> None:
        """Account for the images of paragraphs that hold nothing else."""
        for inline, text in zip(read, texts, strict=True):
            for picture in inline.pictures if inline.gallery else ():
                self._walker.blocks.unseen(replace(picture, said=not picture.badge), line_of(text))

    def _below(self, child: SyntaxTreeNode, level: int) -> None:
        if child.type in _LISTS:
            self.read(child, level + 1)
        elif child.type == "paragraph":
            read = self._walker.inline(child, line_of(child))
            self._unseen([read], [child])
            text = _words(read)
            if worded(text.text):
                source = Passage.of("paragraph", text, SourcePlace(line_of(child)))
                self._items += entries(source, NOTHING, text, level=level + 1)
            elif text:
                self._walker.blocks.drop("paragraph", text.text, line_of(child), WORDLESS)
        else:
            self.flush()
            self._walker.walk([child], nested=True)


def read_quote(node: SyntaxTreeNode, walker: Walker) -> None:
    """Read a quotation; one of GitHub's alerts is a paragraph, other blocks in it stand for themselves."""
    run: list[tuple[Passage, Inline]] = []
    for child in node.children:
        if child.type in ("paragraph", "heading"):
            read, line = walker.inline(child, line_of(child)), line_of(child)
            text = read.text
            if worded(text.text):
                run.append((Passage.of("quote", text, SourcePlace(line)), read))
            elif read.pictures:
                walker.blocks.paragraph(read, line)
            elif text:
                walker.blocks.drop("quote", text.text, line, WORDLESS)
        else:
            _add_quotation(run, walker.blocks)
            run = []
            walker.walk([child], nested=True)
    _add_quotation(run, walker.blocks)


def _add_quotation(run: Sequence[tuple[Passage, Inline]], blocks: Blocks) -> None:
    if not run:
        return
    if alert := _ALERT.match(run[0][1].text.text):
        for index, (source, read) in enumerate(run):
            lead = Text(f"{alert.group(1).capitalize()}: ")
            said = read.text if index else lead + read.text[alert.end() :]
            blocks.add(Prose(source, tuple(sentences(said))))
        return
    *quoted, (source, last) = run
    words = [(passage, sentence) for passage, read in quoted for sentence in read.sentences()]
    attribution = NOTHING
    final = last.lines[-1].text
    if (signed := _ATTRIBUTION.match(final.text)) and (words or len(last.lines) > 1):
        attribution = final[signed.end() :]
    if attribution and len(attribution) <= _LONGEST_ATTRIBUTION:
        last.lines.pop()
        words += [(source, sentence) for sentence in last.sentences()]
        blocks.add(Quotation(tuple(words), attribution, source))
    else:
        words += [(source, sentence) for sentence in last.sentences()]
        blocks.add(Quotation(tuple(words)))


def _words(inline: Inline) -> Text:
    """The text of an item; an item of images says what they stand for."""
    return inline.text or Text(" ".join(p.alt for p in inline.pictures if p.alt and not p.badge))


def _paragraphs_joined(texts: Iterable[Text]) -> Text:
    """The paragraphs of an item as one text; each but the last ends."""
    said = list(filter(None, texts))
    return joined([*map(closed, said[:-1]), *said[-1:]])


def _anchor(paragraph: SyntaxTreeNode) -> bool:
    """Tell whether a paragraph is one link into the document itself."""
    children = [token for child in paragraph.children for token in child.children]
    return (
        len(children) == 1 and children[0].type == "link" and str(children[0].attrs["href"]).startswith("#")
    )


def _paragraphs(node: SyntaxTreeNode) -> Iterator[SyntaxTreeNode]:
    for child in node.children:
        if child.type == "paragraph":
            yield child
        elif child.type != "inline":
            yield from _paragraphs(child)
