"""What a scene shows: one card, made of elements that can be spoken and brought in one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from services.artifacts.store import Artifact
from services.story.text import NOTHING, Text, joined

Alignment = Literal["left", "center", "right"]


@dataclass(frozen=True, slots=True)
class TitleCard:
    """Opens the video; elements `title`, `subtitle`."""

    type: ClassVar[str] = "title"
    title: Text
    subtitle: Text = NOTHING


@dataclass(frozen=True, slots=True)
class SectionCard:
    """Opens a chapter; element `title`. Numbers count from 1."""

    type: ClassVar[str] = "section"
    title: Text
    number: int = 0


@dataclass(frozen=True, slots=True)
class ParagraphCard:
    """Flowing text; elements `header`, `text/<n>`."""

    type: ClassVar[str] = "paragraph"
    header: Text
    sentences: tuple[Text, ...]
    introduces_header: bool = False


@dataclass(frozen=True, slots=True)
class ListItem:
    """One entry: a short lead, the rest, how deep it is nested (0 to 8), and its number in its own list."""

    title: Text = NOTHING
    text: Text = NOTHING
    level: int = 0
    number: int | None = None


@dataclass(frozen=True, slots=True)
class ListCard:
    """A list; elements `header`, `item/<n>`."""

    type: ClassVar[str] = "list"
    header: Text
    items: tuple[ListItem, ...]
    ordered: bool = False
    first_number: int = 1
    introduces_header: bool = False


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column's name, and where its cells stand; by default where reading begins."""

    name: Text = NOTHING
    alignment: Alignment | None = None


@dataclass(frozen=True, slots=True)
class TableCard:
    """A table, or some rows of a long one, each as long as the columns; elements `header`, `row/<n>`.

    Rows count from 1 in the source's table, which has `total_rows`.
    """

    type: ClassVar[str] = "table"
    header: Text
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[Text, ...], ...]
    first_row: int = 1
    total_rows: int = 0
    introduces_header: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that somebody made: its file, what it shows, what stands below it, who made it."""

    file: Artifact
    alternative_text: str = ""
    caption: Text = NOTHING
    credit: str = ""


@dataclass(frozen=True, slots=True)
class ImageCard:
    """An image under a header; elements `header`, `image`, `caption`."""

    type: ClassVar[str] = "image"
    header: Text
    image: Image
    introduces_header: bool = False


@dataclass(frozen=True, slots=True)
class CodeCard:
    """A listing, or a part of one; elements `header`, `code`. Lines count from 1."""

    type: ClassVar[str] = "code"
    header: Text
    language: str
    code: str
    first_line: int = 1
    total_lines: int = 0
    introduces_header: bool = False


@dataclass(frozen=True, slots=True)
class QuoteCard:
    """A quotation; elements `quote`, `attribution`."""

    type: ClassVar[str] = "quote"
    text: Text
    attribution: Text = NOTHING


@dataclass(frozen=True, slots=True)
class OutroCard:
    """Closes the video; elements `title`, `message`. Links are shown as text."""

    type: ClassVar[str] = "outro"
    title: Text
    message: Text = NOTHING
    links: tuple[str, ...] = ()


Card = (
    TitleCard
    | SectionCard
    | ParagraphCard
    | ListCard
    | TableCard
    | ImageCard
    | CodeCard
    | QuoteCard
    | OutroCard
)


def elements(card: Card) -> Iterator[tuple[str, Text]]:
    """The names and texts of a card's elements, in reading order; empty ones are left out, but no image."""
    match card:
        case TitleCard():
            parts = [("title", card.title), ("subtitle", card.subtitle)]
        case SectionCard():
            parts = [("title", card.title)]
        case ParagraphCard():
            parts = [("header", card.header), *((f"text/{n}", s) for n, s in enumerate(card.sentences))]
        case ListCard():
            texts = (joined(filter(None, (item.title, item.text))) for item in card.items)
            parts = [("header", card.header), *((f"item/{n}", text) for n, text in enumerate(texts))]
        case TableCard():
            texts = (joined(filter(None, row)) for row in card.rows)
            parts = [("header", card.header), *((f"row/{n}", text) for n, text in enumerate(texts))]
        case ImageCard():
            image = card.image
            parts = [
                ("header", card.header),
                ("image", Text(image.alternative_text)),
                ("caption", image.caption),
            ]
        case CodeCard():
            parts = [("header", card.header), ("code", Text(card.code))]
        case QuoteCard():
            parts = [("quote", card.text), ("attribution", card.attribution)]
        case OutroCard():
            parts = [("title", card.title), ("message", card.message)]
    return ((name, text) for name, text in parts if text or name == "image")
