"""The child: what goes in, what comes out, always the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.chassis.errors import UnsupportedDocument
from services.chassis.progress import Progress
from services.parsing.wire import Reading, Task, blocks_of, checked, scene_id
from services.parsing.worker import answer
from storyreel.parsing.v1 import storyboard_pb2

DOCUMENTS = Path(__file__).parents[2] / "data" / "documents"


def silent(progress: Progress) -> None:
    raise AssertionError(f"reading reports no progress: {progress}")


@pytest.mark.parametrize("name", ["handbook.md", "readme.md", "harbour.txt"])
def test_the_same_document_gives_the_same_bytes(name: str) -> None:
    task = Task((DOCUMENTS / name).read_bytes(), name, "en").encode()

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
    task = Task((DOCUMENTS / name).read_bytes(), name, "en").encode()

    reading = Reading.decode(answer(task, silent))

    assert reading.title == title
    assert [checked(scene).type for scene in reading.scenes][: len(types)] == types


def test_the_account_of_the_blocks_survives_the_way() -> None:
    task = Task(b"# T\n\nOne.\n\n---\n", "t.md", "en").encode()

    reading = Reading.decode(answer(task, silent))
    blocks = blocks_of(storyboard_pb2.Coverage.FromString(reading.coverage))

    assert [(block.kind, block.line, block.drop_reason) for block in blocks] == [
        ("heading", 1, ""),
        ("paragraph", 3, ""),
        ("rule", 5, "a rule only separates"),
    ]
    assert [(p.scene, p.element) for p in blocks[1].placements] == [(0, "subtitle")]


def test_a_task_keeps_names_of_any_script() -> None:
    task = Task(b"\x00\xff", "手引き.md", "ja")

    assert Task.decode(task.encode()) == task


def test_what_is_no_document_is_refused() -> None:
    with pytest.raises(UnsupportedDocument):
        answer(Task(b"%PDF-1.7", "a.pdf", "en").encode(), silent)


def test_scene_ids_count_from_one() -> None:
    assert [scene_id(index) for index in (0, 9, 499)] == ["s001", "s010", "s500"]
