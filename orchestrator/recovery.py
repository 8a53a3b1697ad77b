"""An error and an attempt in, the next attempt or the end out. Pure.

Transport errors are repeated by the activity's retry policy, with the same
request. What changes the request, or another stage's work, is decided here and
carried out by the workflow.
"""

from __future__ import annotations

from enum import Enum

from services.chassis.errors import BY_REASON, Fault, NotNow, StoryreelError

MAX_ATTEMPTS = 8
MAX_ATTEMPTS_LONG = 3
"""Attempts of one call: generation and muxing are long, the others are not."""

MAX_FAULTS = 3
"""Attempts when the service itself broke: a defect rarely goes away."""

MAX_REMAKES = 2
"""How often the scenes are made again because the store lost some of their artifacts."""

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
