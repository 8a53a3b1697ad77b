"""The child that reads and writes media: Python between packets would stall the server's event loop.

Its tasks and answers are dataclasses in JSON. Files are named by the server and lie in its scratch folder
or in the store.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from services.chassis.errors import ArtifactCorrupt, StoreFull
from services.chassis.progress import Progress, Report
from services.media import probe
from services.media.clock import Rate
from services.muxing import gate, join, package, recording
from services.muxing.recording import Spoken, record
from services.muxing.splice import Piece, splice


@dataclass(frozen=True, slots=True)
class Compare:
    """Check that clips join by copy; the answer is a `join.Joint`."""

    clips: tuple[Path, ...]
    frames: tuple[int, ...]
    wanted: join.Wanted
    scenes: tuple[int, ...] = ()
    task: Literal["compare"] = "compare"


@dataclass(frozen=True, slots=True)
class Record:
    """Write a take; the answer is `recording.Findings`. The arguments are those of `recording.record`."""

    voices: tuple[Spoken, ...]
    length: int
    out: Path
    task: Literal["record"] = "record"


@dataclass(frozen=True, slots=True)
class Splice:
    """Put a sound together; the answer is a `probe.AudioTrack`; the arguments are those of `splice`."""

    pieces: tuple[Piece, ...]
    samples: int
    out: Path
    task: Literal["splice"] = "splice"


@dataclass(frozen=True, slots=True)
class Look:
    """Open a finished file; the answer is `gate.Findings`. The arguments are those of `gate.look`."""

    video: Path
    sound: Path
    rate: Rate
    starts: tuple[int, ...]
    task: Literal["look"] = "look"


@dataclass(frozen=True, slots=True)
class Portray:
    """Write the thumbnail; the answer is null."""

    clip: Path
    frames: int
    rate: Rate
    out: Path
    task: Literal["portray"] = "portray"


Task = Compare | Record | Splice | Look | Portray
TASKS: TypeAdapter[Task] = TypeAdapter(Annotated[Task, Field(discriminator="task")])
JOINT = TypeAdapter(join.Joint)
RECORDED = TypeAdapter(recording.Findings)
SPLICED = TypeAdapter(probe.AudioTrack)
FINDINGS = TypeAdapter(gate.Findings)

_FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def answer(payload: bytes, report: Report) -> bytes:
    """Do one task and answer in JSON; progress is a fraction of the task.

    Raises:
        StoryreelError: What the task raises; StoreFull when the disk is full.
    """
    try:
        return _do(TASKS.validate_json(payload), report)
    except OSError as error:
        if error.errno not in _FULL_DISK:
            raise
        raise StoreFull("The disk that videos are made on is full: make room, then try again.") from error


def _do(task: Task, report: Report) -> bytes:
    match task:
        case Compare():
            tell = _Teller(report, len(task.clips), "clips")
            return JOINT.dump_json(
                join.compare(task.clips, task.frames, task.wanted, scenes=task.scenes, tell=tell)
            )
        case Record():
            return RECORDED.dump_json(record(task.voices, length=task.length, out=task.out))
        case Splice():
            try:
                track = splice(task.pieces, samples=task.samples, out=task.out)
            except probe.Unreadable as error:
                raise ArtifactCorrupt(f"A take {error}.") from error
            return SPLICED.dump_json(track)
        case Look():
            seen = gate.look(task.video, sound=task.sound, rate=task.rate, starts=task.starts)
            return FINDINGS.dump_json(seen)
        case Portray():
            try:
                package.thumbnail(task.clip, task.frames, task.rate, out=task.out)
            except probe.Unreadable as error:
                raise ArtifactCorrupt(f"The clip {error}.") from error
            return b"null"


@dataclass(frozen=True, slots=True)
class _Teller:
    report: Report
    total: int
    unit: str

    def __call__(self, done: int) -> None:
        self.report(Progress("", done / self.total, done, self.total, self.unit))
