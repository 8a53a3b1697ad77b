"""How far one phase of a clip is, and how fast it goes."""

from __future__ import annotations

import statistics

RECENT = 8
"""So many of the last units tell the pace; one that was slow, to compile or to swap, changes nothing."""


class Phase:
    """One phase: what it was forecast to take, what was spent on it, and how much of it is done.

    Args:
        forecast: Seconds, at least 0.
        first_counts: The first unit tells the pace as long as there is no other. It never does after
            that: what is made ready is made ready in it.
    """

    def __init__(self, forecast: float, *, first_counts: bool = True) -> None:
        self.forecast = forecast
        self._first_counts = first_counts
        self._ended = False
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._done = self._total = 0
        self._spent = self._since = 0.0
        self._units: list[float] = []

    def spend(self, seconds: float) -> None:
        """Spend time on it."""
        self._spent += seconds
        self._since += seconds

    def reach(self, done: int, total: int, seconds: float) -> None:
        """Reach so many units of so many, with time spent; fewer than before when it is done again."""
        if done < self._done:
            self._begin_anew()
        self.spend(seconds)
        if done > self._done:
            self._units += [self._since / (done - self._done)] * (done - self._done)
            self._since = 0.0
        self._done = done
        self._total = total

    def end(self) -> None:
        """Be behind."""
        self._ended = True

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1."""
        if self._ended:
            return 1.0
        return min(1.0, self._done / self._total) if self._total else 0.0

    @property
    def expected(self) -> float | None:
        """Seconds it takes in all, of what was measured; None while nothing was, or if it has no units."""
        each = self._each
        if each is None:
            return None
        return self._spent + (0.0 if self._ended else each * self._units_left)

    def left(self, ratio: float) -> float:
        """Seconds it still takes: at its own pace, or by its forecast times `ratio` while it has none."""
        if self._ended:
            return 0.0
        each = self._each
        return self.forecast * ratio * (1 - self.share) if each is None else each * self._units_left

    @property
    def _units_left(self) -> int:
        return max(0, self._total - self._done)

    @property
    def _each(self) -> float | None:
        """Seconds a unit, by the median of the last ones."""
        units = self._units[1:] or (self._units if self._first_counts else [])
        return statistics.median(units[-RECENT:]) if units else None
