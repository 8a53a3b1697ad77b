"""The child: what goes in, what comes out, always the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.chassis.errors import UnsupportedDocument
from services.chassis.progress import Progress
from services.parsing.wire import scene_id, summary
from services.parsing.worker import answer
from services.story.scene import ParagraphCard
from services.story.text import Text
from storyreel.parsing.v1 import reading_pb2, storyboard_pb2

DOCUMENTS = Path(__file__).parents[2] / "data" / "documents"


def silent(progress: Progress) -> None:
    raise AssertionError(f"reading reports no progress: {progress}")


def packed(document: bytes, name: str) -> bytes:
    """The task of a document in English."""
    return reading_pb2.ReadingTask(document=document, name=name, language="en").SerializeToString()


@pytest.mark.parametrize("name", ["handbook.md", "readme.md", "harbour.txt"])
def test_the_same_document_gives_the_same_bytes(name: str) -> None:
    task = packed((DOCUMENTS / name).read_bytes(), name)

    first, second = answer(task, silent), answer(task, silent)

    assert first == second


@pytest.mark.parametrize(
    ("name", "title", "types"),
    [
        ("readme.md", "tidepool", ["title", "paragraph", "section", "list", "list", "section"]),
        ("harbour.txt", "THE HARBOUR IN WINTER", ["title", "paragraph", "section", "list"]),
    ],
)
def test_a_document_of_each_kind_is_cut_as_an_editor_would(name: str, title: str, types: list[str]) -> None:
    task = packed((DOCUMENTS / name).read_bytes(), name)

    reading = reading_pb2.Reading.FromString(answer(task, silent))

    assert reading.title == title
    assert [read.scene.WhichOneof("card") for read in reading.scenes][: len(types)] == types
    assert [read.ref.type for read in reading.scenes][: len(types)] == [
        storyboard_pb2.SceneType.Value(f"SCENE_TYPE_{name}".upper()) for name in types
    ]


def test_the_account_of_the_blocks_survives_the_way() -> None:
    task = packed(b"# T\n\nOne.\n\n---\n", "t.md")

    blocks = reading_pb2.Reading.FromString(answer(task, silent)).coverage.blocks

    assert [(block.kind, block.place.line, block.drop_reason) for block in blocks] == [
        (storyboard_pb2.BLOCK_KIND_HEADING, 1, ""),
        (storyboard_pb2.BLOCK_KIND_PARAGRAPH, 3, ""),
        (storyboard_pb2.BLOCK_KIND_RULE, 5, "a rule only separates"),
    ]
    assert [(p.scene_id, p.element) for p in blocks[1].placements] == [("s001", "subtitle")]


def test_a_scene_knows_the_headings_above_it_and_what_it_shows_in_short() -> None:
    text = "# T\n\n## A\n\n### B\n\nOne ~~not~~ two.\n\n### C\n\n- x\n\n## D\n\nEnd."

    scenes = reading_pb2.Reading.FromString(answer(packed(text.encode(), "t.md"), silent)).scenes

    assert [([*read.ref.headings], read.ref.summary) for read in scenes[1:-1]] == [
        ([], "A"),
        (["A", "B"], "One two."),
        (["A", "C"], "x"),
        ([], "D"),
        (["D"], "End."),
    ]


def test_a_long_card_is_cut_short_after_a_word() -> None:
    short = summary(ParagraphCard(Text("Header"), (Text("word " * 100),)))

    assert short.startswith("word word")
    assert short.endswith("word…")
    assert len(short) <= 200


def test_what_is_no_document_is_refused() -> None:
    with pytest.raises(UnsupportedDocument):
        answer(packed(b"%PDF-1.7", "a.pdf"), silent)


def test_scene_ids_count_from_one() -> None:
    assert [scene_id(index) for index in (0, 9, 499)] == ["s001", "s010", "s500"]
