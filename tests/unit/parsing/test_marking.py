"""A described picture belongs to the next block's scene; at a section's end to the scene before."""

from __future__ import annotations

import pytest

from services.chassis.errors import EmptyDocument
from services.parsing.backends import markdown
from services.parsing.edit import storyboard
from services.parsing.marking import MOST_WARNINGS, NOTE
from services.parsing.storyboard import Storyboard
from services.parsing.worker import answer
from services.story.scene import CodeCard, ListCard, ParagraphCard, QuoteCard, SectionCard, TitleCard
from services.story.source_place import SourcePlace
from services.story.text import Text
from storyreel.parsing.v1 import reading_pb2, storyboard_pb2

LAMP = "```footage\na lamp\n```\n"
SEA = "```footage\nthe sea\n```\n"


def board(text: str) -> Storyboard:
    return storyboard(markdown.outline(text, language="en"), name="", language="en")


def pictures(text: str) -> list[tuple[object, str]]:
    """The cards that are to be footage, with their prompts."""
    return [(type(draft.card), draft.footage.prompt) for draft in board(text).scenes if draft.footage]


@pytest.mark.parametrize(
    ("text", "card"),
    [
        (f"# T\n\n{LAMP}\nIt burns oil.", ParagraphCard),
        (f"# T\n\n## C\n\n{LAMP}\n- oil\n- wick\n", ListCard),
        (f"# T\n\n{LAMP}\n```sh\nmake\n```\n", CodeCard),
        (f"# T\n\nText that goes before.\n\n### Sub\n\n{LAMP}\n> Light!\n> Now.\n", QuoteCard),
        (f"# T\n\n{LAMP}\n---\n\n<!-- a comment -->\n\nIt burns oil.", ParagraphCard),
        (f"{LAMP}\n# T\n\nIt burns oil.", TitleCard),
        (f"# T\n\n{LAMP}\n## C\n\nIt burns oil.", TitleCard),
        (f"# T\n\nA word before.\n\n## C\n\n{LAMP}\n## D\n\nIt burns.", SectionCard),
        (f"# T\n\n## C\n\nIt burns oil.\n\n{LAMP}\n## D\n\nEnd.", ParagraphCard),
        (f"# T\n\n## C\n\n- oil\n- wick\n\n{LAMP}\n### Sub\n\nEnd.", ListCard),
        (f"# T\n\nA word before.\n\n### Sub\n\n{LAMP}", SectionCard),
        (f"# T\n\n## C\n\nIt burns oil.\n\n{LAMP}", ParagraphCard),
        (f"- oil\n\n  {LAMP.replace(chr(10), chr(10) + '  ')}\n- wick", ListCard),
    ],
)
def test_a_picture_goes_to_the_scene_it_stands_at(text: str, card: type) -> None:
    assert pictures(text) == [(card, "a lamp")]


def test_a_marked_block_is_a_scene_of_its_own() -> None:
    scenes = board(f"# T\n\n## C\n\nOne.\n\n{LAMP}\nTwo.\n\nThree.").scenes

    told = [
        ((*map(str, draft.card.sentences),), bool(draft.footage))
        for draft in scenes[1:]
        if isinstance(draft.card, ParagraphCard)
    ]

    assert told == [
        (("One.",), False),
        (("Two.",), True),
        (("Three.",), False),
    ]


def test_a_subtitle_is_not_taken_from_below_a_picture() -> None:
    title, scene = board(f"# T\n\n{LAMP}\nA short line.").scenes

    assert title.card == TitleCard(Text("T"))
    assert scene.footage is not None


def test_the_block_is_shown_and_says_why() -> None:
    (block,) = [block for block in board(f"# T\n\n{LAMP}\nIt burns oil.").blocks if block.kind == "footage"]

    assert (block.text, block.place.line, block.note, block.drop_reason) == ("a lamp", 3, NOTE, "")
    assert [(place.scene, place.element) for place in block.placements] == [(1, "footage")]


