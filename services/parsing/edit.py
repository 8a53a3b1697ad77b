"""Makes a storyboard of an outline: its title, its chapters, its pace and its closing words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from services.chassis.errors import DocumentTooLarge, EmptyDocument, Suggestion
from services.parsing.cut import LONGEST_HEADING, Cut
from services.parsing.emoji import spoken_texts, unspoken
from services.parsing.formulas import untold
from services.parsing.glossary import gathered
from services.parsing.languages import other_than_english
from services.parsing.outline import Dropped, Heading, Marked, Node, Outline, Passage, Prose, Quotation
from services.parsing.pace import PACES
from services.parsing.sentences import shorten, words
from services.parsing.storyboard import MOST_SCENES, Storyboard
from services.story.scene import OutroCard, elements
from services.story.source_place import SourceWarning
from services.story.text import NOTHING, Text, joined

MOST_BLOCKS = 20_000
"""Blocks side by side; the account of more of them would be larger than the document."""

_SPOKEN_PER_HOUR = 150 * 60
_LONGEST_SUBTITLE = 120
_SUBTITLE_WORDS = 24
_FIRST_WORDS = 8
_MOST_LINKS = 4
_LONGEST_LINK = 500
_MOST_NAMED = 5
_LONGEST_MESSAGE = 1000
# Names that say nothing about what is inside.
_NAMELESS = frozenset(
    {"readme", "index", "untitled", "document", "doc", "text", "stdin", "input", "main", "-"}
)
_NUMBERING = re.compile(r"^[\W_]*(?:\d{1,4}(?:\.\d{1,4})*[.)]?\s+)?")


def storyboard(outline: Outline, *, name: str, language: str) -> Storyboard:
    """Cut an outline into scenes, at the pleasantest pace that keeps it within 500.

    Args:
        outline: The document.
        name: What the document is called, such as `guide.md`; may be empty.
        language: BCP 47; only English gets a closing summary.

    Raises:
        EmptyDocument: There is nothing to tell.
        DocumentTooLarge: Even at the densest pace there are more than 500 scenes, or there are more
            than 20,000 blocks.
    """
    if all(isinstance(node, Dropped | Marked) for node in outline.nodes):
        raise EmptyDocument(
            "The document has nothing to tell: " + _of_what(len(outline.nodes)),
            suggestions=[Suggestion("Add a heading or a sentence.")],
        )
    if len(outline.nodes) > MOST_BLOCKS:
        raise DocumentTooLarge(
            f"The document has {len(outline.nodes):,} blocks; at most {MOST_BLOCKS:,} are read.",
            suggestions=[Suggestion("Split it into several documents.")],
            metadata={"blocks": str(len(outline.nodes)), "limit": str(MOST_BLOCKS)},
        )
    opening = _opening(outline, name)
    nodes = _levelled(opening.nodes)
    ways = [*((pace, nodes) for pace in PACES), (PACES[-1], gathered(nodes))]
    for pace, told in ways:
        cut = Cut(opening.title, pace, language)
        cut.open(opening.titles, opening.subtitle, opening.mark)
        cut.take(told, most=None if told is ways[-1][1] else MOST_SCENES)
        if len(cut.sections) >= 2:
            cut.close(_outro(opening.title, cut.sections, outline.links, language))
        if len(cut.scenes) <= MOST_SCENES:
            heard = map(SourceWarning, _heard(cut, language))
            warnings = (*outline.warnings, *heard, *cut.marks.told())
            return Storyboard(opening.title.standing(), tuple(cut.scenes), tuple(cut.blocks()), warnings)
    raise _too_large(cut)


def _heard(cut: Cut, language: str) -> Iterator[str]:
    """What the voice makes of the text that a reader would not expect."""
    yield from other_than_english(map(str, spoken_texts(cut.scenes)), language=language)
    yield from unspoken(cut.scenes)
    yield from untold(cut.scenes, language=language)


@dataclass(frozen=True, slots=True)
class _Opening:
    """The title, the passages that say it, the line below it, everything else, and the title's picture."""

    title: Text
    titles: tuple[Passage, ...]
    subtitle: Prose | None
    nodes: tuple[Node, ...]
    mark: Marked | None = None


def _of_what(blocks: int) -> str:
    if blocks == 0:
        return "it has no text."
    return "its only block is markup." if blocks == 1 else f"all its {blocks} blocks are markup."


def _opening(outline: Outline, name: str) -> _Opening:
    nodes, given = list(outline.nodes), outline.title
    first = next((n for n, node in enumerate(nodes) if isinstance(node, Heading)), None)
    heading = nodes[first] if first is not None else None
    if first is None or not isinstance(heading, Heading) or heading.level != 1:
        named = Text((given.text if given else "") or _named(name))
        title = named or _first_words(nodes) or Text("Untitled")
        titles = (given,) if given else ()
        return _Opening(_fitting(title), titles, None, tuple(nodes))
    title = _fitting(heading.text)
    if title != heading.text:
        kept: list[Node] = [Dropped(given, "the document's heading is shown instead")] if given else []
        return _Opening(title, (), None, (*kept, *nodes))
    del nodes[first]
    mark = _mark_above(nodes, first)
    subtitle = _subtitle(nodes, first - (mark is not None))
    same = given is not None and given.text == heading.text.text
    sources = (given, heading.source) if given and same else (heading.source,)
    if given and not same:
        nodes.append(Dropped(given, "the document's heading is shown instead"))
    return _Opening(title, sources, subtitle, tuple(nodes), mark)


