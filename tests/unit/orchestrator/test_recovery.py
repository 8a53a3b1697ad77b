"""An error and an attempt in, the next attempt or the end out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.recovery import (
    MAX_ATTEMPTS,
    MAX_FAULTS,
    MAX_REMAKES,
    MAX_WISHES,
    Next,
    after,
    pause,
    repeat,
    resumable,
    stands_in,
    wait,
)
from services.chassis.errors import (
    BY_REASON,
    BadInput,
    Cancelled,
    DeviceFault,
    DeviceMemory,
    Draining,
    GenerationFailed,
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


@pytest.mark.parametrize("error", [DeviceMemory("small"), GenerationFailed("black")])
def test_what_needs_other_parameters_is_not_repeated_as_it_is(error: StoryreelError) -> None:
    assert not repeat(error, 1, generating=True)


@pytest.mark.parametrize(
    "error", [Unreachable("gone"), DeviceFault("lost"), Cancelled("stopped"), Internal("broken")]
)
def test_the_same_footage_is_asked_for_three_times(error: StoryreelError) -> None:
    assert [repeat(error, attempt, generating=True) for attempt in (1, 2, 3)] == [True, True, False]


def test_a_busy_device_is_waited_for_as_long_as_any_busy_service() -> None:
    assert repeat(Overloaded("busy"), 7, generating=True)


def test_a_device_is_given_time_to_load_its_model() -> None:
    waits = [wait(DeviceFault("lost"), attempt, generating=True) for attempt in (1, 2)]

    assert waits == [timedelta(seconds=15), timedelta(seconds=60)]


def test_proposed_attempts_are_made_until_there_were_three_with_doubling_pauses() -> None:
    pauses = [pause(made=made) for made in (1, 2, MAX_WISHES)]

    assert pauses == [timedelta(seconds=2), timedelta(seconds=4), None]


@pytest.mark.parametrize("reason", ["MODEL_UNAVAILABLE", "INVALID_REQUEST", "CONFIGURATION", "INTERNAL"])
def test_the_card_stands_in_for_footage_that_cannot_be_made(reason: str) -> None:
    assert stands_in(reason)


@pytest.mark.parametrize(
    "reason", ["STORE_FULL", "STORE_UNAVAILABLE", "ARTIFACT_MISSING", "ARTIFACT_CORRUPT"]
)
def test_the_card_cannot_stand_in_where_it_would_fail_too(reason: str) -> None:
    assert not stands_in(reason)
