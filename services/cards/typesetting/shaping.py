"""How text is handed to Pillow: shaped where the system can, else letter by letter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from PIL import ImageFont

from services.cards.typesetting.scripts import SHAPES, needs_shaping, script_of

LAYOUT = ImageFont.Layout.RAQM if SHAPES else ImageFont.Layout.BASIC


def options(*, rtl: bool = False, features: Sequence[str] | None = None) -> dict[str, Any]:
    """What to draw or measure a text with beside its font; nothing where text cannot be shaped.

    Args:
        rtl: The text runs to the left.
        features: OpenType features, such as `-liga`.
    """
    if not SHAPES:
        return {}
    return {"direction": "rtl" if rtl else "ltr", "features": list(features) if features else None}


def unshapable(texts: Iterable[str]) -> list[str]:
    """The scripts of some texts that cannot be drawn here, in order; none where text can be shaped."""
    if SHAPES:
        return []
    return list(dict.fromkeys(script_of(char) for text in texts for char in text if needs_shaping(char)))
