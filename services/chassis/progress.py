"""How far a long piece of work is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Progress:
    """One event of long work: the step, the fraction of the whole (0 to 1), what is counted in it.

    `sequence` is its number among the events of its work, from 1; 0 until the work has numbered it.
    `remaining` is how many seconds the rest of the whole takes, about; None while nobody can say.
    """

    step: str
    fraction: float
    done: int = 0
    total: int = 0
    unit: str = ""
    sequence: int = field(default=0, compare=False)
    remaining: float | None = field(default=None, compare=False)


Report = Callable[[Progress], None]
"""Where work tells how far it is; cheap, never blocks."""
