"""A document as its format's reader understood it: blocks in reading order, before scenes are cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.story.footage import Footage
from services.story.scene import Image, TableColumn
from services.story.source_place import SourcePlace, SourceWarning
from services.story.text import NOTHING, Text

Visual = Literal["template", "footage", "auto"]
"""What a scene's picture is to be: drawn; generated; generated where somebody can."""


BlockKind = Literal[
    "heading",
    "paragraph",
    "list_item",
    "code",
    "table_row",
    "quote",
    "image",
    "html",
    "rule",
    "definition",
    "footage",
]
"""What a block of a document is; `html` is a part of HTML within another format."""


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """One block of the source, told apart from others by identity.

    `struck` tells that some of the text is struck out.
    """

    kind: BlockKind
    text: str
    place: SourcePlace
    struck: bool = False

    @classmethod
    def of(cls, kind: BlockKind, text: Text, place: SourcePlace) -> Passage:
        """The passage of a text."""
        return cls(kind, text.text, place, bool(text.of_kind("struck_out")))


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the document's title, 2 a chapter, more are subheadings."""

    source: Passage
    text: Text
    level: int


@dataclass(frozen=True, slots=True)
class Prose:
    """Flowing text, a sentence each.

    Args:
        source: Where it stands.
        sentences: What it says.
        headline: All of it was set in bold, as a heading would be.
        figure: It stands beside the text: the alternative text of an image, or a footnote.
    """

    source: Passage
    sentences: tuple[Text, ...]
    headline: bool = False
    figure: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """An item of a list; `number` is its own in a numbered list, of any level.

    `lead` is where its title stands, when that is elsewhere than the text.
    """

    source: Passage
    title: Text
    text: Text
    level: int = 0
    number: int | None = None
    lead: Passage | None = None


@dataclass(frozen=True, slots=True)
class Entries:
    """A list, or a paragraph whose lines are labelled."""

    items: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, or a part of a long one; an empty cell has no text."""

    source: Passage
    cells: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; each row has a cell for each column."""

    columns: tuple[TableColumn, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """An image that stands for itself and can be shown."""

    source: Passage
    image: Image


@dataclass(frozen=True, slots=True)
class Listing:
    """Program text, lines joined by newlines, with the language the source names.

    `line` is the line of the source that its first line is.
    """

    source: Passage
    language: str
    code: str
    line: int


@dataclass(frozen=True, slots=True)
class Quotation:
    """Somebody's words, a sentence each with the passage it stands in, and who said them, and where."""

    sentences: tuple[tuple[Passage, Text], ...]
    attribution: Text = NOTHING
    signed: Passage | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """A block that no scene shows, and why."""

    source: Passage
    reason: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A block that describes a scene's picture, or without footage none; warnings tell its places."""

    source: Passage
    footage: Footage | None
    visual: Visual
    warnings: tuple[SourceWarning, ...] = ()


Node = Heading | Prose | Entries | Table | Figure | Listing | Quotation | Marked | Dropped


@dataclass(frozen=True, slots=True)
class Outline:
    """The blocks of a document; `title` is one given beside its text, `links` are addresses outside it."""

    nodes: tuple[Node, ...]
    title: Passage | None = None
    links: tuple[str, ...] = ()
    warnings: tuple[SourceWarning, ...] = ()
