"""How long clips took, phase by phase, and what that says about later forecasts.

A forecast counts work and divides it by rates. What it cannot know, such as the cost of starting each small
operation, the clips that were made show: the next of the same kind takes what the one before took, and one of
another size is off as far as the nearest one was.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from services.generation.footage import history_file
from services.generation.footage.activations import tokens_of
from services.generation.footage.architecture import Architecture
from services.generation.footage.forecast import FORMULA, PHASES, architecture_of, forwards
from services.generation.footage.plan import PLACEMENTS, Forecast, NativePlan

KEPT = 128
"""How many kinds of work are remembered; the one measured longest ago is forgotten first."""
SLOWER_COUNTS = 2
"""A clip that took longer counts for one part in so many, a shorter one at once: the first of its size is
compiled, and others may have worked on the device meanwhile."""
APART = 4.0
"""How much faster or slower than forecast a clip of another size is taken to be at most."""
CARRIED = ("denoise", "decode")
"""The phases in which a clip of another size is off as far as this one was."""
LONGEST = 1e6
"""Seconds that no phase takes."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long one kind of work took.

    Args:
        setup: The device and all settings that time depends on.
        model: The model.
        tokens: Of a clip.
        quantization: The form of the weights.
        placement: Members of PLACEMENTS, in their order.
        took: Seconds of each phase, of `denoise` a forward's, of `encode_text` a prompt's.
        forecast: What was forecast for them, uncorrected.
    """

    setup: str
    model: str
    tokens: int
    quantization: str
    placement: tuple[str, ...]
    took: Mapping[str, float]
    forecast: Mapping[str, float]

    @property
    def kind(self) -> tuple[object, ...]:
        """What is the same for all clips of its kind."""
        return self.setup, self.model, self.tokens, self.quantization, self.placement


Paces = tuple[Pace, ...]
"""One pace of a kind, the one measured last at the end."""


def paced(
    forecast: Forecast,
    plan: NativePlan,
    *,
    placement: Sequence[str],
    setup: str,
    paces: Paces,
    architecture: Architecture | None = None,
) -> Forecast:
    """A forecast with its seconds as such clips took; without one of the same model here, as it is.

    A model that need not be loaded is forecast to take no time for it, and that stays so.
    """
    kind = _kind(setup, plan, placement, architecture)
    same = next((pace for pace in paces if pace.kind == kind), None)
    units = _units(plan)
    phases = dict(forecast.phases)
    if same is not None:
        phases |= {phase: took * units[phase] for phase, took in same.took.items() if phases.get(phase)}
    elif (near := _nearest(paces, kind)) is not None:
        phases |= {
            phase: phases[phase] * min(max(near.took[phase] / near.forecast[phase], 1 / APART), APART)
            for phase in CARRIED
            if phase in near.took and near.forecast.get(phase) and phase in phases
        }
    else:
        return forecast
    return replace(forecast, phases=phases, seconds=sum(phases.values()))


def taken(
    paces: Paces,
    plan: NativePlan,
    *,
    placement: Sequence[str],
    setup: str,
    forecast: Forecast,
    seconds: Mapping[str, float],
    architecture: Architecture | None = None,
) -> Paces:
    """The paces with one more clip's.

    Args:
        paces: Those before.
        plan: What the model was run with.
        placement: As it began and ended; a clip that changed it halfway is no measure.
        setup: The device and all settings that time depends on.
        forecast: For that placement, uncorrected; a phase that it gives no time is not learnt.
        seconds: Of each phase, as measured.
        architecture: The model's numbers; by default those of the published one.
    """
    units = _units(plan)
    took = {
        phase: seconds[phase] / units[phase]
        for phase in PHASES
        if forecast.phases.get(phase) and 0 < seconds.get(phase, 0.0) < LONGEST
    }
    if "denoise" not in took:
        return paces
    kind = _kind(setup, plan, placement, architecture)
    before = next((pace.took for pace in paces if pace.kind == kind), {})
    for phase, then in before.items():
        now = took.get(phase, then)
        took[phase] = now if now < then else then + (now - then) / SLOWER_COUNTS
    expected = {phase: forecast.phases[phase] / units[phase] for phase in took if forecast.phases.get(phase)}
    return (*(pace for pace in paces if pace.kind != kind), Pace(*kind, took, expected))[-KEPT:]


def read(path: Path) -> Paces:
    """The paces of a file; what is not there, damaged or of another formula is none, and no error."""
    return decode(history_file.read(path))


def write(path: Path, paces: Paces) -> None:
    """Replace the file, whole or not at all.

    Raises:
        OSError: The disk is full, or the folder cannot be written.
    """
    history_file.write(path, encode(paces))


def encode(paces: Paces) -> bytes:
    """Paces as JSON."""
    return history_file.pack("paces", paces[-KEPT:], formula=FORMULA)


def decode(content: bytes) -> Paces:
    """The paces in some JSON; entries that are none are left out."""
    read = map(_pace, history_file.unpack(content, "paces", formula=FORMULA, most=KEPT))
    return tuple({pace.kind: pace for pace in read if pace is not None}.values())


def _pace(entry: Any) -> Pace | None:
    if not isinstance(entry, dict) or entry.keys() != set(Pace.__slots__):
        return None
    names = (entry["setup"], entry["model"], entry["quantization"])
    rows, tokens = entry["placement"], entry["tokens"]
    if not (
        all(isinstance(name, str) and len(name) <= 256 for name in names)
        and isinstance(rows, list)
        and [row for row in PLACEMENTS if row in rows] == rows
        and type(tokens) is int
        and 0 < tokens < 1 << 40
        and _is_seconds(entry["took"])
        and _is_seconds(entry["forecast"])
    ):
        return None
    return Pace(names[0], names[1], tokens, names[2], tuple(rows), entry["took"], entry["forecast"])


def _is_seconds(found: Any) -> bool:
    return isinstance(found, dict) and all(
        phase in PHASES and isinstance(value, float) and 0 < value < LONGEST for phase, value in found.items()
    )


def _nearest(paces: Paces, kind: tuple[str, str, int, str, tuple[str, ...]]) -> Pace | None:
    """The pace of the same model here whose clip is nearest in size; of two alike the later one."""
    setup, model, tokens, _, _ = kind
    same = [pace for pace in reversed(paces) if (pace.setup, pace.model) == (setup, model)]
    return min(same, key=lambda pace: abs(math.log(pace.tokens / tokens)), default=None)


def _units(plan: NativePlan) -> dict[str, int]:
    """By how much a phase's time is divided, so that it is the same whatever the steps and the guidance."""
    return dict.fromkeys(PHASES, 1) | {
        "encode_text": 2 if plan.guidance > 1 else 1,
        "denoise": forwards(plan),
    }


def _kind(
    setup: str, plan: NativePlan, placement: Sequence[str], architecture: Architecture | None
) -> tuple[str, str, int, str, tuple[str, ...]]:
    rows = tuple(row for row in PLACEMENTS if row in placement)
    return setup, plan.model, tokens_of(plan, architecture or architecture_of(plan)), plan.quantization, rows
