"""How far a clip is, as one fraction that never goes back, and how long the rest of it takes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

from services.chassis.progress import Progress, Report
from services.generation.wan.phase import Phase

STEPS = {
    "load": ("prepare", ""),
    "encode_text": ("generate", ""),
    "denoise": ("generate", "steps"),
    "decode": ("generate", "latent frames"),
    "encode": ("generate", "frames"),
    "checks": ("postprocess", ""),
}
"""Each phase, in order: the step it belongs to, and what is counted in it."""

TYPICAL = {"load": 4.0, "encode_text": 1.0, "denoise": 78.0, "decode": 10.0, "encode": 5.0}
"""The shares of the phases where no forecast tells them: about those of a GPU."""

CHECKS = 0.3
"""What checking the finished clip takes of what encoding it took: it is decoded once."""

FIRST, LAST = 0.02, 0.99
"""Where in the whole the phases begin and end; before and after them the service tells its own steps."""


class Telling:
    """Tells a report about phases.

    Each phase fills as much of the fraction as it is forecast to take of the time. What is told again
    after a recovery keeps the higher fraction. What remains is told once a unit of work was measured: what
    is left of the phases at work at their own pace, and of the others what is forecast, corrected by how
    the forecast of the measured ones did.

    Args:
        report: Who is told.
        phases: The seconds each phase is forecast to take; without any, their typical shares.
        compiled: The first step is compiled on the way, and says nothing of the others.
        clock: Tells seconds.
    """

    def __init__(
        self,
        report: Report,
        phases: Mapping[str, float] | None = None,
        *,
        compiled: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        given = _seconds(phases or {})
        self._phases = {
            phase: Phase(given[phase], first_counts=not (compiled and phase == "denoise")) for phase in STEPS
        }
        self._report = report
        self._clock = clock
        self._most = FIRST
        self._step = ""
        self._phase = next(iter(STEPS))
        self._then = clock()

    def begin(self, phase: str) -> None:
        """Tell that a phase begins and those before it are behind; only the first of a step is reported."""
        self._phases[self._phase].spend(self._passed())
        for earlier in STEPS:
            if earlier == phase:
                break
            self._phases[earlier].end()
        self._phase = phase
        step, _ = STEPS[phase]
        if step != self._step:
            self._step = step
            self._report(Progress(step, self._fraction(), remaining=self._remaining()))

    def tell(self, phase: str, done: int, total: int) -> None:
        """Tell how much of a phase is done. The time since anything was told was spent on it."""
        self._phases[phase].reach(done, total, self._passed())
        step, unit = STEPS[phase]
        self._report(Progress(step, self._fraction(), done, total, unit, remaining=self._remaining()))

    def spent(self, phase: str) -> None:
        """The time since anything was told was spent on a phase, of which no more is done by now."""
        self._phases[phase].spend(self._passed())

    def _passed(self) -> float:
        """Seconds since it was last called."""
        then, self._then = self._then, self._clock()
        return max(0.0, self._then - then)

    def _fraction(self) -> float:
        phases = self._phases.values()
        done = sum(phase.forecast * phase.share for phase in phases) / sum(phase.forecast for phase in phases)
        self._most = max(self._most, FIRST + (LAST - FIRST) * done)
        return self._most

    def _remaining(self) -> float | None:
        """Seconds; None until a unit of work was measured.

        How long loading and reading took says more of disks and caches than of the work that follows.
        """
        measured = [phase for phase in self._phases.values() if phase.expected is not None]
        forecast = sum(phase.forecast for phase in measured)
        if forecast <= 0:
            return None
        ratio = sum(phase.expected or 0.0 for phase in measured) / forecast
        return round(sum(phase.left(ratio) for phase in self._phases.values()), 1)


def _seconds(phases: Mapping[str, float]) -> dict[str, float]:
    """Seconds of every phase, those of a forecast if it tells any."""
    given = {phase: phases.get(phase, 0.0) for phase in TYPICAL}
    if not all(math.isfinite(seconds) and seconds >= 0 for seconds in given.values()) or not given["denoise"]:
        given = dict(TYPICAL)
    return given | {"checks": CHECKS * given["encode"]}
