"""Short sections of a very long document, several to a scene: a heading with its line becomes an item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.parsing.outline import Entries, Entry, Heading, Node, Prose
from services.parsing.sentences import words
from services.story.text import joined

MOST_WORDS = 40
"""Of a section that is an item."""

_FEWEST = 2


def gathered(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """The nodes with runs of short sections, each a heading over one short paragraph, as lists."""
    return tuple(_gathered(nodes))


def _gathered(nodes: Sequence[Node]) -> Iterator[Node]:
    run: list[tuple[Heading, Prose]] = []
    at = 0
    while at < len(nodes):
        if pair := _pair(nodes, at):
            run.append(pair)
            at += 2
            continue
        yield from _listed(run)
        run = []
        yield nodes[at]
        at += 1
    yield from _listed(run)


def _pair(nodes: Sequence[Node], at: int) -> tuple[Heading, Prose] | None:
    """The short section that starts at a node; None where none does."""
    match nodes[at : at + 3]:
        case [Heading() as heading, Prose() as prose, *after] if not after or isinstance(after[0], Heading):
            spoken = words(heading.text.text) + sum(words(text.text) for text in prose.sentences)
            return (heading, prose) if spoken <= MOST_WORDS else None
    return None


def _listed(run: Sequence[tuple[Heading, Prose]]) -> Iterator[Node]:
    """A run of short sections as one list, in levels below its highest headings; a single one as it was."""
    if len(run) < _FEWEST:
        for pair in run:
            yield from pair
        return
    highest = min(heading.level for heading, _ in run)
    items = (
        Entry(
            prose.source, heading.text, joined(prose.sentences), heading.level - highest, lead=heading.source
        )
        for heading, prose in run
    )
    yield Entries(tuple(items))
