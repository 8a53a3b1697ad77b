"""Progress and the watcher's wishes come back from the contract as they went in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.chassis.progress import Progress
from services.chassis.wire import (
    progress_from_proto,
    progress_to_proto,
    watch_from_proto,
    watch_to_proto,
)
from storyreel.progress.v1 import progress_pb2


def test_progress_survives_and_stays_within_the_whole() -> None:
    progress = Progress("draw", 0.5, 15, 30, "frames")

    assert progress_from_proto(progress_to_proto(progress)) == progress
    assert progress_from_proto(progress_to_proto(progress)).remaining is None
    assert progress_to_proto(Progress("draw", 1.5)).fraction == 1


def test_what_is_left_survives_to_the_millisecond_and_is_never_negative() -> None:
    left = [progress_to_proto(Progress("draw", 0.5, remaining=each)) for each in (12.3456, -1.0)]

    assert [progress_from_proto(each).remaining for each in left] == [12.346, 0.0]


@pytest.mark.parametrize("keep", [None, timedelta(0), timedelta(minutes=10)])
def test_how_long_the_work_goes_on_alone_survives(keep: timedelta | None) -> None:
    message = watch_to_proto(keep_running=keep, after_sequence=7)

    assert watch_from_proto(message) == (keep, 7)


def test_a_watcher_that_says_nothing_wants_the_defaults() -> None:
    assert watch_from_proto(progress_pb2.Watch()) == (None, None)
    assert watch_to_proto(keep_running=None, after_sequence=0) == progress_pb2.Watch()
