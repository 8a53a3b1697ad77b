"""What a person writes in the document."""

from __future__ import annotations

import pytest

from orchestrator.footage.edits import KEYS, edit, first_edit
from orchestrator.footage.preview import BACKEND, way_out
from orchestrator.job import reason_value
from services.parsing.backends.footage import read_wish
from storyreel.error.v1 import recovery_pb2
from storyreel.job.v1 import job_pb2, record_pb2


def change(field: str, to: str, before: str = "") -> recovery_pb2.Change:
    return recovery_pb2.Change(field=field, after=to, before=before)


def way(description: str, *changes: recovery_pb2.Change) -> recovery_pb2.Suggestion:
    return recovery_pb2.Suggestion(description=description, changes=changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([change("steps", "15", "2")], "in the footage block on line 14 write `steps: 15`"),
        (
            [change("footage.mode", "t2v"), change("model", "t2v-A14B"), change("steps", "30")],
            "in the footage block on line 14 write `mode: t2v`, `model: t2v-A14B` and `steps: 30`",
        ),
        (
            [change("mode", "i2v"), change("model", "")],
            "in the footage block on line 14 write `mode: i2v` and leave out `model`",
        ),
        ([change("quantization", "fp8")], ""),
        ([change("steps", "15"), change("floor.exact", "false")], ""),
        ([], ""),
    ],
)
def test_a_change_is_told_as_it_is_written(changes: list[recovery_pb2.Change], said: str) -> None:
    assert edit(changes, 14) == said


def test_without_a_line_the_block_is_named_all_the_same() -> None:
    assert edit([change("steps", "15")], 0) == "in the footage block write `steps: 15`"


def test_the_first_way_that_a_document_can_take_is_told() -> None:
    ways = [way("Close programs."), way("In eight bits.", change("quantization", "fp8"))]
    ways.append(way("Ask for 480p.", change("resolution", "480p")))

    assert first_edit(ways, 3) == (
        "In the footage block on line 3 write `resolution: 480p`; then render again."
    )
    assert first_edit(ways[:2], 3) == ""


WRITE = "In the footage block on line 3 write `steps: 15`; then render again."


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("INVALID_REQUEST", WRITE),
        ("DEVICE_MEMORY", f"Close programs. {WRITE}"),
        (
            "GENERATION_FAILED",
            "Word the prompt otherwise, or name another model, in the footage block on line 3; "
            "then render again.",
        ),
        ("UNKNOWN_BACKEND", BACKEND),
    ],
)
def test_the_way_out_says_what_to_write_where_that_helps(reason: str, said: str) -> None:
    scene = record_pb2.SceneRecord()
    scene.ref.visual_place.line = 3
    ways = [way("Take 15 steps.", change("steps", "15", "2")), way("Close programs.")]

    assert way_out(job_pb2.JobError(reason=reason_value(reason), suggestions=ways), scene) == said


def test_a_change_of_another_attempt_is_not_told_as_one_of_the_document() -> None:
    scene = record_pb2.SceneRecord()
    scene.attempts.add(number=1).retry.values.steps = 15
    ways = [way("Close programs."), way("Take 10 steps.", change("steps", "10", "15"))]

    assert (
        way_out(job_pb2.JobError(reason=reason_value("DEVICE_MEMORY"), suggestions=ways), scene)
        == "Close programs."
    )


@pytest.mark.parametrize("key", sorted(KEYS))
def test_what_is_told_can_be_written(key: str) -> None:
    values = {"mode": "t2v", "model": "ti2v-5B", "resolution": "720p", "guidance": "3.5"}

    wish = read_wish(f"prompt: a lamp\n{key}: {values.get(key, '15')}", 1)

    assert not wish.warnings
    assert wish.footage is not None
    assert getattr(wish.footage, key)
