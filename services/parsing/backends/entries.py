"""Items with a short lead: the items of lists, labelled lines, and the rows of tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from services.parsing.backends.inline import Inline, Line
from services.parsing.outline import Entry, Passage
from services.parsing.sentences import chunks

LONGEST_TITLE = 1000
"""Characters of an item's title in the contract."""

DEEPEST = 8
"""The deepest nesting the contract knows."""

_SET_OFF = re.compile(r"\s*[:：]\s*(?=\S)|\s+[-–—]\s+(?=\S)")
_TERM = re.compile(r"([^.!?:;,()]{1,60}?)(?:: | [–—-] )(?=\S)")
_TERM_WORDS = 6
_BAR = re.compile(r"(?<!\\)\|")
_COUNTERS = frozenset({"", "#", "№", "n°", "no", "nr", "num"})


def titled(inline: Inline) -> tuple[str, str]:
    """An item's lead and its rest; the lead is set off by its type or a colon or dash; it may be empty."""
    text = inline.text
    if inline.headline:
        return text.rstrip(":："), ""
    lead = label(inline.lines[0])
    if lead and len(lead) <= LONGEST_TITLE:
        return lead, _rest(text, lead)
    term = _TERM.match(text)
    if term and len(term.group(1).split()) <= _TERM_WORDS:
        return term.group(1).strip(), text[term.end() :]
    return "", text


def label(line: Line) -> str:
    """The bold, code or linked start of a line that a colon or dash sets off; empty when there is none."""
    lead = " ".join(line.lead.split()).rstrip(":：").rstrip()
    return lead if lead and _SET_OFF.match(line.text, len(lead)) else ""


def labelled(inline: Inline) -> list[tuple[str, str]]:
    """The lines of a paragraph that is really a list, as leads and rests; empty when it is none.

    Such are lines that all start with a label, and lines broken on purpose that all start in bold.
    """
    lines = [line for line in inline.lines if line.text]
    if len(lines) < 2:
        return []
    if all(label(line) for line in lines):
        return [(label(line), _rest(line.text, label(line))) for line in lines]
    if all(line.hard for line in lines[:-1]) and all(line.lead.strip() for line in lines):
        return [("", line.text) for line in lines]
    return []


def _rest(text: str, lead: str) -> str:
    return _SET_OFF.sub("", text[len(lead) :], count=1)


def beyond(written: str, columns: int) -> list[str]:
    """The cells of a row, as its line of the source writes it, that no column takes; empty ones are none."""
    cells = _BAR.split(written.strip())
    first = 0 if cells[0] else 1
    return [cell.strip() for cell in cells[first + columns :] if cell.strip()]


def counted(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first column of a table only numbers its rows: `#` over 1, 2, 3, beside others."""
    if len(header) < 3 or header[0].casefold().rstrip(".") not in _COUNTERS:
        return False
    numbers = [cells[0].rstrip(".") for cells in rows]
    if not all(re.fullmatch("[0-9]{1,9}", number) for number in numbers) or not all(row[1] for row in rows):
        return False
    first = int(numbers[0]) if numbers else 0
    return first in (0, 1) and list(map(int, numbers)) == list(range(first, first + len(numbers)))


def row(header: Sequence[str], cells: Sequence[str], *, numbered: bool = False) -> tuple[str, str]:
    """A table's row as a lead, its first cell, and the others with the names of their columns.

    Where the first column only numbers the rows (`numbered`), its number and the second cell are the lead.
    """
    cells = [*cells, *[""] * (len(header) - len(cells))]
    names = [*header, *[""] * (len(cells) - len(header))]
    lead = 2 if numbered else 1
    title = f"{cells[0].rstrip('.')}. {cells[1]}" if numbered else cells[0] if cells else ""
    rest = [f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=True)][lead:]
    told = [text for text, cell in zip(rest, cells[lead:], strict=True) if cell]
    return title, "; ".join(told)


def entries(
    source: Passage, title: str, text: str, *, level: int = 0, number: int | None = None
) -> Iterator[Entry]:
    """An item, in several when it is long; the further ones are nested below it."""
    if len(title) > LONGEST_TITLE:
        title, text = "", f"{title} {text}".strip()
    parts = chunks(text) or [""]
    level = min(level, DEEPEST)
    yield Entry(source, title, parts[0], level, number)
    for part in parts[1:]:
        yield Entry(source, "", part, min(level + 1, DEEPEST))
