"""What people and machines see of a job."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console, Group

from orchestrator.cli.commands import _ended_badly
from orchestrator.cli.display import PACE_SECONDS, Lines, LiveTable, Plain, notes, summary
from orchestrator.job import GENERATION, PARSING, SCRIPT, reason_value
from storyreel.error.v1.category_pb2 import CATEGORY_VRAM_MEMORY as VRAM_MEMORY
from storyreel.job.v1 import job_pb2
from storyreel.progress.v1 import progress_pb2


@pytest.fixture
def job() -> job_pb2.Job:
    made = job_pb2.Job(name="jobs/abcdefgh", state=job_pb2.STATE_RUNNING, fraction=0.42, title="T")
    made.stages.add(kind=PARSING, state=job_pb2.STATE_SUCCEEDED, calls=1, calls_done=1, fraction=1)
    made.stages.add(
        kind=SCRIPT, state=job_pb2.STATE_SUCCEEDED, calls=9, calls_done=9, calls_reused=7, fraction=1
    )
    made.stages.add(
        kind=GENERATION,
        state=job_pb2.STATE_RUNNING,
        calls=9,
        calls_done=3,
        fraction=0.35,
        activity="draw 3/9 frames",
    )
    return made


def console() -> Console:
    return Console(file=io.StringIO(), width=120, force_terminal=False, highlight=False)


def written(target: Console) -> str:
    assert isinstance(target.file, io.StringIO)
    return target.file.getvalue()


def test_a_machine_gets_one_line_of_json_per_event(
    job: job_pb2.Job, capsys: pytest.CaptureFixture[str]
) -> None:
    Lines().show(job)
    Lines().finished(job, [Path("/tmp/a.mp4")])

    progress, finished = map(json.loads, capsys.readouterr().out.splitlines())
    assert (progress["event"], progress["name"], progress["state"]) == (
        "progress",
        "jobs/abcdefgh",
        "RUNNING",
    )
    assert progress["stages"][2] | {"attempts": 0} == {
        "kind": "generation",
        "state": "RUNNING",
        "fraction": 0.35,
        "calls": 9,
        "calls_done": 3,
        "calls_reused": 0,
        "attempts": 0,
    }
    assert (finished["event"], finished["files"]) == ("finished", ["/tmp/a.mp4"])


def test_a_log_gets_each_line_once(job: job_pb2.Job) -> None:
    target = console()
    plain = Plain(target)

    plain.show(job)
    plain.show(job)

    assert written(target).splitlines() == [
        "parsing: done",
        "script: done 9/9, 7 found made",
        "generation: 30 %",
    ]


def generating(job: job_pb2.Job, done: int, *, step: str = "generate", left: int = 0) -> job_pb2.Job:
    """The job with one clip of footage so far."""
    stage = job.stages[2]
    del stage.running[:]
    total = 40 if done else 0
    progress = progress_pb2.StageProgress(
        step=step, fraction=done / 40, done=done, total=total, unit="steps" if total else ""
    )
    if left:
        progress.remaining.FromSeconds(left)
    stage.running.add(scene_id="s003", attempt=1 + len(job.attempts), progress=progress)
    return job


def test_a_log_tells_of_footage_each_phase_and_then_a_line_now_and_then(job: job_pb2.Job) -> None:
    target, now = console(), [100.0]
    plain = Plain(target, clock=lambda: now[0])

    plain.show(generating(job, 0, step="prepare"))
    for done in range(1, 41):
        plain.show(generating(job, done, left=200 - 5 * done))
        now[0] += PACE_SECONDS / 10

    assert [line for line in written(target).splitlines() if line.startswith("footage")] == [
        "footage: prepare s003",
        "footage: generate s003 1/40 steps, about 3 min left",
        "footage: generate s003 11/40 steps, about 2 min left",
        "footage: generate s003 21/40 steps, about 2 min left",
        "footage: generate s003 31/40 steps, about 45 s left",
    ]


def test_phases_that_take_turns_do_not_fill_a_log(job: job_pb2.Job) -> None:
    target = console()
    plain = Plain(target, clock=lambda: 0.0)

    for done in range(1, 30):
        plain.show(generating(job, done))
        job.stages[2].running[0].progress.unit = "frames"
        plain.show(job)

    assert [line for line in written(target).splitlines() if line.startswith("footage")] == [
        "footage: generate s003 1/40 steps",
        "footage: generate s003 1/40 frames",
    ]


def test_a_log_tells_what_a_retry_changed_and_which_attempt_follows(job: job_pb2.Job) -> None:
    target = console()
    plain = Plain(target)
    plain.show(generating(job, 3))
    attempt = job.attempts.add(scene_id="s003", number=1, category=VRAM_MEMORY, message="No memory.")
    attempt.retry.changes.add(field="resolution", before="720p", after="480p")

    plain.show(generating(job, 3))

    assert written(target).splitlines()[-2:] == [
        "footage: s003 attempt 1 failed: No memory. Attempt 2 has resolution 720p → 480p.",
        "footage: generate s003 3/40 steps (attempt 2)",
    ]


def test_the_table_tells_of_a_failed_attempt_when_it_failed(job: job_pb2.Job) -> None:
    target = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    live = LiveTable(target)
    live.show(job)
    job.attempts.add(scene_id="s003", number=3, message="No memory.")

    live.show(job)
    live.close()

    assert "s003 attempt 3 failed: No memory. The card is shown instead." in written(target)


def test_a_machine_is_told_of_footage_in_the_making_and_of_its_attempts(
    job: job_pb2.Job, capsys: pytest.CaptureFixture[str]
) -> None:
    job.attempts.add(scene_id="s003", number=1, category=VRAM_MEMORY, message="No memory.")

    Lines().show(generating(job, 12, left=170))

    told = json.loads(capsys.readouterr().out)
    assert told["stages"][2]["running"] == [
        {
            "scene_id": "s003",
            "attempt": 2,
            "step": "generate",
            "fraction": 0.3,
            "done": 12,
            "total": 40,
            "unit": "steps",
            "remaining_seconds": 170.0,
        }
    ]
    assert told["attempts"][0]["message"] == "No memory."


def test_what_a_person_should_know_is_said_when_it_is_known(job: job_pb2.Job) -> None:
    job.warnings.add(message="The text goes to a service.")
    target = console()

    Plain(target).show(job)

    assert written(target).startswith("note: The text goes to a service.")


def test_the_table_shows_every_stage_and_the_whole(job: job_pb2.Job) -> None:
    target = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    live = LiveTable(target)

    live.show(job)
    live.close()

    shown = written(target)
    for part in ("parsing", "script", "generation", "3/9 · draw 3/9 frames", "42%"):
        assert part in shown


def test_a_summary_says_what_is_not_as_asked_for_and_what_to_do(job: job_pb2.Job) -> None:
    job.degradations.add(
        stage=GENERATION, scene_id="s004", what="Less.", why="No font.", remedy="Install it."
    )

    text = summary(job, [Path("/somewhere/a.mp4"), Path("/somewhere/a.srt")]).plain

    assert "Less. (s004) No font." in text
    assert "→ Install it." in text
    assert notes(job) == "note  Less. (s004) No font.\n      → Install it.\n"
    assert "a.srt" in text


def test_what_a_job_says_is_neither_markup_nor_escape_sequences(job: job_pb2.Job) -> None:
    job.warnings.add(message="See [/etc] and [bold]\x1b[2J\nnow.")
    job.stages[2].activity = "draw \x1b[1m"
    job.degradations.add(stage=GENERATION, what="[red]\x1bLess.", why="No\nfont.", remedy="Install\x9b it.")
    target = console()

    Plain(target).show(job)
    Plain(target).finished(job, [])

    shown = written(target)
    assert "See [/etc] and [bold]�[2J now." in shown
    assert "[red]�Less. No font." in shown
    assert "Install� it." in shown


def test_the_kind_of_reason_a_job_failed_for_is_the_exit_code(
    job: job_pb2.Job, capsys: pytest.CaptureFixture[str]
) -> None:
    job.state = job_pb2.STATE_FAILED
    codes = {}
    for reason in ("EMPTY_DOCUMENT", "CONFIGURATION", "STORE_FULL", "INTERNAL"):
        job.error.reason = reason_value(reason)
        job.error.message = "a\x1b[2J"
        codes[reason] = _ended_badly(job, as_json=False)

    assert codes == {"EMPTY_DOCUMENT": 3, "CONFIGURATION": 4, "STORE_FULL": 6, "INTERNAL": 6}
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert said.count("storyreel resume jobs/abcdefgh") == 3


def test_a_log_a_terminal_and_a_machine_are_told_what_a_job_waits_for(
    job: job_pb2.Job, capsys: pytest.CaptureFixture[str]
) -> None:
    job.waiting = "waiting for generation: s012 draw, 75 s without news"
    plain, live = console(), console()

    Plain(plain).show(job)
    Plain(plain).show(job)
    shown = LiveTable(live)
    shown.show(job)
    row = Group(shown._whole(job))
    shown.close()
    live.print(row)
    Lines().show(job)

    assert job.waiting in written(plain)
    assert job.waiting in written(live)
    assert json.loads(capsys.readouterr().out)["waiting"] == job.waiting
