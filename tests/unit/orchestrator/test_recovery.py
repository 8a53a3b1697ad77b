"""An error and an attempt in, the next attempt or the end out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.recovery import (
    MAX_ATTEMPTS,
    MAX_FAULTS,
    MAX_REMAKES,
    Next,
    after,
    repeat,
    resumable,
    wait,
)
from services.chassis.errors import (
    BY_REASON,
    BadInput,
    Cancelled,
    Draining,
    Internal,
    Overloaded,
    StoreFull,
    StoreUnavailable,
    StoryreelError,
    Unreachable,
    VoiceUnavailable,
)


@pytest.mark.parametrize("kind", [k for k in BY_REASON.values() if issubclass(k, BadInput)])
def test_input_is_never_tried_again(kind: type[BadInput]) -> None:
    assert not repeat(kind("bad"), 1)
    assert not resumable(kind.reason)


def test_a_busy_service_is_asked_again() -> None:
    assert repeat(Overloaded("busy"), 7)


def test_a_defect_is_tried_three_times() -> None:
    assert [repeat(Internal("broken"), attempt) for attempt in (1, 2, 3)] == [True, True, False]
    assert MAX_FAULTS == 3


@pytest.mark.parametrize("error", [VoiceUnavailable("gone"), StoreFull("full")])
def test_what_repeating_cannot_help_is_not_repeated(error: VoiceUnavailable | StoreFull) -> None:
    assert not repeat(error, 1)


def test_a_lost_voice_is_replaced_and_lost_artifacts_are_made_again() -> None:
    assert after("VOICE_UNAVAILABLE", speaking=True, remakes=9) is Next.OTHER_VOICE
    assert after("ARTIFACT_MISSING", speaking=False, remakes=0) is Next.REMAKE
    assert after("ARTIFACT_CORRUPT", speaking=False, remakes=MAX_REMAKES) is Next.FAIL
    assert after("EMPTY_DOCUMENT", speaking=False, remakes=0) is Next.FAIL


def test_a_voice_that_cannot_be_chosen_has_no_other_to_follow() -> None:
    assert after("VOICE_UNAVAILABLE", speaking=False, remakes=0) is Next.FAIL


def test_what_another_job_cancelled_is_made_again() -> None:
    assert repeat(Cancelled("stopped"), 1)


@pytest.mark.parametrize("error", [Unreachable("gone"), Draining("going"), StoreUnavailable("gone")])
def test_what_is_away_is_given_time_to_come_back(error: StoryreelError) -> None:
    waits = [wait(error, attempt) or timedelta(0) for attempt in range(1, MAX_ATTEMPTS)]

    assert waits == sorted(waits)
    assert sum(waits[: MAX_ATTEMPTS - 1], timedelta(0)) == timedelta(seconds=115)
    assert timedelta(minutes=1) < sum(waits, timedelta(0)) < timedelta(minutes=3)


def test_a_service_that_names_a_time_decides_it() -> None:
    assert wait(Unreachable("later", retry_after=timedelta(seconds=7)), 3) == timedelta(seconds=7)
    assert wait(Overloaded("busy", retry_after=timedelta(seconds=2)), 1) == timedelta(seconds=2)
    assert wait(Internal("broken"), 1) is None
