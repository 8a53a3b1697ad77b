"""Cuts an outline into scenes, and keeps account of where every block went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest

from services.parsing.outline import (
    Dropped,
    Entries,
    Entry,
    Heading,
    Listing,
    Node,
    Passage,
    Prose,
    Quotation,
)
from services.parsing.pace import Pace, share_items, share_lines, share_sentences
from services.parsing.sentences import LONGEST_TEXT, sentences, shorten
from services.parsing.storyboard import Block, Placement, SceneDraft
from services.story.scene import (
    Card,
    CodeCard,
    ListCard,
    ListItem,
    ParagraphCard,
    QuoteCard,
    SectionCard,
    TitleCard,
)

LONGEST_HEADING = 500
"""Characters of titles and headers in the contract."""

_LONGEST_CODE = 40_000
_LARGEST_NUMBER = 1_000_000_000
_MOST_PHRASES = 50


@dataclass(slots=True)
class Cut:
    """Scenes in the making.

    Args:
        title: The document's title; the header of what stands before the first chapter.
        pace: What fits one scene.
    """

    title: str
    pace: Pace
    scenes: list[SceneDraft] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    _placed: dict[Passage, list[Placement]] = field(default_factory=dict)
    _dropped: dict[Passage, str] = field(default_factory=dict)
    _chapter: str = ""
    # What cards show as their header, and what they show again after a headline's one block.
    _header: str = ""
    _heading_text: str = ""
    # The heading that no scene has shown yet.
    _pending: Passage | None = None
    _flow: list[Prose] = field(default_factory=list)

    def open(self, titles: Sequence[Passage], subtitle: Prose | None) -> None:
        """Show the title card, which says the passages of `titles`."""
        self._chapter = self._header = self._heading_text = self.title
        self._show(TitleCard(self.title, subtitle.source.text if subtitle else ""))
        for passage in titles:
            self._place(passage, "title")
        if subtitle:
            self._place(subtitle.source, "subtitle")

    def take(self, nodes: Sequence[Node]) -> None:
        """Cut the nodes, in order."""
        for node, following in zip_longest(nodes, nodes[1:]):
            match node:
                case Dropped():
                    self._dropped[node.source] = node.reason
                case Prose() if node.headline and isinstance(following, Entries | Listing):
                    self._end_flow()
                    self._announce(node.source, " ".join(node.sentences).rstrip(":："))
                case Prose():
                    self._flow.append(node)
                case Heading():
                    self._end_flow()
                    self._heading(node)
                case _:
                    self._end_flow()
                    self._block(node)
                    self._header = self._heading_text
        self._end_flow()
        self._stand_alone()

    def close(self, card: Card) -> None:
        """Show the closing card."""
        self._show(card)

    def blocks(self) -> Iterator[Block]:
        """Every block of the source and its fate, in the order of the source."""
        passages = [*self._placed, *(passage for passage in self._dropped if passage not in self._placed)]
        for passage in sorted(passages, key=lambda passage: passage.line):
            placements = tuple(dict.fromkeys(self._placed.get(passage, ())))
            reason = "" if placements else self._dropped[passage]
            yield Block(passage.kind, passage.text, passage.line, placements, reason)

    def _heading(self, node: Heading) -> None:
        if len(node.text) > LONGEST_HEADING:
            self._flow.append(Prose(node.source, tuple(sentences(node.text))))
            return
        if node.level > 2:
            self._announce(node.source, node.text)
        else:
            self._stand_alone()
            self.sections.append(node.text)
            self._chapter = self._header = node.text
            self._show(SectionCard(node.text, len(self.sections)))
            self._place(node.source, "title")
        self._heading_text = node.text

    def _announce(self, source: Passage, text: str) -> None:
        """Make a text the header of the next card, which introduces it."""
        self._stand_alone()
        self._pending, self._header = source, text

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
            case Listing():
                self._listing(node)
            case Quotation():
                self._stand_alone()
                self._quotation(node)

    def _end_flow(self) -> None:
        """Show the paragraphs gathered so far."""
        flow, self._flow = self._flow, []
        told = [(prose, text, n == len(prose.sentences)) for prose in flow for n, text in _count(prose)]
        for run in share_sentences([(text, ends) for _, text, ends in told], self.pace):
            part = [told[index] for index in run]
            whole = " ".join(text for _, text, _ in part)
            phrases = dict.fromkeys(p for prose, _, _ in part for p in prose.key_phrases if p in whole)
            introduced = self._introduced()
            texts = tuple(text for _, text, _ in part)
            self._show(ParagraphCard(self._header, texts, tuple(phrases)[:_MOST_PHRASES], introduced))
            for index, (prose, _, _) in enumerate(part):
                self._place(prose.source, f"text/{index}")

    def _list(self, items: Sequence[Entry]) -> None:
        for run in share_items(items, self.pace):
            part = [items[index] for index in run]
            numbers = [item.number for item in part if item.number is not None]
            introduced = self._introduced()
            self._show(
                ListCard(
                    self._header,
                    tuple(ListItem(item.title, item.text, item.level) for item in part),
                    ordered=bool(numbers),
                    first_number=min(numbers[0], _LARGEST_NUMBER) if numbers else 1,
                    introduces_header=introduced,
                )
            )
            for index, item in enumerate(part):
                self._place(item.source, f"item/{index}")

    def _listing(self, node: Listing) -> None:
        lines = node.code.split("\n")
        for run in share_lines(lines, self.pace):
            for first, code in _readable(lines[run.start : run.stop], run.start + 1):
                introduced = self._introduced()
                card = CodeCard(self._header, node.language, code, first, len(lines), introduced)
                self._show(card)
                self._place(node.source, "code")

    def _quotation(self, node: Quotation) -> None:
        said = node.sentences
        ends = [passage is not after for (passage, _), (after, _) in pairwise(said)]
        texts = [(text, end) for (_, text), end in zip(said, [*ends, True], strict=True)]
        for run in share_sentences(texts, self.pace):
            whole = " ".join(text for text, _ in texts[run.start : run.stop])
            last = run.stop == len(texts)
            parts = shorten(whole, most=LONGEST_TEXT, characters=LONGEST_TEXT)
            for index, part in enumerate(parts, start=1):
                signed = last and index == len(parts)
                self._show(QuoteCard(part, node.attribution if signed else ""))
                for passage, _ in said[run.start : run.stop]:
                    self._place(passage, "quote")
                if signed and node.signed:
                    self._place(node.signed, "attribution")

    def _show(self, card: Card) -> None:
        self.scenes.append(SceneDraft(card, self._chapter))

    def _place(self, passage: Passage, element: str) -> None:
        """Note that a passage is in an element of the scene shown last."""
        self._placed.setdefault(passage, []).append(Placement(len(self.scenes) - 1, element))


def _count(prose: Prose) -> Iterator[tuple[int, str]]:
    return enumerate(prose.sentences, start=1)


def _readable(lines: Sequence[str], first: int) -> Iterator[tuple[int, str]]:
    """The parts of a run of lines that fit a card, each with its first line's number; none is blank."""
    start = 0
    for end in range(1, len(lines) + 1):
        following = len(lines[end]) if end < len(lines) else _LONGEST_CODE
        if sum(len(line) + 1 for line in lines[start:end]) + following < _LONGEST_CODE:
            continue
        part = list(lines[start:end])
        while part and not part[0].strip():
            part, start = part[1:], start + 1
        text = "\n".join(part).rstrip()
        for at in range(0, len(text), _LONGEST_CODE):
            if text[at : at + _LONGEST_CODE].strip():
                yield first + start, text[at : at + _LONGEST_CODE]
        start = end
