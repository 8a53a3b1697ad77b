"""An error and an attempt in, the next attempt or the end out."""

from __future__ import annotations

import pytest

from orchestrator.recovery import MAX_FAULTS, MAX_REMAKES, Next, after, repeat, resumable
from services.chassis.errors import BY_REASON, BadInput, Internal, Overloaded, StoreFull, VoiceUnavailable


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
    assert after("VOICE_UNAVAILABLE", remakes=9) is Next.OTHER_VOICE
    assert after("ARTIFACT_MISSING", remakes=0) is Next.REMAKE
    assert after("ARTIFACT_CORRUPT", remakes=MAX_REMAKES) is Next.FAIL
    assert after("EMPTY_DOCUMENT", remakes=0) is Next.FAIL
