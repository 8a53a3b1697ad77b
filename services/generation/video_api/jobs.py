"""A video server's jobs: made, asked for, fetched, deleted; its answers are read with suspicion."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from services.artifacts import disk
from services.chassis.errors import DeviceFault
from services.generation.video_api.connection import Connection
from services.generation.video_api.dialects import Dialect
from services.generation.video_api.faults import cleaned
from services.generation.video_api.request import Body
from services.generation.video_api.settings import wrong

State = Literal["working", "done", "failed"]

_DONE = {"completed", "succeeded"}
_FAILED = {"failed", "error", "cancelled", "canceled", "expired", "deleted"}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")
_MIB = 1 << 20
_MOST_PEAK_MB = 1 << 24


@dataclass(frozen=True, slots=True)
class Job:
    """What a server says of a job.

    Args:
        id: Its name, fit for a URL; empty where there is no job to ask for.
        state: How it stands.
        progress: 0 to 1, as the server says it; 0 where it says none.
        model: What the server says made it, cleaned.
        error: Why it failed, as the server says it.
        code: The server's code for that.
        peak_bytes: Device memory at its peak; 0 where it is not told.
    """

    id: str
    state: State
    progress: float = 0.0
    model: str = ""
    error: str = ""
    code: str = ""
    peak_bytes: int = 0


def job_of(data: dict[str, Any], *, named: bool = True) -> Job:
    """Read a server's answer about a job.

    Args:
        data: The answer.
        named: It must have a name.

    Raises:
        DeviceFault: It is none about a job.
    """
    name, status = data.get("id"), data.get("status")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        if named:
            raise DeviceFault("The video server's answer names no job.")
        name = ""
    if not isinstance(status, str):
        raise DeviceFault("The video server's answer does not say how the job stands.")
    state: State = "working"
    if status.lower() in _DONE:
        state = "done"
    elif status.lower() in _FAILED:
        state = "failed"
    error, code = _error(data.get("error"))
    return Job(
        name,
        state,
        progress=_number(data.get("progress"), most=100) / 100,
        model=cleaned(str(data.get("model") or ""))[:100],
        error=error or ("" if state != "failed" else status),
        code=code,
        peak_bytes=round(_number(data.get("peak_memory_mb"), most=_MOST_PEAK_MB) * _MIB),
    )


class Jobs:
    """The jobs of one server.

    Args:
        connection: To the server.
        dialect: How it is spoken to.
        clip_time: How long the call of a server lasts that answers with the video.
    """

    def __init__(self, connection: Connection, dialect: Dialect, *, clip_time: timedelta) -> None:
        self._connection = connection
        self._dialect = dialect
        self._clip_time = clip_time

    async def create(self, body: Body, to: Path) -> Job:
        """Ask for a video; where the answer is the video, it goes to a file.

        Raises:
            StoryreelError: As `faults.refused` tells; Overloaded while the server stays busy.
        """
        named = self._dialect.answers == "job"
        answer = await self._connection.post(body, silent=None if named else self._clip_time)
        if answer.page:
            raise wrong("URL", "A web page answers there, and no video server.")
        if named:
            return job_of(answer.data)
        data = answer.data
        job = job_of(data, named=False)
        if job.state == "done":
            video = _inline(data.get("data"))
            with disk.errors(to.parent):
                await asyncio.to_thread(to.write_bytes, video)
        return job

    async def look(self, job: Job) -> Job | None:
        """How a job stands now; None when there is no such job."""
        answer = await self._connection.get(f"/{job.id}", missing=True)
        return None if answer.status == 404 else job_of(answer.data)

    async def fetch(self, job: Job, to: Path) -> None:
        """Download a finished job's video to a file."""
        await self._connection.download(f"/{job.id}/content", to)

    async def delete(self, job: Job) -> bool:
        """Delete a job; tells whether it was there."""
        return (await self._connection.delete(f"/{job.id}")).status != 404


def _inline(data: object) -> bytes:
    """The video in an answer's `data`, from base64."""
    first = data[0] if isinstance(data, list) and data else None
    text = first.get("b64_json") if isinstance(first, dict) else None
    if not isinstance(text, str) or not text:
        raise DeviceFault("The video server's answer holds no video in base64.")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise DeviceFault("The video in the video server's answer is not base64.") from error


def _error(found: object) -> tuple[str, str]:
    """An error's text and code, in any of the forms that servers have for it."""
    if isinstance(found, dict):
        text, code = found.get("message") or found.get("detail") or "", found.get("code") or ""
        return str(text), str(code)[:80]
    return (found, "") if isinstance(found, str) else ("", "")


def _number(found: object, *, most: float) -> float:
    """A number of 0 to `most`; 0 for anything else."""
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= most:
        return 0.0
    return float(found)
