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
    Draining,
    Fault,
    NotNow,
    StoreUnavailable,
    StoryreelError,
    Unreachable,
)

MAX_ATTEMPTS = 8
MAX_ATTEMPTS_LONG = 3
"""Attempts of one call: generation and muxing are long, the others are not."""

MAX_FAULTS = 3
"""Attempts when the service itself broke: a defect rarely goes away."""

MAX_REMAKES = 2
"""How often the scenes are made again because the store lost some of their artifacts."""

AWAY = (Unreachable, Draining, StoreUnavailable)
"""Something that calls need is away, and somebody starts it again."""

FIRST_WAIT = timedelta(seconds=3)
LONGEST_WAIT = timedelta(seconds=20)
"""For what is away: three attempts span 15 seconds, eight of them two minutes."""

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
    return isinstance(error, NotNow)


def wait(error: StoryreelError, attempt: int) -> timedelta | None:
    """How long to wait after attempt number `attempt` (from 1); None leaves it to the retry policy."""
    if error.retry_after is not None or not isinstance(error, AWAY):
        return error.retry_after
    times: int = 4 ** min(attempt - 1, 8)
    return min(FIRST_WAIT * times, LONGEST_WAIT)


def after(reason: str, *, remakes: int) -> Next:
    """Decide what follows a call that failed, in a job that went through its work `remakes` times again."""
    if reason == "VOICE_UNAVAILABLE":
        return Next.OTHER_VOICE
    if reason in ("ARTIFACT_MISSING", "ARTIFACT_CORRUPT") and remakes < MAX_REMAKES:
        return Next.REMAKE
    return Next.FAIL


def resumable(reason: str) -> bool:
    """Tell whether resuming a job that failed for this reason may succeed without any change."""
    kind = BY_REASON.get(reason)
    return kind is None or issubclass(kind, NotNow | Fault)
