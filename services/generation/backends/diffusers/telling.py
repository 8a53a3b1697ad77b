"""How far a clip is, as one fraction that never goes back, whatever is done again."""

from __future__ import annotations

from services.chassis.progress import Progress, Report

SPANS = {
    "prepare": ("prepare", 0.02, 0.06),
    "denoise": ("generate", 0.06, 0.82),
    "decode": ("generate", 0.82, 0.92),
    "encode": ("generate", 0.92, 0.97),
    "checks": ("postprocess", 0.97, 0.99),
}
"""Each phase's step, and where in the whole it begins and ends: about the shares of time on a GPU."""

UNITS = {"denoise": "steps", "decode": "latent frames", "encode": "frames"}


class Telling:
    """Tells a report about phases; what is told again after a recovery keeps the higher fraction."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._most = 0.0
        self._step = ""

    def begin(self, phase: str) -> None:
        """Tell that a phase begins; only the first of a step is told."""
        step, start, _ = SPANS[phase]
        if step != self._step:
            self._step = step
            self._most = max(self._most, start)
            self._report(Progress(step, self._most))

    def tell(self, phase: str, done: int, total: int) -> None:
        """Tell how much of a phase is done."""
        step, start, end = SPANS[phase]
        self._most = max(self._most, start + (end - start) * done / max(1, total))
        self._report(Progress(step, self._most, done, total, UNITS.get(phase, "")))
