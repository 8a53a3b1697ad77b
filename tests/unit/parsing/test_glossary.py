"""A document of very many short sections becomes a video: they share scenes before anything is refused."""

from __future__ import annotations

import pytest

from services.chassis.errors import DocumentTooLarge
from services.parsing.backends.markdown import outline
from services.parsing.edit import storyboard
from services.parsing.glossary import gathered
from services.parsing.outline import Entries, Heading, Node, Prose
from services.parsing.storyboard import MOST_SCENES, Storyboard
from services.story.scene import ListCard, ParagraphCard, SectionCard, TitleCard


def glossary(sections: int, *, words: int = 3) -> str:
    """A document of short sections."""
    told = " ".join(["means"] * (words - 1))
    return "# Glossary\n\n" + "\n\n".join(f"## Word {n}\n\nIt {told}." for n in range(sections))


def board(text: str) -> Storyboard:
    return storyboard(outline(text, language="en"), name="", language="en")


def nodes(text: str) -> tuple[Node, ...]:
    return outline(text, language="en").nodes


def test_a_section_keeps_its_card_where_the_document_has_room_for_it() -> None:
    made = board(glossary(200))

    assert [type(draft.card) for draft in made.scenes[:3]] == [TitleCard, SectionCard, ParagraphCard]
    assert len(made.scenes) == 402


def test_short_sections_of_a_long_document_are_one_scene_each_under_their_title() -> None:
    made = board(glossary(300))

    assert len(made.scenes) == 302
    second = made.scenes[2]
    assert isinstance(second.card, ParagraphCard)
    assert (second.card.header.text, second.card.introduces_header, second.chapter) == (
        "Word 1",
        True,
        "Word 1",
    )


def test_a_section_of_several_scenes_keeps_its_card_in_a_long_document() -> None:
    long = "## Long\n\n" + "It goes on and on and on and on. " * 80

    made = board(f"{glossary(300)}\n\n{long}")

    cards = [draft.card for draft in made.scenes if isinstance(draft.card, SectionCard)]
    assert [card.title.text for card in cards] == ["Long"]


def test_more_sections_than_scenes_are_items_of_lists_and_nothing_is_lost() -> None:
    made = board(glossary(700))

    assert len(made.scenes) <= MOST_SCENES
    first = made.scenes[1].card
    assert isinstance(first, ListCard)
    assert [(item.title.text, item.text.text) for item in first.items][:2] == [
        ("Word 0", "It means means."),
        ("Word 1", "It means means."),
    ]
    assert len(made.blocks) == 1401
    assert all(block.placements for block in made.blocks)


def test_what_makes_too_many_scenes_whatever_is_shared_is_refused() -> None:
    with pytest.raises(DocumentTooLarge, match="a job may have 500"):
        board(glossary(600, words=130))


def test_only_runs_of_headings_over_one_short_paragraph_are_gathered() -> None:
    text = "## A\n\nOne.\n\n### B\n\nTwo.\n\n## C\n\nThree.\n\nFour.\n\n## D\n\nFive.\n\n- item"

    first, *rest = gathered(nodes(text))

    assert isinstance(first, Entries)
    assert [(item.title.text, item.level) for item in first.items] == [("A", 0), ("B", 1)]
    assert [type(node) for node in rest] == [Heading, Prose, Prose, Heading, Prose, Entries]


def test_a_single_short_section_stays_as_it_is() -> None:
    kinds = [type(node) for node in gathered(nodes("## A\n\nOne.\n\n## B\n\nTwo.\n\nThree."))]

    assert kinds == [Heading, Prose, Heading, Prose, Prose]
