"""Cuts an outline into scenes, and keeps account of where every block went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest

from services.parsing.marking import NOTE, Marks
from services.parsing.outline import (
    Dropped,
    Entries,
    Entry,
    Figure,
    Heading,
    Listing,
    Marked,
    Node,
    Passage,
    Prose,
    Quotation,
    Table,
)
from services.parsing.pace import Pace, readable_parts, share_items, share_lines, share_sentences
from services.parsing.sentences import LONGEST_TEXT, closed, sentences, shorten, words
from services.parsing.storyboard import Block, Placement, SceneDraft
from services.parsing.withheld import MOST_PAGES, remaining, split, told
from services.story.scene import (
    Card,
    CodeCard,
    ImageCard,
    ListCard,
    ListItem,
    ParagraphCard,
    QuoteCard,
    SectionCard,
    TableCard,
    TitleCard,
)
from services.story.table import cell, led
from services.story.text import NOTHING, Text, joined

LONGEST_HEADING = 500
"""Characters of titles and headers in the contract."""

MOST_HEADINGS = 6
"""Above one scene, in the contract."""

_LARGEST_NUMBER = 1_000_000_000

STRUCK = "what is struck out is shown and not spoken"
"""Why a block is not spoken as a whole."""


@dataclass(slots=True)
class Cut:
    """Scenes in the making.

    Args:
        title: The document's title; the header of what stands before the first chapter.
        pace: What fits one scene.
        language: BCP 47, of the sentences that no source holds.
    """

    title: Text
    pace: Pace
    language: str = "en"
    scenes: list[SceneDraft] = field(default_factory=list)
    sections: list[Text] = field(default_factory=list)
    _placed: dict[Passage, list[Placement]] = field(default_factory=dict)
    _dropped: dict[Passage, str] = field(default_factory=dict)
    _chapter: str = ""
    _above: list[tuple[int, str]] = field(default_factory=list)
    # What cards show as their header, and what they show again after a headline's one block.
    _header: Text = NOTHING
    _heading_text: Text = NOTHING
    # The heading that no scene has shown yet.
    _pending: Passage | None = None
    _flow: list[Prose] = field(default_factory=list)
    marks: Marks = field(init=False)

    def __post_init__(self) -> None:
        self.marks = Marks(self.scenes, self._place_at, self._dropped.__setitem__)

    def open(self, titles: Sequence[Passage], subtitle: Prose | None, mark: Marked | None) -> None:
        """Show the title card, which says the passages of `titles`; `mark` describes its picture."""
        if mark:
            self.marks.take(mark)
        self._chapter = self.title.standing()
        self._header = self._heading_text = self.title
        self._show(TitleCard(self.title, joined(subtitle.sentences) if subtitle else NOTHING))
        self.marks.give(0)
        for passage in titles:
            self._place(passage, "title")
        if subtitle:
            self._place(subtitle.source, "subtitle")

    def take(self, nodes: Sequence[Node], *, most: int | None = None) -> None:
        """Cut the nodes, in order, and no further when there are more scenes than `most`."""
        for index, (node, following) in enumerate(zip_longest(nodes, nodes[1:])):
            if most is not None and len(self.scenes) > most:
                return
            match node:
                case Dropped():
                    self._dropped[node.source] = node.reason
                case Prose() if _heads(node) and isinstance(following, Entries | Table | Figure | Listing):
                    self._end_flow()
                    self._announce(node.source, joined(node.sentences).rstrip(":："))
                case Prose():
                    self._flow.append(node)
                    if self.marks.waiting:  # its scene is its own
                        self._end_flow()
                case Marked():
                    self._end_flow()
                    self.marks.take(node)
                case Heading():
                    self._end_flow()
                    alone = not self.pace.chapters and self._fits(_until_heading(nodes, index + 1))
                    self._heading(node, alone=alone)
                case _:
                    self._end_flow()
                    if isinstance(node, Quotation):  # it has no header to introduce
                        self._stand_alone()
                    first = len(self.scenes)
                    self._block(node)
                    self.marks.give(first)
                    self._header = self._heading_text
        self._end_flow()
        self._end_section()

    def close(self, card: Card) -> None:
        """Show the closing card."""
        self._show(card)

    def blocks(self) -> Iterator[Block]:
        """Every block of the source and its fate, in the order of the source."""
        passages = [*self._placed, *(passage for passage in self._dropped if passage not in self._placed)]
        for passage in sorted(passages, key=lambda passage: passage.place.order):
            placements = tuple(dict.fromkeys(self._placed.get(passage, ())))
            reason = "" if placements else self._dropped[passage]
            note = NOTE if passage.kind == "footage" else STRUCK if passage.struck else ""
            note = note if placements else ""
            yield Block(passage.kind, passage.text, passage.place, placements, reason, note)

    def _fits(self, nodes: Iterable[Node]) -> bool:
        """Tell whether what stands under a heading is one paragraph, or one list, that a scene holds."""
        match [node for node in nodes if not isinstance(node, Dropped | Marked)]:
            case [Prose() as prose]:
                return sum(words(text.text) for text in prose.sentences) <= self.pace.words
            case [Entries() as entries]:
                return len(share_items(entries.items, self.pace)) == 1
        return False

    def _heading(self, node: Heading, *, alone: bool) -> None:
        """Open a chapter, with its card unless it is `alone` with a text that one scene holds."""
        if len(node.text) > LONGEST_HEADING:
            self._flow.append(Prose(node.source, tuple(sentences(node.text))))
            if self.marks.waiting:
                self._end_flow()
            return
        self._end_section()
        self._above = [above for above in self._above if above[0] < node.level]
        if node.level <= 2:
            self.sections.append(node.text)
            self._chapter = node.text.standing()
        if node.level > 2 or alone:
            self._announce(node.source, node.text)
        else:
            self._header = node.text
            self._show(SectionCard(node.text, len(self.sections)))
            self._place(node.source, "title")
        self._heading_text = node.text
        self._above.append((node.level, node.text.standing()))

    def _end_section(self) -> None:
        """Nothing more comes under the last heading."""
        self._stand_alone()
        self.marks.give_back()

    def _announce(self, source: Passage, text: Text) -> None:
        """Make a text the header of the next card, which introduces it."""
        self._stand_alone()
        self._pending = source
        self._header = text

    def _stand_alone(self) -> None:
        """A heading that no card can introduce gets a card of its own."""
        if self._pending:
            passage, self._pending = self._pending, None
            self._show(SectionCard(self._header))
            self._place(passage, "title")

    def _introduced(self) -> bool:
        """Tell whether the card shown next introduces its header; it does so only once."""
        if self._pending is None:
            return False
        passage, self._pending = self._pending, None
        self._placed.setdefault(passage, []).append(Placement(len(self.scenes), "header"))
        return True

    def _block(self, node: Node) -> None:
        match node:
            case Entries():
                self._list(node.items)
            case Table():
                self._table(node)
            case Figure():
                introduced = self._introduced()
                self._show(ImageCard(self._header, node.image, introduced))
                self._place(node.source, "image")
            case Listing():
                self._listing(node)
            case Quotation():
                self._quotation(node)

    def _end_flow(self) -> None:
        """Show the paragraphs gathered so far."""
        flow, self._flow = self._flow, []
        first = len(self.scenes)
        said = [(prose, text, n == len(prose.sentences)) for prose in flow for n, text in _count(prose)]
        for run in share_sentences([(text.text, ends) for _, text, ends in said], self.pace):
            part = [said[index] for index in run]
            if part[0][0] is not part[-1][0]:
                part = [(prose, closed(text) if ends else text, ends) for prose, text, ends in part]
            introduced = self._introduced()
            self._show(ParagraphCard(self._header, tuple(text for _, text, _ in part), introduced))
            for index, (prose, _, _) in enumerate(part):
                self._place(prose.source, f"text/{index}")
        self.marks.give(first)

    def _list(self, items: Sequence[Entry]) -> None:
        for run in share_items(items, self.pace):
            part = [items[index] for index in run]
            numbers = _numbers(part)
            introduced = self._introduced()
            self._show(
                ListCard(
                    self._header,
                    tuple(map(_shown, part)),
                    ordered=bool(numbers),
                    first_number=numbers[0] if numbers else 1,
                    introduces_header=introduced,
                )
            )
            for index, item in enumerate(part):
                for source in filter(None, (item.lead, item.source)):
                    self._place(source, f"item/{index}")

    def _table(self, node: Table) -> None:
        whole = TableCard(NOTHING, node.columns, tuple(row.cells for row in node.rows))
        items = [
            Entry(row.source, lead, joined(map(cell, *zip(*cells, strict=True)), "; ") if cells else NOTHING)
            for row, (lead, cells) in zip(node.rows, led(whole), strict=True)
        ]
        for run in share_items(items, self.pace):
            introduced = self._introduced()
            self._show(
                TableCard(
                    self._header,
                    node.columns,
                    whole.rows[run.start : run.stop],
                    first_row=run.start + 1,
                    total_rows=len(whole.rows),
                    introduces_header=introduced,
                )
            )
            for index, row in enumerate(node.rows[run.start : run.stop]):
                self._place(row.source, f"row/{index}")

    def _listing(self, node: Listing) -> None:
        lines = node.code.split("\n")
        pages = [
            page
            for run in share_lines(lines, self.pace)
            for page in readable_parts(lines[run.start : run.stop], run.start + 1)
        ]
        shown, rest = pages[:MOST_PAGES], pages[MOST_PAGES:]
        source, notice = node.source, ""
        if rest:
            source, unseen, self._dropped[unseen] = split(node, shown, rest)
            notice = told(remaining(node, shown, rest), self.language)
        for first, code in shown:
            introduced = self._introduced()
            self._show(CodeCard(self._header, node.language, code, first, len(lines), introduced))
            self._place(source, "code")
        if notice:
            self._flow.append(Prose(source, (Text(notice),)))

    def _quotation(self, node: Quotation) -> None:
        said = node.sentences
        ends = [passage is not after for (passage, _), (after, _) in pairwise(said)]
        texts = [(text, end) for (_, text), end in zip(said, [*ends, True], strict=True)]
        for run in share_sentences([(text.text, end) for text, end in texts], self.pace):
            *before, (final, _) = texts[run.start : run.stop]
            whole = joined([*(closed(text) if end else text for text, end in before), final])
            last = run.stop == len(texts)
            parts = shorten(whole, most=LONGEST_TEXT, characters=LONGEST_TEXT)
            for index, part in enumerate(parts, start=1):
                signed = last and index == len(parts)
                self._show(QuoteCard(part, node.attribution if signed else NOTHING))
                for passage, _ in said[run.start : run.stop]:
                    self._place(passage, "quote")
                if signed and node.signed:
                    self._place(node.signed, "attribution")

    def _show(self, card: Card) -> None:
        headings = tuple(text for _, text in self._above[-MOST_HEADINGS:])
        self.scenes.append(SceneDraft(card, self._chapter, headings=headings))

    def _place(self, passage: Passage, element: str) -> None:
        """Note that a passage is in an element of the scene shown last."""
        self._place_at(passage, len(self.scenes) - 1, element)

    def _place_at(self, passage: Passage, scene: int, element: str) -> None:
        self._placed.setdefault(passage, []).append(Placement(scene, element))


def _until_heading(nodes: Sequence[Node], start: int) -> Iterator[Node]:
    for index in range(start, len(nodes)):
        if isinstance(nodes[index], Heading):
            return
        yield nodes[index]


def _heads(node: Prose) -> bool:
    """Tell whether a paragraph may be the header of what follows it."""
    return node.headline and sum(map(len, node.sentences)) < LONGEST_HEADING - len(node.sentences)


def _shown(entry: Entry) -> ListItem:
    return ListItem(entry.title, entry.text, entry.level, _number(entry))


def _number(entry: Entry) -> int | None:
    return None if entry.number is None else min(entry.number, _LARGEST_NUMBER)


def _numbers(entries: Sequence[Entry]) -> list[int]:
    """The numbers of the outermost items of a card; empty when they have none."""
    outermost = min(entry.level for entry in entries)
    numbers = [_number(entry) for entry in entries if entry.level == outermost]
    return [number for number in numbers if number is not None]


def _count(prose: Prose) -> Iterator[tuple[int, Text]]:
    return enumerate(prose.sentences, start=1)
