"""Emoji are shown, and one sentence says that they are not spoken."""

from __future__ import annotations

import pytest

from services.parsing.backends.markdown import outline
from services.parsing.edit import storyboard


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        ("# Plain\n\nNo pictures; ™ and → and © are none.", ()),
        ("# Fun 🎉\n\nWords.", ("1 emoji is not spoken.",)),
        ("# Fun\n\nGo 🚀 now 👩‍💻, 👍🏽 and 🇫🇷 and ⚠️.", ("5 emoji are not spoken.",)),
        ("# Code\n\n```\nprint('🎉')\n```", ()),
        ("# Table\n\n| a | b |\n|---|---|\n| x | ✅ |", ()),
        ("# List\n\n- ✅ ready", ("1 emoji is not spoken.",)),
    ],
)
def test_a_storyboard_tells_once_how_many_emoji_are_only_seen(text: str, warnings: tuple[str, ...]) -> None:
    board = storyboard(outline(text, language="en"), name="", language="en")

    assert tuple(warning.message for warning in board.warnings) == warnings
