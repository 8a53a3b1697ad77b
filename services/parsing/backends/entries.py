"""Items with a short lead: the items of lists and labelled lines; and the rows of tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from services.parsing.backends.inline import Inline, Line
from services.parsing.outline import Entry, Passage
from services.parsing.sentences import LONGEST_SENTENCE, chunks, words
from services.story.text import NOTHING, Text, joined

LONGEST_TITLE = 1000
"""Characters of an item's title in the contract."""

DEEPEST = 8
"""The deepest nesting the contract knows."""

_SET_OFF = re.compile(r"\s*[:：]\s*(?=\S)|\s+[-–—]\s+(?=\S)")
_TERM = re.compile(r"([^.!?:;,()]{1,60}?)(?:: | [–—-] )(?=\S)")
_TERM_WORDS = 6
_BAR = re.compile(r"(?<!\\)\|")


def titled(inline: Inline) -> tuple[Text, Text]:
    """An item's lead and its rest; the lead is set off by its type or a colon or dash; it may be empty."""
    text = inline.text
    if inline.headline:
        return text.rstrip(":："), NOTHING
    lead = label(inline.lines[0])
    if lead and len(lead) <= LONGEST_TITLE:
        return lead, _rest(text, lead)
    term = _TERM.match(text.text)
    if term and len(term.group(1).split()) <= _TERM_WORDS:
        return text[slice(*term.span(1))].strip(), text[term.end() :]
    return NOTHING, text


def label(line: Line) -> Text:
    """The bold, code or linked start of a line that a colon or dash sets off; empty when there is none."""
    lead = line.lead.collapsed().rstrip(":：").rstrip()
    return lead if lead and _SET_OFF.match(line.text.text, len(lead)) else NOTHING


def labelled(inline: Inline) -> list[tuple[Text, Text]]:
    """The lines of a paragraph that is really a list, as leads and rests; empty when it is none.

    Such are lines that all start with a label, and lines broken on purpose that all start in bold.
    """
    lines = [line for line in inline.lines if line.text]
    if len(lines) < 2:
        return []
    if all(label(line) for line in lines):
        return [(label(line), _rest(line.text, label(line))) for line in lines]
    if all(line.hard for line in lines[:-1]) and all(line.lead.strip() for line in lines):
        return [(NOTHING, line.text) for line in lines]
    return []


def _rest(text: Text, lead: Text) -> Text:
    set_off = _SET_OFF.match(text.text, len(lead))
    return text[set_off.end() :] if set_off else text[len(lead) :]


def beyond(written: str, columns: int) -> list[str]:
    """The cells of a row, as its line of the source writes it, that no column takes; empty ones are none."""
    cells = _BAR.split(written.strip())
    first = 0 if cells[0] else 1
    return [cell.strip() for cell in cells[first + columns :] if cell.strip()]


def shared(cells: Sequence[Text]) -> Iterator[tuple[Text, ...]]:
    """The cells of a row, in several rows where they are too long to be told at once."""
    row, spoken = [NOTHING] * len(cells), 0
    for column, part in ((column, part) for column, cell in enumerate(cells) for part in chunks(cell)):
        if row[column] or (spoken and spoken + words(part.text) > LONGEST_SENTENCE):
            yield tuple(row)
            row, spoken = [NOTHING] * len(cells), 0
        row[column] = part
        spoken += words(part.text)
    yield tuple(row)


def entries(
    source: Passage, title: Text, text: Text, *, level: int = 0, number: int | None = None
) -> Iterator[Entry]:
    """An item, in several when it is long; the further ones are nested below it."""
    if len(title) > LONGEST_TITLE:
        title, text = NOTHING, joined((title, text)).strip()
    parts = chunks(text) or [NOTHING]
    level = min(level, DEEPEST)
    yield Entry(source, title, parts[0], level, number)
    for part in parts[1:]:
        yield Entry(source, NOTHING, part, min(level + 1, DEEPEST))
