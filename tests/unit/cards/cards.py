"""A card of every kind, and the canvas it is laid out on."""

from __future__ import annotations

from services.cards.drawing.layers import Canvas, Cues
from services.media.clock import Rate
from services.story.look import builtin
from services.story.scene import (
    Card,
    CodeCard,
    ListCard,
    ListItem,
    OutroCard,
    ParagraphCard,
    QuoteCard,
    SectionCard,
    TitleCard,
    elements,
)

SENTENCE = "Each stage runs as its own service and talks through small typed contracts. "
LONG = SENTENCE * 12

CARDS: dict[str, Card] = {
    "title": TitleCard("From documents to narrated videos", "A durable pipeline"),
    "section": SectionCard("How the pipeline recovers", 3),
    "paragraph": ParagraphCard("Architecture", ("One contract each.", SENTENCE, "No more."), ("contract",)),
    "list": ListCard("What you get", tuple(ListItem(f"Item {n}", "And its text.") for n in range(5))),
    "code": CodeCard("Retries", "python", "def next(self):\n    return self\n"),
    "quote": QuoteCard("Simplicity is prerequisite for reliability.", "Edsger W. Dijkstra"),
    "outro": OutroCard("Start now", "With one document.", ("https://example.org/", "mail@example.org")),
}


def canvas(
    card: Card, *, width: int = 640, height: int = 360, frames: int = 300, theme: str = "dark"
) -> Canvas:
    """A scene whose elements are spoken at even steps."""
    names = [name for name, _ in elements(card)]
    step = max(1, frames * 8 // (10 * max(1, len(names))))
    cues = Cues({name: min(frames - 1, 6 + n * step) for n, name in enumerate(names)})
    return Canvas(width, height, Rate(30), frames, cues, builtin(theme).palette)
