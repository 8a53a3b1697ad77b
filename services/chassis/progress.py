"""How far a long piece of work is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Progress:
    """One event of long work: the step, the fraction of the whole (0 to 1), what is counted in it.

    `sequence` is its number among the events of its work, from 1; 0 until the work has numbered it.
    """

    step: str
    fraction: float
    done: int = 0
    total: int = 0
    unit: str = ""
    sequence: int = field(default=0, compare=False)


Report = Callable[[Progress], None]
"""Where work tells how far it is; cheap, never blocks."""
