"""An engine that keeps failing is left alone."""

from __future__ import annotations

from datetime import timedelta

from services.tts.breaker import Breaker


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_after_failures_in_a_row_and_lets_one_try_after_its_rest() -> None:
    clock = Clock()
    breaker = Breaker(failures=2, rest=timedelta(seconds=60), now=clock)

    breaker.failed()
    breaker.succeeded()
    breaker.failed()

    assert not breaker.resting

    breaker.failed()

    assert breaker.resting == timedelta(seconds=60)

    clock.now = 60.0

    assert not breaker.resting

    breaker.failed()

    assert breaker.resting
