"""Formulas that are too hard to tell: they are on the screen, and whoever makes the video is told."""

from __future__ import annotations

from collections.abc import Iterable

from services.parsing.emoji import spoken_texts
from services.parsing.storyboard import SceneDraft
from services.story.formula import spoken


def untold(scenes: Iterable[SceneDraft], *, language: str) -> tuple[str, ...]:
    """The sentence that says how many formulas of a storyboard are only named; none when there are none.

    Only English (BCP 47) has words for the simple ones.
    """
    english = language.partition("-")[0].casefold() in ("", "en")
    found = [span.value for text in spoken_texts(scenes) for span in text.of_kind("formula")]
    count = sum(not (english and spoken(tex)) for tex in found)
    if not count:
        return ()
    are = "formula is" if count == 1 else "formulas are"
    return (f"{count} {are} on the screen and only named by the voice.",)
