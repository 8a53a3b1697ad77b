"""How items of a list are said: a lead and its rest; of a table the names of its columns only once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.story.scene import ListItem

_PAUSES = ".:;,!?…。：！？–—-"
_LONGEST_NAME = 80
_ANSWERS = dict.fromkeys("✅✔✓☑", "yes") | dict.fromkeys("❌✗✘✖", "no")
_VARIATION = "\ufe0f"

Cells = tuple[tuple[str, str], ...]


def spoken_items(items: Sequence[ListItem], *, english: bool) -> Iterator[str]:
    """What is said of each item, in order, nothing left out.

    In the rows of a table, which look like `lead`, `column: value; column: value`, the first row names the
    columns, and so does each row that has other ones than the row before it, because cells are empty. In
    English a tick or a cross as a value is said as yes or no.
    """
    rows = [_cells(item) for item in items]
    table = _is_table(items, rows)
    before: tuple[str, ...] = ()
    for item, cells in zip(items, rows, strict=True):
        if not table or not cells:
            yield _joined(item.title, item.text)
            continue
        names = tuple(name for name, _ in cells)
        values = [_answer(value) if english else value for _, value in cells]
        named = [f"{name}: {value}" for name, value in zip(names, values, strict=True)]
        yield _joined(item.title, "; ".join(values if names == before else named))
        before = names


def _cells(item: ListItem) -> Cells:
    """The columns and values of a row; empty when the item does not look like one."""
    parts = [part.partition(": ") for part in item.text.split("; ")]
    if not item.title or any(not value or not 0 < len(name) <= _LONGEST_NAME for name, _, value in parts):
        return ()
    return tuple((name, value) for name, _, value in parts)


def _is_table(items: Sequence[ListItem], rows: Sequence[Cells]) -> bool:
    """Tell whether the items are rows: all that have a lead, none numbered, with columns of one table."""
    widest = rows[max(range(len(rows)), key=lambda n: len(rows[n]))] if rows else ()
    columns = {name: at for at, (name, _) in enumerate(widest)}
    for item, cells in zip(items, rows, strict=True):
        if item.number is not None or (item.title and item.text and not cells):
            return False
        places = [columns.get(name, -1) for name, _ in cells]
        if -1 in places or places != sorted(set(places)):
            return False
    return bool(columns)


def _answer(value: str) -> str:
    return _ANSWERS.get(value.replace(_VARIATION, ""), value)


def _joined(lead: str, text: str) -> str:
    """A lead and its rest; a pause between them where the lead does not bring its own."""
    lead = lead.strip()
    if not lead or not text:
        return lead or text
    mark = "" if lead[-1] in _PAUSES else ":"
    return f"{lead}{mark} {text}"
