"""The narration that says what the document says: every sentence, item, title and quotation."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

from services.chassis.errors import InvalidRequest, Suggestion, Violation
from services.script.items import spoken_item, spoken_rows
from services.script.listing import sentence, short_commands
from services.script.speakable import ended, is_english, pieces, speakable
from services.script.writer import Context
from services.story.narration import Narration, Segment
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
from services.story.text import Text

MOST_CHARACTERS, MOST_SEGMENTS = 20_000, 200
"""What one narration may hold: the limits of speech and of the contract."""

_SEE = {
    "en": "See the screen.",
    "de": "Siehe Bildschirm.",
    "fr": "Voir l’écran.",
    "es": "Véase la pantalla.",
    "it": "Vedi lo schermo.",
    "pt": "Veja a tela.",
    "nl": "Zie het scherm.",
    "sv": "Se skärmen.",
    "pl": "Zobacz ekran.",
    "tr": "Ekrana bakın.",
    "ru": "Смотрите на экран.",
    "uk": "Дивіться на екран.",
    "ar": "انظر إلى الشاشة.",
    "hi": "स्क्रीन देखें।",
    "zh": "请看屏幕。",
    "ja": "画面をご覧ください。",
    "ko": "화면을 보세요.",
}
"""What is said when a scene shows only what cannot be said; in other languages it is said in English."""


_COMMAND = ((re.compile(" > "), " into "),)
"""What a listing says in another way than other text does."""


NO_CONTEXT = Context()


class TemplateBackend:
    """Writes from the card alone; no model, no network, the same words each time."""

    name = "template"
    # Counts up with every change of wording, here or in the rules it uses, so no old narration is reused.
    made_by = "template 5"

    reads: frozenset[str] = frozenset()

    async def write(self, card: Card, context: Context = NO_CONTEXT, *, language: str) -> Narration:
        """The narration of a scene, at least one segment; what cannot be said is left out.

        Raises:
            InvalidRequest: The scene holds more text than one narration may.
        """
        # In a thread: a long scene takes longer than others may wait for.
        segments = await asyncio.to_thread(lambda: tuple(_segments(card, language)))
        count = sum(len(segment.text) + 1 for segment in segments) - 1
        if count > MOST_CHARACTERS or len(segments) > MOST_SEGMENTS:
            raise InvalidRequest(
                f"The scene takes more to say than one narration holds: characters {count} of "
                f"{MOST_CHARACTERS}, segments {len(segments)} of {MOST_SEGMENTS}.",
                violations=[Violation("scene", f"must be said in {MOST_CHARACTERS} characters")],
                suggestions=[Suggestion("Split the scene.")],
            )
        return Narration(language, segments)


def _segments(card: Card, language: str) -> Iterator[Segment]:
    said = False
    for element, text in _parts(card, language):
        for segment in _said(element, text, language):
            said = True
            yield segment
    if not said:
        yield from _instead(card, language)


def _said(element: str, text: Text, language: str) -> Iterator[Segment]:
    """One element as it is said, and how it is written; nothing when it cannot be said."""
    reading = ended(speakable(text, language=language, before=_COMMAND if element == "code" else ()))
    for piece, spellings in pieces(reading.text, reading.spellings()):
        yield Segment(piece, element, spellings)


def _parts(card: Card, language: str) -> Iterator[tuple[str, Text]]:
    """The elements of a card as they are said, before they are made speakable."""
    english = is_english(language)
    match card:
        case TitleCard() | SectionCard():
            yield from elements(card)
        case ParagraphCard():
            if card.introduces_header:
                yield "header", card.header
            for index, text in enumerate(card.sentences):
                yield f"text/{index}", text
        case ListCard():
            if card.introduces_header:
                yield "header", card.header
            for index, item in enumerate(card.items):
                yield f"item/{index}", spoken_item(item)
        case TableCard():
            if card.introduces_header:
                yield "header", card.header
            for index, text in enumerate(spoken_rows(card, english=english)):
                yield f"row/{index}", text
        case ImageCard():
            if card.introduces_header:
                yield "header", card.header
            if alt := Text(card.image.alternative_text).strip():
                yield "image", Text("Figure: ") + alt if english else alt
            else:
                yield "caption", card.image.caption
        case CodeCard():
            if card.introduces_header:
                yield "header", card.header
            yield "code", Text(_code(card, english=english))
        case QuoteCard():
            yield "quote", card.text
            yield "attribution", card.attribution
        case OutroCard():
            named = english and _is_name(card.title.text)
            yield "title", Text("That was ") + card.title if named else card.title
            yield "message", card.message


def _code(card: CodeCard, *, english: bool) -> str:
    """A listing as it is said: short commands themselves, else a sentence about it in English."""
    if commands := short_commands(card):
        return ". ".join(commands)
    return sentence(card) if english else ""


def _is_name(title: str) -> bool:
    """Tell whether a closing line names something; a sentence is said as it is."""
    return title.rstrip()[-1:] not in ".!?…"


def _instead(card: Card, language: str) -> Iterator[Segment]:
    """What is said of a scene that holds nothing speakable: its header, or where to look."""
    shown = list(elements(card))
    for element, text in shown:
        if element != "code" and (header := next(_said(element, text, language), None)):
            yield header
            return
    see = _SEE.get(language.partition("-")[0].casefold(), _SEE["en"])
    yield Segment(see, shown[-1][0] if shown else "header")
