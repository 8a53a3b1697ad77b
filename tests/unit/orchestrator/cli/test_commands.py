"""What each command does with jobs."""

from __future__ import annotations

import pytest

from orchestrator.cli.commands import _can_go_on, _ended_badly
from orchestrator.job import reason_value
from storyreel.job.v1 import job_pb2


@pytest.mark.parametrize(
    ("state", "reason", "possible"),
    [
        (job_pb2.STATE_PENDING, "", True),
        (job_pb2.STATE_RUNNING, "", True),
        (job_pb2.STATE_CANCELLED, "", True),
        (job_pb2.STATE_SUCCEEDED, "", False),
        (job_pb2.STATE_FAILED, "STORE_FULL", True),
        (job_pb2.STATE_FAILED, "CONFIGURATION", True),
        (job_pb2.STATE_FAILED, "INTERNAL", True),
        (job_pb2.STATE_FAILED, "UNKNOWN_VOICE", False),
        (job_pb2.STATE_FAILED, "INVALID_REQUEST", False),
        (job_pb2.STATE_FAILED, "EMPTY_DOCUMENT", False),
    ],
)
def test_a_job_can_go_on_unless_it_is_done_or_its_input_was_refused(
    state: job_pb2.State.ValueType, reason: str, possible: bool
) -> None:
    job = job_pb2.Job(state=state, error=job_pb2.JobError(reason=reason_value(reason) if reason else None))

    assert _can_go_on(job) is possible


def test_a_voice_nobody_has_is_told_with_where_voices_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    job = job_pb2.Job(name="jobs/abcdefgh", state=job_pb2.STATE_FAILED)
    job.error.reason = reason_value("UNKNOWN_VOICE")
    job.error.message = "There is no voice 'femal'."
    job.error.suggestions.add(description="Use the voice female.")

    code = _ended_badly(job, as_json=False)

    said = capsys.readouterr().err
    assert code == 3
    assert said.index("Use the voice female") < said.index("storyreel voices")
    assert "resume" not in said
