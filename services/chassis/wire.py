"""Progress, and who watches it, to and from the contract."""

from __future__ import annotations

from datetime import timedelta

from services.chassis.progress import Progress
from storyreel.progress.v1 import progress_pb2


def progress_to_proto(progress: Progress) -> progress_pb2.StageProgress:
    """The contract's form of progress."""
    message = progress_pb2.StageProgress(
        step=progress.step,
        fraction=min(max(progress.fraction, 0.0), 1.0),
        done=progress.done,
        total=progress.total,
        unit=progress.unit,
    )
    if progress.remaining is not None:
        message.remaining.FromTimedelta(timedelta(seconds=round(max(progress.remaining, 0.0), 3)))
    return message


def progress_from_proto(message: progress_pb2.StageProgress) -> Progress:
    """The progress of a message."""
    remaining = message.remaining.ToTimedelta().total_seconds() if message.HasField("remaining") else None
    return Progress(
        message.step, message.fraction, message.done, message.total, message.unit, remaining=remaining
    )


def watch_to_proto(*, keep_running: timedelta | None, after_sequence: int) -> progress_pb2.Watch:
    """The contract's form of what a watcher wants."""
    message = progress_pb2.Watch(after_sequence=after_sequence)
    if keep_running is not None:
        message.keep_running.FromTimedelta(keep_running)
    return message


def watch_from_proto(message: progress_pb2.Watch) -> tuple[timedelta | None, int | None]:
    """How long the work goes on without watchers, and the last event seen; None: the default."""
    keep = message.keep_running.ToTimedelta() if message.HasField("keep_running") else None
    return keep, message.after_sequence or None
