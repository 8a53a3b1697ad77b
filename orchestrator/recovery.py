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
    DeviceFault,
    Draining,
    Fault,
    NotNow,
    Overloaded,
    StoreUnavailable,
    StoryreelError,
    Unreachable,
)

MAX_ATTEMPTS = 8
"""Attempts of one call that is answered with an error, unless the job's settings say otherwise."""

MAX_DEATHS = 42
"""Attempts besides: a worker that is killed in the middle of a call uses one up, too."""

MAX_FAULTS = 3
"""Attempts when the service itself broke: a defect rarely goes away. Also of the same request for
footage, except where the device is only busy: each attempt may take many minutes."""

MAX_REMAKES = 2
"""How often the scenes are made again because the store lost some of their artifacts."""

MAX_WISHES = 3
"""Attempts at one clip of footage, each after the first as the service proposed."""

FIRST_PAUSE = timedelta(seconds=2)
"""Before the second of them; it doubles."""

NOT_OF_FOOTAGE = frozenset({"ARTIFACT_MISSING", "ARTIFACT_CORRUPT", "STORE_FULL", "STORE_UNAVAILABLE"})
"""Reasons that would stop the card as well as the footage."""

AWAY = (Unreachable, Draining, StoreUnavailable, DeviceFault)
"""Something that calls need is away, and somebody starts it again."""

FIRST_WAIT = timedelta(seconds=3)
LONGEST_WAIT = timedelta(seconds=20)
"""For what is away: eight attempts span two minutes."""

FIRST_DEVICE_WAIT = timedelta(seconds=15)
LONGEST_DEVICE_WAIT = timedelta(seconds=60)
"""For a device that is away: what starts again loads a model first, and has three attempts."""

DECIDED_ELSEWHERE = frozenset({"VOICE_UNAVAILABLE", "STORE_FULL", "DEVICE_MEMORY", "GENERATION_FAILED"})
"""Reasons that would be retried by their class, but repeating the call cannot help."""


class Next(Enum):
    """What the workflow does after a call has finally failed."""

    FAIL = "fail"
    OTHER_VOICE = "other voice"
    REMAKE = "remake"


def repeat(
    error: StoryreelError, attempt: int, *, generating: bool = False, attempts: int = MAX_ATTEMPTS
) -> bool:
    """Tell whether the same call may be tried again, after its attempt number `attempt` (from 1).

    Args:
        error: What ended the attempt.
        attempt: Its number, from 1.
        generating: The call generates footage.
        attempts: How often a call may be made that is answered with an error.
    """
    if error.reason in DECIDED_ELSEWHERE:
        return False
    if isinstance(error, Fault):
        return attempt < min(MAX_FAULTS, attempts)
    most = min(MAX_FAULTS, attempts) if generating and not isinstance(error, Overloaded) else attempts
    # Cancelled: another job that made the same thing was; this one makes it again.
    return isinstance(error, NotNow | Cancelled) and attempt < most


def wait(error: StoryreelError, attempt: int, *, generating: bool = False) -> timedelta | None:
    """How long to wait after attempt number `attempt` (from 1); None leaves it to the retry policy."""
    if error.retry_after is not None or not isinstance(error, AWAY):
        return error.retry_after
    times: int = 4 ** min(attempt - 1, 8)
    if generating:
        return min(FIRST_DEVICE_WAIT * times, LONGEST_DEVICE_WAIT)
    return min(FIRST_WAIT * times, LONGEST_WAIT)


def pause(*, made: int) -> timedelta | None:
    """How long to wait before a proposed attempt at footage is made; None when it is not made.

    Args:
        made: Attempts at the clip so far, at least 1.
    """
    if made >= MAX_WISHES:
        return None
    doublings: int = 2 ** (made - 1)
    return FIRST_PAUSE * doublings


def stands_in(reason: str) -> bool:
    """Tell whether the card may be shown in the place of footage that failed for this reason."""
    return reason not in NOT_OF_FOOTAGE


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
