"""An error and an attempt in, the next attempt or the end out. Pure.

Transport errors are repeated by the activity's retry policy, with the same
request. What changes the request, or another stage's work, is decided here and
carried out by the workflow.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum

from services.chassis.errors import (
    BY_REASON,
    Cancelled,
    Draining,
    Fault,
    NotNow,
    StoreUnavailable,
    StoryreelError,
    Unreachable,
)

MAX_ATTEMPTS = 8
"""Attempts of one call that is answered with an error."""

MAX_DEATHS = 50
"""Attempts of one call in all: a worker that is killed in the middle of it uses one up, too."""

MAX_FAULTS = 3
"""Attempts when the service itself broke: a defect rarely goes away."""

MAX_REMAKES = 2
"""How often the scenes are made again because the store lost some of their artifacts."""

AWAY = (Unreachable, Draining, StoreUnavailable)
"""Something that calls need is away, and somebody starts it again."""

FIRST_WAIT = timedelta(seconds=3)
LONGEST_WAIT = timedelta(seconds=20)
"""For what is away: eight attempts span two minutes."""

DECIDED_ELSEWHERE = frozenset({"VOICE_UNAVAILABLE", "STORE_FULL"})
"""Reasons that would be retried by their class, but repeating the call cannot help."""


class Next(Enum):
    """What the workflow does after a call has finally failed."""

    FAIL = "fail"
    OTHER_VOICE = "other voice"
    REMAKE = "remake"


def repeat(error: StoryreelError, attempt: int) -> bool:
    """Tell whether the same call may be tried again, after its attempt number `attempt` (from 1)."""
    if error.reason in DECIDED_ELSEWHERE:
        return False
    if isinstance(error, Fault):
        return attempt < MAX_FAULTS
    # Cancelled: another job that made the same thing was; this one makes it again.
    return isinstance(error, NotNow | Cancelled) and attempt < MAX_ATTEMPTS


def wait(error: StoryreelError, attempt: int) -> timedelta | None:
    """How long to wait after attempt number `attempt` (from 1); None leaves it to the retry policy."""
    if error.retry_after is not None or not isinstance(error, AWAY):
        return error.retry_after
    times: int = 4 ** min(attempt - 1, 8)
    return min(FIRST_WAIT * times, LONGEST_WAIT)


def after(reason: str, *, speaking: bool, remakes: int) -> Next:
    """Decide what follows a call that has finally failed.

    Args:
        reason: The ErrorReason without its prefix.
        speaking: The call spoke a scene; a voice that could not even be chosen has no other to follow.
        remakes: How often the job went through its work again.
    """
    if reason == "VOICE_UNAVAILABLE" and speaking:
        return Next.OTHER_VOICE
    if reason in ("ARTIFACT_MISSING", "ARTIFACT_CORRUPT") and remakes < MAX_REMAKES:
        return Next.REMAKE
    return Next.FAIL


def resumable(reason: str) -> bool:
    """Tell whether resuming a job that failed for this reason may succeed without any change."""
    kind = BY_REASON.get(reason)
    return kind is None or issubclass(kind, NotNow | Fault)
