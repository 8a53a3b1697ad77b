"""From the store to the files a person asked for: OUT.mp4 and what stands beside it."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from orchestrator.cli.target import check_overwriting, files
from services.artifacts import wire
from services.artifacts.store import Artifacts
from services.chassis.errors import Configuration, StoreFull, StoreUnavailable, Suggestion
from services.chassis.settings import home, home_folder
from storyreel.artifact.v1 import artifact_pb2
from storyreel.job.v1 import job_pb2


async def export(artifacts: Artifacts, job: job_pb2.Job, out: Path, *, force: bool) -> list[Path]:
    """Write the outputs of a finished job; each file is whole or not there.

    Returns:
        The files written. A finishing touch that is missing is not among them.

    Raises:
        Configuration: A file would be overwritten that is not storyreel's.
        StoreFull: The disk of the outputs is full.
        StoreUnavailable: A file cannot be written, or the store cannot be read.
    """
    try:
        # Once more: something may have been put there while the video was made.
        await asyncio.to_thread(check_overwriting, out, job, force=force)
        return [path for kind, path in files(out).items() if await _export(artifacts, job, kind, path)]
    except (Configuration, StoreFull, StoreUnavailable) as error:
        way = Suggestion(f"The video is made: `storyreel resume {job.name} -o OUT.mp4` writes it elsewhere.")
        error.suggestions = [*error.suggestions, way]
        raise


async def _export(artifacts: Artifacts, job: job_pb2.Job, kind: str, path: Path) -> bool:
    """Write one output, when there is one."""
    holder = job.outputs if kind == "manifest" else job.outputs.video
    message: artifact_pb2.Artifact = getattr(holder, kind)
    if not message.sha256:
        return False
    await artifacts.fetch(wire.from_proto(message), path)
    return True


def remember(name: str, out: Path) -> None:
    """Note where a job's video is to be written, so that `resume` needs no -o."""
    home_folder("outputs")
    _note(name).write_text(str(out))


def remembered(name: str) -> Path | None:
    """Where a job's video is to be written, when that was noted."""
    try:
        return Path(_note(name).read_text())
    except OSError:
        return None


def _note(name: str) -> Path:
    return home() / "outputs" / hashlib.sha256(name.encode()).hexdigest()[:16]
