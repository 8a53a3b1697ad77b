"""Emoji: they are on the screen, and no voice says them; the reader of a storyboard is told so once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from services.parsing.storyboard import SceneDraft
from services.story.scene import CodeCard, TableCard, elements
from services.story.text import Text

# A tick or cross that is all of a table's cell is left to the voice, which says yes or no.
_ANSWERS = frozenset("✅✔✓☑❌✗✘✖")
# One picture with what modifies it or is joined to it.
_PICTURE = "(?:[\U0001f1e6-\U0001f1ff]{2}|[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55\u231a-\u23ff])"
_MODIFIER = "[\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
_EMOJI = re.compile(f"{_PICTURE}{_MODIFIER}{{0,8}}(?:\u200d{_PICTURE}{_MODIFIER}{{0,8}}){{0,8}}")


def unspoken(scenes: Iterable[SceneDraft]) -> tuple[str, ...]:
    """The sentence that says how many emoji of a storyboard no voice says; none when there are none."""
    count = sum(len(_EMOJI.findall(text.text)) for text in spoken_texts(scenes))
    if not count:
        return ()
    return (f"{count} emoji {'is' if count == 1 else 'are'} not spoken.",)


def spoken_texts(scenes: Iterable[SceneDraft]) -> Iterator[Text]:
    """The texts of the cards as they are spoken, headers where they are introduced only."""
    for draft in scenes:
        if isinstance(draft.card, TableCard):
            yield from (cell for row in draft.card.rows for cell in row if cell.text[:1] not in _ANSWERS)
            continue
        introduced = getattr(draft.card, "introduces_header", True)
        for element, text in elements(draft.card):
            said = introduced if element == "header" else not isinstance(draft.card, CodeCard)
            if said:
                yield text.without("struck_out")
