"""A job as plain data, for machines that read it as JSON."""

from __future__ import annotations

from typing import Any

from google.protobuf.json_format import MessageToDict

from orchestrator.job import reason_name, stage_name, state_name
from storyreel.job.v1 import job_pb2


def record(job: job_pb2.Job) -> dict[str, Any]:
    """A job as plain data: enum values without prefix, numbers as numbers."""
    stages = [
        {
            "kind": stage_name(stage.kind),
            "state": state_name(stage.state),
            "fraction": round(stage.fraction, 4),
            "calls": stage.calls,
            "calls_done": stage.calls_done,
            "calls_reused": stage.calls_reused,
            "attempts": stage.attempts,
        }
        for stage in job.stages
    ]
    for stage, listed in zip(job.stages, stages, strict=True):
        if stage.running:
            listed["running"] = [_running(clip) for clip in stage.running]
    found: dict[str, Any] = {
        "name": job.name,
        "state": state_name(job.state),
        "title": job.title,
        "source": job.source.name,
        "create_time": job.create_time.ToJsonString(),
        "fraction": round(job.fraction, 4),
        "stages": stages,
    }
    if job.waiting:
        found["waiting"] = job.waiting
    if job.degradations:
        found["degradations"] = [as_data(entry) for entry in job.degradations]
    if job.attempts:
        found["attempts"] = [as_data(attempt) for attempt in job.attempts]
    if job.warnings:
        found["warnings"] = [as_data(warning) for warning in job.warnings]
    if job.error.reason:
        found["error"] = as_data(job.error)
    return found


def _running(clip: job_pb2.RunningClip) -> dict[str, Any]:
    """A clip in the making; `remaining_seconds` is None while nobody can say."""
    progress = clip.progress
    left = progress.remaining.ToTimedelta().total_seconds() if progress.HasField("remaining") else None
    return {
        "scene_id": clip.scene_id,
        "attempt": clip.attempt,
        "step": progress.step,
        "fraction": round(progress.fraction, 4),
        "done": progress.done,
        "total": progress.total,
        "unit": progress.unit,
        "remaining_seconds": left,
    }


def as_data(message: Any) -> dict[str, Any]:
    """A message of a job as plain data."""
    shown = type(message)()
    shown.CopyFrom(message)
    if "proposal" in shown.DESCRIPTOR.fields_by_name:
        shown.ClearField("proposal")  # for machines that repeat the call; it has no form in JSON of its own
    data: dict[str, Any] = MessageToDict(shown, preserving_proto_field_name=True)
    if "stage" in data:
        data["stage"] = stage_name(message.stage)
    if "reason" in data:
        data["reason"] = reason_name(message.reason)
    if "category" in data:
        data["category"] = data["category"].removeprefix("CATEGORY_")
    return data
