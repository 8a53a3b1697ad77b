"""What each type of card looks like: a card and its times in, layers out."""

from __future__ import annotations

from pathlib import Path

from services.cards.drawing.layers import Canvas, Drawing
from services.cards.drawing.stage import stage
from services.cards.scenes import code, outro, paragraph, quote, section, table, title
from services.cards.scenes import image as image_
from services.cards.scenes import list as list_
from services.cards.typesetting import scripts, shaping
from services.chassis.errors import Configuration, Suggestion
from services.story.scene import (
    Card,
    CodeCard,
    ImageCard,
    ListCard,
    OutroCard,
    ParagraphCard,
    QuoteCard,
    SectionCard,
    TableCard,
    TitleCard,
    elements,
)


def draw(card: Card, canvas: Canvas, image: Path | None = None) -> Drawing:
    """Draw a card; the same card on the same canvas gives the same layers. `image` is the file of its image.

    Text that does not fit even when it is smaller and spread over pages, and characters that
    no font has, are named in the drawing's `unshown`.

    Raises:
        Configuration: The card has letters that need shaping, and text cannot be shaped here.
    """
    texts = [text.text for _, text in elements(card)]
    if unshapable := shaping.unshapable(texts):
        raise Configuration(
            f"{' and '.join(unshapable)} cannot be drawn here: the library libfribidi is not installed.",
            suggestions=[
                Suggestion(f"Install {scripts.INSTALL[scripts.SHAPING]} where the card service runs.")
            ],
        )
    built = stage(canvas, texts)
    match card:
        case TitleCard():
            title.build(built, card)
        case SectionCard():
            section.build(built, card)
        case ParagraphCard():
            paragraph.build(built, card)
        case ListCard():
            list_.build(built, card)
        case TableCard():
            list_.build(built, table.items(card), element="row")
        case ImageCard():
            image_.build(built, card, image)
        case CodeCard():
            code.build(built, card)
        case QuoteCard():
            quote.build(built, card)
        case OutroCard():
            outro.build(built, card)
    return built.drawing()
