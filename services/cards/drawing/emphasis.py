"""What stands out in a text as it is drawn: code and formulas, what is stressed, what is struck out."""

from __future__ import annotations

from services.cards.typesetting.text import Fragment
from services.story.text import Span, Text

KEY = 1
"""The mark of what the document set off from the text around it."""

_FIXED = frozenset({"code", "formula"})
_SET_OFF = frozenset({"emphasis", "strong", "code", "link"})


def fragments(text: Text, *, fixed: str = "mono", key: bool = False) -> list[Fragment]:
    """A text as it is painted, each part exactly where it stands.

    Args:
        text: What is to be drawn.
        fixed: The weight of code and formulas, a key of `faces.CHAINS`.
        key: Whether what is set off is marked KEY; an address that links to itself is not.
    """
    return [
        Fragment(
            piece,
            KEY if key and any(_set_off(text, span) for span in spans) else 0,
            fixed if any(span.kind in _FIXED for span in spans) else "",
            struck=any(span.kind == "struck_out" for span in spans),
        )
        for piece, spans in text.pieces()
    ]


def _set_off(text: Text, span: Span) -> bool:
    address = span.kind == "link" and text.text.startswith(("http://", "https://"), span.start)
    return span.kind in _SET_OFF and not address
