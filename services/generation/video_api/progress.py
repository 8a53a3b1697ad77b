"""How far a delegated clip is: the steps in their order, the fraction never going back."""

from __future__ import annotations

from services.chassis.progress import Progress, Report

SHARES = {
    "validate": (0.0, 0.0),
    "preflight": (0.0, 0.01),
    "prepare": (0.01, 0.03),
    "generate": (0.03, 0.85),
    "postprocess": (0.85, 0.99),
    "complete": (1.0, 1.0),
}
"""Where each step begins and ends in the whole."""


class Telling:
    """Tells the steps of one clip, in order; what would go back is held where it was.

    Args:
        report: Who is told.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._last: Progress | None = None

    def at(self, step: str, within: float = 0.0, *, done: int = 0, total: int = 0, unit: str = "") -> None:
        """Tell a step, and how far it is.

        Args:
            step: One of SHARES.
            within: 0 to 1 of the step.
            done: What is counted in it.
            total: Of how many; 0 when that is not known.
            unit: Of what.
        """
        first, last = SHARES[step]
        fraction = first + (last - first) * min(1.0, max(0.0, within))
        if self._last is not None:
            fraction = max(fraction, self._last.fraction)
        progress = Progress(step, fraction, done, total, unit)
        if progress != self._last:
            self._last = progress
            self._report(progress)

    def counted(self, progress: Progress) -> None:
        """Tell what the process that writes the clip tells: its fraction is of the step."""
        self.at(
            progress.step, progress.fraction, done=progress.done, total=progress.total, unit=progress.unit
        )
