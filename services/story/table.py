"""How the rows of a table are read: what leads them, and what the columns are called."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.story.scene import TableCard
from services.story.text import NOTHING, Text

_COUNTERS = frozenset({"", "#", "№", "n°", "no", "nr", "num"})


def numbered(names: Sequence[Text], rows: Sequence[Sequence[Text]], *, first: int = 1) -> bool:
    """Tell whether the first column of a table only numbers its rows: `#` over 1, 2, 3, beside others.

    Args:
        names: Of the columns.
        rows: Of the same length each; one without the first two cells goes on with the row before it.
        first: The number of the first row in its table; the numbers start there or one below.
    """
    if len(names) < 3 or names[0].text.casefold().rstrip(".") not in _COUNTERS:
        return False
    begun = [row for row in rows if row[0] or row[1]]
    numbers = [row[0].text.rstrip(".") for row in begun]
    if not all(re.fullmatch("[0-9]{1,9}", number) for number in numbers) or not all(row[1] for row in begun):
        return False
    start = int(numbers[0]) if numbers else 0
    return start in (first - 1, first) and list(map(int, numbers)) == list(range(start, start + len(numbers)))


def led(card: TableCard) -> list[tuple[Text, list[tuple[Text, Text]]]]:
    """Each row as its lead, the first cell, and the names and contents of its other cells; no empty ones.

    Where the first column only numbers the rows, its number and the second cell are the lead.
    """
    names = [column.name for column in card.columns]
    leads = 2 if numbered(names, card.rows, first=card.first_row) else 1
    return [(_lead(row[:leads]), _cells(names[leads:], row[leads:])) for row in card.rows]


def _lead(cells: Sequence[Text]) -> Text:
    if len(cells) < 2 or not cells[0]:
        return cells[0] if cells else NOTHING
    return cells[0].rstrip(".") + Text(". ") + cells[1]


def _cells(names: Sequence[Text], cells: Sequence[Text]) -> list[tuple[Text, Text]]:
    return [(name, cell) for name, cell in zip(names, cells, strict=True) if cell]


def cell(name: Text, content: Text) -> Text:
    """A cell with the name of its column, if that has one."""
    return name + Text(": ") + content if name else content
