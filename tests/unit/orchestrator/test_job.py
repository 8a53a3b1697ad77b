"""The record of a job."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrator.job import (
    GENERATION,
    MOST_DEGRADATIONS,
    PARSING,
    SCRIPT,
    TTS,
    WEIGHTS,
    Reached,
    Record,
    measure,
    media_type,
    with_defaults,
)
from storyreel.error.v1 import error_reason_pb2
from storyreel.job.v1 import job_pb2
from storyreel.parsing.v1.source_place_pb2 import Warning as SourceWarning
from storyreel.progress.v1 import progress_pb2

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def record() -> Record:
    job = job_pb2.Job(name="jobs/abcdefgh", settings=with_defaults(job_pb2.Settings()))
    job.create_time.FromDatetime(NOW)
    return Record(job, NOW)


def test_the_weights_of_the_stages_are_shares() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1)


def test_a_new_record_has_taken_its_input_and_nothing_else(record: Record) -> None:
    states = [stage.state for stage in record.job.stages]

    assert states == [job_pb2.STATE_SUCCEEDED] + [job_pb2.STATE_PENDING] * 5
    assert record.job.fraction == pytest.approx(0.01)


def test_a_plan_has_three_stages() -> None:
    job = job_pb2.Job(plan_only=True)

    assert [s.kind for s in Record(job, NOW).job.stages] == list(WEIGHTS)[:3]


def test_the_stages_of_a_plan_are_shares_of_the_plan() -> None:
    plan = Record(job_pb2.Job(plan_only=True), NOW)

    seen = [plan.job.fraction]
    for kind in (PARSING, SCRIPT):
        plan.begin(kind, NOW, calls=1)
        plan.done(kind, NOW, reused=False, attempts=1)
        seen.append(plan.job.fraction)

    assert seen == pytest.approx([0.01 / 0.05, 0.03 / 0.05, 0.999])


def test_a_resumed_job_starts_with_a_clean_record() -> None:
    failed = job_pb2.Job(name="jobs/abcdefgh", fraction=0.7, warnings=[SourceWarning(message="old")])
    failed.error.reason = error_reason_pb2.ERROR_REASON_INTERNAL
    failed.stages.add(kind=PARSING, state=job_pb2.STATE_FAILED)

    job = Record(failed, NOW).job

    assert not job.error.reason
    assert not job.warnings
    assert job.stages[1].state == job_pb2.STATE_PENDING


def test_running_calls_count_by_their_fraction(record: Record) -> None:
    record.begin(GENERATION, NOW, calls=4)
    record.done(GENERATION, NOW, reused=False, attempts=1)
    report = progress_pb2.StageProgress(step="draw", fraction=0.5, done=30, total=60, unit="frames")

    measure(record.job, {"generation/s002/7": report})

    stage = record.stage(GENERATION)
    assert stage.fraction == pytest.approx(0.375)
    assert stage.activity == "draw 30/60 frames"
    assert record.job.fraction == pytest.approx(0.01 + 0.8 * 0.375)


def test_the_clips_of_one_scene_count_by_their_share_of_it(record: Record) -> None:
    record.begin(GENERATION, NOW, calls=4)
    stage, half = record.stage(GENERATION), progress_pb2.StageProgress(fraction=0.5)

    seen = []
    for done, share in ((0.0, 0.4), (0.4, 0.6)):
        record.part("s002", done, share, link=int(done > 0))
        measure(record.job, {"generation/s002/7": half})
        seen.append(stage.fraction)
    record.done(GENERATION, NOW, reused=False, attempts=1, scene_id="s002")

    assert seen == pytest.approx([0.2 / 4, 0.7 / 4])
    assert (stage.fraction, list(stage.parts), stage.calls_done) == (0.25, [], 1)


def test_a_scene_in_parts_is_told_of_when_one_is_done(record: Record) -> None:
    record.begin(GENERATION, NOW, calls=4)
    record.part("s002", 0.0, 0.5, link=0)
    told = [record.moved(), record.moved()]

    record.part("s002", 0.5, 0.5, link=1)

    assert (told, record.moved(), record.made("s002"), record.made("s001")) == ([True, False], True, 0.5, 0.0)


def test_a_job_that_failed_at_the_first_stage_is_not_done(record: Record) -> None:
    record.begin(PARSING, NOW, calls=1)

    record.end(
        job_pb2.STATE_FAILED, NOW, job_pb2.JobError(reason=error_reason_pb2.ERROR_REASON_EMPTY_DOCUMENT)
    )

    assert record.job.fraction < 0.1
    assert record.stage(PARSING).state == job_pb2.STATE_FAILED
    assert record.stage(SCRIPT).state == job_pb2.STATE_PENDING


def test_only_a_succeeded_job_is_whole(record: Record) -> None:
    for kind in list(WEIGHTS)[1:]:
        record.begin(kind, NOW, calls=1)
        record.done(kind, NOW, reused=False, attempts=1)

    before = record.job.fraction
    record.end(job_pb2.STATE_SUCCEEDED, NOW)

    assert before < 1
    assert record.job.fraction == 1


def test_starting_a_stage_again_counts_its_calls_anew_but_keeps_its_attempts(record: Record) -> None:
    record.begin(TTS, NOW, calls=2)
    record.done(TTS, NOW, reused=False, attempts=2)

    record.begin(TTS, NOW, calls=2)

    assert (record.stage(TTS).calls_done, record.stage(TTS).attempts) == (0, 2)


def test_a_degradation_is_said_once(record: Record) -> None:
    for _ in range(2):
        record.degrade(TTS, "The voice is another.", "edge is down", "Render again.")

    assert len(record.job.degradations) == 1


def test_notes_of_an_ended_job_are_in_the_order_of_the_scenes(record: Record) -> None:
    for scene in ("s003", "s001", "s002"):
        record.degrade(GENERATION, "Less.", f"No font in {scene}.", "Install it.", scene)
    record.degrade(GENERATION, "Less.", "No font in s003.", "Install it.", "s000")

    record.end(job_pb2.STATE_SUCCEEDED, NOW)

    assert [(d.scene_id, d.remedy) for d in record.job.degradations] == [
        ("s000", "Install it. (in 2 scenes: s000, s003)"),
        ("s001", "Install it."),
        ("s002", "Install it."),
    ]


def test_what_is_true_of_many_scenes_is_said_once_with_their_number(record: Record) -> None:
    for number in range(500):
        record.degrade(GENERATION, "Less.", "No font.", "Install it.", f"s{number:03d}")

    assert [(d.scene_id, d.remedy) for d in record.job.degradations] == [
        ("s000", "Install it. (in 500 scenes: s000, s001, s002 …)")
    ]


def test_a_record_stays_small_whatever_goes_wrong(record: Record) -> None:
    for number in range(1000):
        record.degrade(GENERATION, "Less.", f"Reason {number}.", "Install it.")

    assert len(record.job.degradations) == MOST_DEGRADATIONS
    assert "970 more" in record.job.degradations[-1].remedy


def test_work_done_again_does_not_take_the_whole_back(record: Record) -> None:
    record.begin(GENERATION, NOW, calls=2)
    record.done(GENERATION, NOW, reused=False, attempts=1)
    before = record.job.fraction

    record.begin(GENERATION, NOW, calls=2)
    measure(record.job, {})

    assert record.job.fraction == before


def test_watchers_of_a_long_job_see_each_hundredth(record: Record) -> None:
    record.begin(SCRIPT, NOW, calls=500)
    moved = 0
    for _ in range(500):
        record.done(SCRIPT, NOW, reused=False, attempts=1)
        moved += record.moved()

    assert 95 <= moved <= 105


def test_defaults_say_what_is_used() -> None:
    settings = with_defaults(job_pb2.Settings(voice="female"))

    assert (settings.voice, settings.language, settings.speed_percent) == ("female", "en", 100)
    assert (settings.picture.width, settings.picture.height) == (1920, 1080)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("Guide.MD", b"# A", "text/markdown"),
        ("talk.txt", b"A.", "text/plain"),
        ("document", b"# A", "text/plain"),
        ("report.pdf", b"%PDF\0", "application/octet-stream"),
    ],
)
def test_a_document_has_the_type_that_its_name_says(name: str, data: bytes, kind: str) -> None:
    assert media_type(name, data) == kind


def test_a_stage_whose_call_is_tried_again_keeps_what_it_had_reached_until_it_is_made_anew() -> None:
    reached = Reached()
    job = job_pb2.Job(fraction=0.5)
    stage = job.stages.add(kind=GENERATION, state=job_pb2.STATE_RUNNING, calls_done=3, fraction=0.6)
    reached.hold(job)

    job.fraction = 0.4
    stage.fraction = 0.5
    reached.hold(job)
    again = stage.fraction
    stage.calls_done = 0
    stage.fraction = 0.1
    reached.hold(job)

    assert again == pytest.approx(0.6)
    assert stage.fraction == pytest.approx(0.1)
    assert job.fraction == pytest.approx(0.5)
