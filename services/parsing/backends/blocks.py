"""Collects the blocks of a document in reading order, whatever format they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from services.artifacts.store import Artifact
from services.parsing.backends import tags
from services.parsing.backends.addresses import file_names
from services.parsing.backends.entries import entries, labelled
from services.parsing.backends.formulas import marked
from services.parsing.backends.inline import Inline, Picture
from services.parsing.outline import BlockKind, Dropped, Entries, Figure, Heading, Node, Passage, Prose
from services.parsing.sentences import LONGEST_TEXT, closed, sentences, worded, words
from services.story.scene import Image
from services.story.source_place import SourcePlace, SourceWarning
from services.story.text import NOTHING, Text

BADGE = "a status badge says nothing about the subject"
COMMENT = "comments are not for readers"
SHOWN = "only pictures that stand alone and came with the document are shown"
NO_ALT = f"{SHOWN}, and this one has no alternative text"
SAID = f"{SHOWN}; its alternative text is told instead"
SILENT = "scripts and style sheets are not for readers"
WORDLESS = "it has no words"

_HEADLINE_WORDS = 12


class Blocks:
    """The nodes of an outline in the making.

    Args:
        language: The document's language; English gets English connecting words.
        images: Files that cards can show, by their names, or why they cannot.
    """

    def __init__(self, *, language: str, images: Mapping[str, Artifact | str] | None = None) -> None:
        self._nodes: list[Node] = []
        self._main = self._nodes
        self._notes: dict[str, list[Node]] = {}
        self._referred: dict[str, int] = {}
        self.english = language.lower().partition("-")[0] in ("", "en")
        self.links: list[str] = []
        self.warnings: list[SourceWarning] = []
        self._images = images or {}

    def add(self, node: Node) -> None:
        """Append a node."""
        self._nodes.append(node)

    def drop(self, kind: BlockKind, text: str, line: int, reason: str) -> None:
        """Account for a block that no scene shows."""
        self.add(Dropped(Passage(kind, text, SourcePlace(line)), reason))

    def contents(self, text: str, line: int, reason: str) -> None:
        """Drop an item of a table of contents, and the heading above that announces it."""
        last = self._nodes[-1] if self._nodes else None
        if isinstance(last, Heading) and last.level > 1:
            self._nodes[-1] = Dropped(last.source, reason)
        self.drop("list_item", text, line, reason)

    @contextmanager
    def note(self, label: str) -> Iterator[None]:
        """Collect the blocks of a footnote."""
        outer, self._nodes = self._nodes, self._notes.setdefault(label, [])
        yield
        self._nodes = outer

    def heed(self, inline: Inline, line: int) -> None:
        """Keep what every inline text may carry besides its words: links, notes, comments, badges."""
        self.links += inline.links
        for label in inline.notes:
            self._referred.setdefault(label, len(self._main))
        for comment in inline.comments:
            self.drop("html", comment, line, COMMENT)
        for text in inline.silent:
            self.drop("html", text, line, SILENT)
        for picture in inline.pictures:
            if not inline.gallery:
                self.unseen(picture, line)

    def unseen(self, picture: Picture, line: int) -> None:
        """Account for an image, which no scene shows."""
        said = SAID if worded(picture.alt) and picture.said else NO_ALT
        self.drop("image", picture.alt, line, BADGE if picture.badge else said)

    def heading(self, inline: Inline, level: int, line: int) -> None:
        """Append a heading; one without words says so."""
        text = inline.text or Text(" ".join(picture.alt for picture in inline.pictures if picture.alt))
        source = Passage.of("heading", text, SourcePlace(line))
        self.add(Heading(source, text, level) if worded(text.text) else Dropped(source, WORDLESS))
        for label in inline.notes:
            # What was referred to by this heading, just before it stood here, belongs to its own section.
            if self._referred[label] == len(self._main) - 1:
                self._referred[label] += 1

    def paragraph(self, inline: Inline, line: int) -> None:
        """Append a paragraph: text, labelled lines, or images."""
        if inline.gallery:
            for picture in inline.pictures:
                self.picture(picture, line)
            return
        text = inline.text
        source = Passage.of("paragraph", text, SourcePlace(line))
        if not worded(text.text):
            if text or not inline.comments:
                self.add(Dropped(source, WORDLESS))
        elif lines := labelled(inline):
            items = (entry for lead, rest in lines for entry in entries(source, lead, rest))
            self.add(Entries(tuple(items)))
        else:
            headline = inline.headline and words(text.text) <= _HEADLINE_WORDS
            self.add(Prose(source, inline.sentences(), headline))

    def picture(self, picture: Picture, line: int) -> None:
        """Append an image, or the sentence that it stands for where it did not come with the document."""
        if file := self._file(picture, line):
            source = Passage("image", picture.alt, SourcePlace(line))
            self.add(Figure(source, Image(file, picture.alt, Text(picture.title))))
        elif picture.badge or not worded(picture.alt):
            self.unseen(picture, line)
        else:
            self.unseen(replace(picture, said=True), line)
            text = self._figure(Text(picture.alt))
            self.add(
                Prose(Passage.of("paragraph", text, SourcePlace(line)), tuple(sentences(text)), figure=True)
            )

    def _file(self, picture: Picture, line: int) -> Artifact | None:
        """The file of a picture that a card can hold; a warning says why another that came is not shown."""
        if picture.badge or max(len(picture.alt), len(picture.title)) > LONGEST_TEXT:
            return None
        names = file_names(picture.address)
        name = next((name for name in names if name in self._images), "")
        found, place = self._images.get(name), SourcePlace(line)
        if isinstance(found, str):
            self.warnings.append(SourceWarning(f"The image {name}, {place}, is not shown: {found}.", place))
            return None
        return found

    def html(self, html: str, line: int) -> None:
        """Append what a block of HTML says."""
        for piece in tags.pieces(html):
            at = line + piece.line
            source = Passage("html", piece.text, SourcePlace(at))
            if piece.kind not in ("image", "comment", "silent") and not worded(piece.text):
                self.add(Dropped(source, WORDLESS))
            elif piece.kind == "image":
                self.picture(Picture(piece.text, piece.badge, address=piece.address, title=piece.title), at)
            elif piece.kind == "heading":
                self.add(
                    Heading(Passage("heading", piece.text, SourcePlace(at)), marked(piece.text), piece.level)
                )
            elif piece.kind == "comment":
                self.add(Dropped(source, COMMENT))
            elif piece.kind == "silent":
                self.add(Dropped(source, SILENT))
            elif piece.kind in ("row", "item"):
                self._extend(source, marked(piece.text))
            else:
                self.add(Prose(source, tuple(sentences(marked(piece.text)))))

    def finish(self) -> tuple[Node, ...]:
        """The nodes, with each footnote at the end of the section that refers to it first."""
        ends: dict[int, list[Node]] = {}
        for label, notes in self._notes.items():
            at = self._referred.get(label, len(self._main))
            while at < len(self._main) and not isinstance(self._main[at], Heading):
                at += 1
            ends.setdefault(at, []).extend(self._introduced(notes))
        nodes: list[Node] = []
        for index in range(len(self._main) + 1):
            nodes += ends.get(index, ())
            nodes += self._main[index : index + 1]
        return tuple(nodes)

    def _extend(self, source: Passage, text: Text) -> None:
        """Append an item to the list that the last node is, or start one."""
        items = tuple(entries(source, NOTHING, text))
        last = self._nodes[-1] if self._nodes else None
        if isinstance(last, Entries) and last.items[-1].source.kind == "html":
            self._nodes[-1] = Entries((*last.items, *items))
        else:
            self.add(Entries(items))

    def _introduced(self, notes: Sequence[Node]) -> Iterator[Node]:
        """The blocks of a footnote; in English its first paragraph says that it is a note."""
        for index, node in enumerate(notes):
            if isinstance(node, Prose):
                first, *others = node.sentences
                said = Text("Note: ") + first if self.english and not index else first
                yield replace(node, sentences=(said, *others), headline=False, figure=True)
            else:
                yield node

    def _figure(self, alt: Text) -> Text:
        return Text("Figure: ") + closed(alt) if self.english else closed(alt)
