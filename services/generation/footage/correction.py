"""Measured peaks of device memory, and what they say about later forecasts of the same work.

A peak is what torch's allocator held at most; the device's context is not in it, and is added as forecast. It
depends on the model, the tokens, the form of the weights and the placement: as far as a forecast was off for
one clip, it will be off for the next of its kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from services.generation.footage import history_file
from services.generation.footage.activations import tokens_of
from services.generation.footage.architecture import Architecture
from services.generation.footage.forecast import CONTEXT, FORMULA, architecture_of
from services.generation.footage.plan import PLACEMENTS, Forecast, NativePlan

KEPT = 256
"""How many kinds of work are remembered; the one measured longest ago is forgotten first."""
RATIOS = (0.5, 2.0)
"""What measured and forecast bytes may differ by; beyond it, it was not a measurement of this work."""
FORGETS = 4
"""A lower peak counts for one part in so many, a higher one at once: what is too low fails a clip."""
LARGEST = 1 << 50
"""No device has so many bytes."""


@dataclass(frozen=True, slots=True)
class Peak:
    """A measured peak of one kind of work.

    Args:
        model: The model.
        tokens: Of a clip.
        quantization: The form of the weights.
        placement: Members of PLACEMENTS, in their order.
        forecast_bytes: What was forecast, uncorrected and without the context, for the clip measured last.
        peak_bytes: What it took.
    """

    model: str
    tokens: int
    quantization: str
    placement: tuple[str, ...]
    forecast_bytes: int
    peak_bytes: int

    @property
    def kind(self) -> tuple[object, ...]:
        """What is the same for all clips of its kind."""
        return self.model, self.tokens, self.quantization, self.placement

    @property
    def ratio(self) -> float:
        """Measured by forecast bytes."""
        return self.peak_bytes / self.forecast_bytes

    def __post_init__(self) -> None:
        if not (0 < self.forecast_bytes < LARGEST and 0 < self.peak_bytes < LARGEST and self.tokens > 0):
            raise ValueError("a peak has tokens, forecast and measured bytes above 0")


Peaks = tuple[Peak, ...]
"""One peak of a kind, the one measured last at the end."""


def corrected(
    forecast: Forecast,
    plan: NativePlan,
    *,
    placement: Sequence[str],
    peaks: Peaks,
    architecture: Architecture | None = None,
) -> Forecast:
    """A forecast with its device bytes as measured for this kind of work; without a measurement, as it is."""
    kind = _kind(plan, placement, architecture)
    for peak in peaks:
        if peak.kind == kind and RATIOS[0] <= peak.ratio <= RATIOS[1]:
            return replace(
                forecast,
                denoise_bytes=CONTEXT + round((forecast.denoise_bytes - CONTEXT) * peak.ratio),
                decode_bytes=CONTEXT + round((forecast.decode_bytes - CONTEXT) * peak.ratio),
            )
    return forecast


def measured(
    peaks: Peaks,
    plan: NativePlan,
    *,
    placement: Sequence[str],
    forecast: Forecast,
    peak_bytes: int,
    architecture: Architecture | None = None,
) -> Peaks:
    """The peaks with one more.

    Args:
        peaks: Those before.
        plan: What the model was run with.
        placement: As it ended.
        forecast: For that placement, uncorrected.
        peak_bytes: As measured, without the context; 0, where nothing can be measured, changes nothing.
    """
    expected = forecast.peak_bytes - CONTEXT
    if not (0 < peak_bytes < LARGEST and 0 < expected < LARGEST):
        return peaks
    kind = _kind(plan, placement, architecture)
    now = Peak(*kind, forecast_bytes=expected, peak_bytes=peak_bytes)
    if not RATIOS[0] <= now.ratio <= RATIOS[1]:
        return peaks
    before = next((peak.ratio for peak in peaks if peak.kind == kind), now.ratio)
    if now.ratio < before:
        ratio = before + (now.ratio - before) / FORGETS
        now = replace(now, peak_bytes=max(1, round(ratio * now.forecast_bytes)))
    return (*(peak for peak in peaks if peak.kind != kind), now)[-KEPT:]


def read(path: Path) -> Peaks:
    """The peaks of a file; what is not there, damaged or of another formula is none, and no error."""
    return decode(history_file.read(path))


def write(path: Path, peaks: Peaks) -> None:
    """Replace the file, whole or not at all.

    Raises:
        OSError: The disk is full, or the folder cannot be written.
    """
    history_file.write(path, encode(peaks))


def encode(peaks: Peaks) -> bytes:
    """Peaks as JSON."""
    return history_file.pack("peaks", peaks[-KEPT:], formula=FORMULA)


def decode(content: bytes) -> Peaks:
    """The peaks in some JSON; entries that are none are left out."""
    read = map(_peak, history_file.unpack(content, "peaks", formula=FORMULA, most=KEPT))
    return tuple({peak.kind: peak for peak in read if peak is not None}.values())


def _peak(entry: Any) -> Peak | None:
    if not isinstance(entry, dict) or entry.keys() != set(Peak.__slots__):
        return None
    names, rows = (entry["model"], entry["quantization"]), entry["placement"]
    numbers = (entry["tokens"], entry["forecast_bytes"], entry["peak_bytes"])
    if not (
        all(isinstance(name, str) and len(name) <= 64 for name in names)
        and isinstance(rows, list)
        and all(isinstance(row, str) for row in rows)
        and list(_ordered(rows)) == rows
        and all(type(number) is int and 0 < number < LARGEST for number in numbers)
    ):
        return None
    return Peak(names[0], numbers[0], names[1], tuple(rows), numbers[1], numbers[2])


def _ordered(placement: Sequence[str]) -> tuple[str, ...]:
    return tuple(row for row in PLACEMENTS if row in placement)


def _kind(
    plan: NativePlan, placement: Sequence[str], architecture: Architecture | None
) -> tuple[str, int, str, tuple[str, ...]]:
    tokens = tokens_of(plan, architecture or architecture_of(plan))
    return plan.model, tokens, plan.quantization, _ordered(placement)
