"""A circuit breaker: an engine that keeps failing is left alone for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta


class Breaker:
    """Opens after some failures in a row; once it has rested one call may try, and its outcome decides.

    Args:
        failures: How many in a row open it.
        rest: How long it stays open.
        now: Seconds on a clock that never goes back.
    """

    def __init__(self, *, failures: int, rest: timedelta, now: Callable[[], float] = time.monotonic) -> None:
        self._limit = failures
        self._rest = rest.total_seconds()
        self._now = now
        self._failed = 0
        self._closes = 0.0

    @property
    def resting(self) -> timedelta:
        """How long no call may be made; zero when one may."""
        return timedelta(seconds=max(0.0, self._closes - self._now()))

    def succeeded(self) -> None:
        """Forget earlier failures."""
        self._failed = 0
        self._closes = 0.0

    def failed(self) -> None:
        """Count a failure."""
        self._failed += 1
        if self._failed >= self._limit:
            self._closes = self._now() + self._rest
