"""The table card: a plate for each row, with its lead above and its cells, by the names of their columns."""

from __future__ import annotations

from services.story.scene import ListCard, ListItem, TableCard
from services.story.table import cell, led
from services.story.text import joined


def items(card: TableCard) -> ListCard:
    """The rows as items of a list, as they are drawn."""
    rows = (
        ListItem(lead, joined((cell(name, content) for name, content in cells), "; "))
        for lead, cells in led(card)
    )
    return ListCard(card.header, tuple(rows), introduces_header=card.introduces_header)