def test_of_two_pictures_for_one_block_the_later_counts_and_the_other_is_told() -> None:
    text = f"# T\n\n{SEA}\n{LAMP}\nIt burns oil."

    made = board(text)

    assert pictures(text) == [(ParagraphCard, "a lamp")]
    assert [
        w
        for w in made.warnings
        if w.place == SourcePlace(3) and "line 3" in w.message and "another one follows" in w.message
    ]
    assert [b.drop_reason for b in made.blocks if b.text == "the sea"] == [
        "another one follows it at once, so its picture has no scene"
    ]


def test_a_scene_keeps_its_own_picture_when_another_ends_its_section() -> None:
    text = f"# T\n\n{LAMP}\nIt burns oil.\n\n{SEA}\n## C\n\nEnd."

    made = board(text)

    assert pictures(text) == [(ParagraphCard, "a lamp")]
    assert [w for w in made.warnings if w.place == SourcePlace(9) and "line 9" in w.message]


def test_a_block_of_several_scenes_has_its_picture_in_the_first_and_says_so() -> None:
    text = f"# T\n\n{LAMP}\n" + "Ten words are what this sentence of ours now has. " * 20

    made = board(text)

    assert [n for n, draft in enumerate(made.scenes) if draft.footage] == [1]
    assert [w for w in made.warnings if "only the first" in w.message]


def test_a_block_without_a_prompt_is_dropped_with_a_reason_and_a_warning() -> None:
    made = board("# T\n\n```footage\nsteps: 30\n```\n\nIt burns oil.")

    assert [b.drop_reason for b in made.blocks if b.kind == "footage"] == [
        "it describes a picture without a prompt or an image"
    ]
    assert not [draft for draft in made.scenes if draft.footage]
    assert len(made.warnings) == 1


def test_warnings_of_many_blocks_are_counted() -> None:
    made = board("# T\n\n" + "```footage\nsteps: x\na lamp\n```\n\nText.\n\n" * 20)

    assert len(made.warnings) == MOST_WARNINGS + 1
    assert made.warnings[-1].message == "Footage: warnings that are not listed: 8."


@pytest.mark.parametrize("fence", ["```Footage", "~~~FOOTAGE", "``` fooTage  "])
def test_the_word_on_the_fence_may_have_capital_letters(fence: str) -> None:
    assert pictures(f"# T\n\n{fence}\na lamp\n{fence[:3]}\n\nIt burns oil.") == [(ParagraphCard, "a lamp")]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"# T\n\n{LAMP}\nIt burns oil.\n\n{SEA}\nIt is wide.", [0, 3, 9]),
        (f"{LAMP}\n# T\n\nIt burns oil.", [1]),
        (f"# T\n\n## C\n\nIt burns oil.\n\n{LAMP}", [0, 0, 7]),
    ],
)
def test_a_scene_knows_the_line_that_its_picture_is_described_on(text: str, lines: list[int]) -> None:
    assert [draft.place.line if draft.place else 0 for draft in board(text).scenes][: len(lines)] == lines


def test_another_listing_whose_info_only_begins_so_is_code() -> None:
    assert pictures("# T\n\n```footage.py\nprint()\n```\n\n    footage\n") == []


def test_pictures_alone_tell_nothing() -> None:
    with pytest.raises(EmptyDocument):
        board(LAMP)


def test_a_picture_survives_the_way_out_of_the_child() -> None:
    document = f"# T\n\n{LAMP}\nIt burns oil.".encode()
    task = reading_pb2.ReadingTask(document=document, name="t.md", language="en").SerializeToString()

    reading = reading_pb2.Reading.FromString(answer(task, lambda progress: None))

    refs = [read.ref for read in reading.scenes]
    assert [ref.footage.prompt for ref in refs] == ["", "a lamp"]
    assert [ref.visual for ref in refs] == [storyboard_pb2.VISUAL_UNSPECIFIED, storyboard_pb2.VISUAL_FOOTAGE]
    assert [ref.visual_place.line for ref in refs] == [0, 3]
    footage = (b for b in reading.coverage.blocks if b.kind == storyboard_pb2.BLOCK_KIND_FOOTAGE)
    assert [block.note for block in footage] == [NOTE]
