"""A job as plain data."""

from __future__ import annotations

from orchestrator.cli.record import record
from orchestrator.job import GENERATION, PARSING, SCRIPT
from storyreel.error.v1 import error_reason_pb2
from storyreel.job.v1 import job_pb2


def test_names_in_a_record_are_the_contracts_without_prefixes() -> None:
    job = job_pb2.Job(state=job_pb2.STATE_RUNNING)
    for kind in (PARSING, SCRIPT, GENERATION):
        job.stages.add(kind=kind, state=job_pb2.STATE_PENDING)
    job.error.reason = error_reason_pb2.ERROR_REASON_STORE_FULL
    job.error.stage = GENERATION

    found = record(job)

    assert found["error"] == {"reason": "STORE_FULL", "stage": "generation"}
    assert [stage["kind"] for stage in found["stages"]] == ["parsing", "script", "generation"]
