"""The steps of making a sound or a video, and how far all of them together are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile

from services.chassis.progress import Progress, Report

SOUND = {"voices": 0.9, "join": 0.1}
VIDEO = {"join": 0.3, "package": 0.5, "check": 0.2}
"""The steps in order, with the part of the whole time each takes; measured on minutes of 1080p."""


@dataclass(slots=True)
class Steps:
    """Progress over all steps; it never goes back, also when a step is done a second time."""

    report: Report
    shares: Mapping[str, float]
    _far: float = 0.0

    def at(self, step: str, *, of: float = 1.0) -> Report:
        """Where a piece of a step tells its own progress: it takes `of` of the step."""

        before = sum(self.shares[name] for name in takewhile(lambda name: name != step, self.shares))

        def tell(progress: Progress) -> None:
            done = before + self.shares[step] * of * progress.fraction
            self._far = max(self._far, min(done, 1.0))
            self.report(Progress(step, self._far, progress.done, progress.total, progress.unit))

        return tell