def _mark_above(nodes: list[Node], at: int) -> Marked | None:
    """Take the picture that is described right above the title out of the nodes, if there is one."""
    while at > 0 and isinstance(nodes[at - 1], Dropped):
        at -= 1
    mark = nodes[at - 1] if at > 0 else None
    if not isinstance(mark, Marked):
        return None
    del nodes[at - 1]
    return mark


def _subtitle(nodes: list[Node], at: int) -> Prose | None:
    """Take the short paragraph or quotation that follows the title out of the nodes, if there is one."""
    while at < len(nodes) and isinstance(nodes[at], Dropped):
        at += 1
    node = nodes[at] if at < len(nodes) else None
    if isinstance(node, Quotation) and not node.attribution:
        passages = {passage for passage, _ in node.sentences}
        text = joined(sentence for _, sentence in node.sentences)
        prose = Prose(passages.pop(), (text,)) if len(passages) == 1 else None
    else:
        prose = node if isinstance(node, Prose) and not node.figure else None
    if prose is None or len(prose.sentences) > 2 or words(prose.source.text) > _SUBTITLE_WORDS:
        return None
    if len(prose.source.text) > _LONGEST_SUBTITLE or prose.source.text.endswith((":", "：")):
        return None
    del nodes[at]
    return prose


def _named(name: str) -> str:
    """A title from a file's name; empty when the name says nothing."""
    stem = name.strip().rpartition(".")[0] or name.strip()
    text = " ".join(re.sub(r"[-_+]+", " ", stem).split())
    if text.lower() in _NAMELESS or not any(map(str.isalpha, text)):
        return ""
    return text[:1].upper() + text[1:] if text.islower() else text


def _first_words(nodes: Sequence[Node]) -> Text:
    """The first heading, or the first words of the text."""
    for node in nodes:
        match node:
            case Heading():
                return node.text
            case Prose():
                first = node.sentences[0]
                ends = [word.end() for word in re.finditer(r"\S+", first.text)]
                short = len(ends) <= _FIRST_WORDS + 2
                return first if short else first[: ends[_FIRST_WORDS - 1]] + Text("…")
    return NOTHING


def _fitting(title: Text) -> Text:
    return shorten(title, characters=LONGEST_HEADING)[0]


def _levelled(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """The nodes with the highest headings as chapters, whatever level the source gives them."""
    levels = [node.level for node in nodes if isinstance(node, Heading)]
    lift = max(0, min(levels, default=2) - 2)
    if not lift:
        return tuple(nodes)
    return tuple(replace(n, level=n.level - lift) if isinstance(n, Heading) else n for n in nodes)


def _outro(title: Text, sections: Sequence[Text], links: Sequence[str], language: str) -> OutroCard:
    english = language.lower().partition("-")[0] in ("", "en")
    # A host is one address, with a slash behind it or not.
    shown = {link.rstrip("/"): link for link in reversed(links) if len(link) <= _LONGEST_LINK}
    first = list(dict.fromkeys(shown[link.rstrip("/")] for link in links if link.rstrip("/") in shown))
    message = _covered([section.standing() for section in sections]) if english else ""
    return OutroCard(title, Text(message), tuple(first[:_MOST_LINKS]))


def _covered(sections: Sequence[str]) -> str:
    """A sentence that names the chapters, as many as fit."""
    names = [name for section in sections if (name := _NUMBERING.sub("", section).rstrip(" .:;,"))]
    for count in range(min(_MOST_NAMED + 1, len(names)), 0, -1):
        if count > _MOST_NAMED and len(names) > count:
            continue
        shown, more = names[:count], len(names) - count
        parts = [*shown, f"{more} more {'topic' if more == 1 else 'topics'}"] if more else shown
        comma = "; " if any("," in part for part in parts) else ", "
        message = (
            f"Covered: {comma.join(parts[:-1])} and {parts[-1]}." if parts[1:] else f"Covered: {parts[0]}."
        )
        if len(message) <= _LONGEST_MESSAGE:
            return message
    return ""


def _too_large(cut: Cut) -> DocumentTooLarge:
    spoken = sum(words(text) for text in _told(cut))
    parts = -(-len(cut.scenes) // MOST_SCENES)
    pace, chapters = PACES[-1].words, len(cut.sections)
    where = f"at its {chapters} chapters" if chapters >= parts else "between paragraphs"
    return DocumentTooLarge(
        f"The document makes {len(cut.scenes)} scenes even with {pace} words each, about "
        f"{spoken / _SPOKEN_PER_HOUR:.1f} hours of video; a job may have {MOST_SCENES}.",
        suggestions=[Suggestion(f"Split the document {where} into {parts} or more documents.")],
        metadata={"scenes": str(len(cut.scenes)), "limit": str(MOST_SCENES), "words": str(spoken)},
    )


def _told(cut: Cut) -> Iterator[str]:
    for draft in cut.scenes:
        yield from (text.text for _, text in elements(draft.card))
