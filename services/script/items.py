"""How items of a list and rows of a table are said: a lead and its rest; columns are named only once."""

from __future__ import annotations

from collections.abc import Iterator

from services.story.scene import ListItem, TableCard
from services.story.table import cell, led
from services.story.text import Text, joined

_PAUSES = ".:;,!?…。：！？–—-"
_ANSWERS = dict.fromkeys("✅✔✓☑", "yes") | dict.fromkeys("❌✗✘✖", "no")
_VARIATION = "\ufe0f"


def spoken_item(item: ListItem) -> Text:
    """What is said of an item of a list."""
    return _joined(item.title, item.text)


def spoken_rows(card: TableCard, *, english: bool) -> Iterator[Text]:
    """What is said of each row of a table, in order, nothing left out.

    The first row names the columns, and so does each row that has other ones than the row before it, because
    cells are empty. In English a tick or a cross as a value is said as yes or no.
    """
    before: list[Text] = []
    for lead, cells in led(card):
        names = [name for name, _ in cells]
        values = [_answer(value) if english else value for _, value in cells]
        named = values if names == before else list(map(cell, names, values))
        yield _joined(lead, joined(named, "; "))
        before = names


def _answer(value: Text) -> Text:
    answer = _ANSWERS.get(value.text.replace(_VARIATION, ""))
    return Text(answer) if answer else value


def _joined(lead: Text, text: Text) -> Text:
    """A lead and its rest; a pause between them where the lead does not bring its own."""
    lead = lead.strip()
    if not lead or not text:
        return lead or text
    return joined((lead, text), " " if lead.text[-1] in _PAUSES else ": ")
