"""Progress to and from the contract."""

from __future__ import annotations

from services.chassis.progress import Progress
from storyreel.progress.v1 import progress_pb2


def progress_to_proto(progress: Progress) -> progress_pb2.StageProgress:
    """The contract's form of progress."""
    return progress_pb2.StageProgress(
        step=progress.step,
        fraction=min(max(progress.fraction, 0.0), 1.0),
        done=progress.done,
        total=progress.total,
        unit=progress.unit,
    )


def progress_from_proto(message: progress_pb2.StageProgress) -> Progress:
    """The progress of a message."""
    return Progress(message.step, message.fraction, message.done, message.total, message.unit)
