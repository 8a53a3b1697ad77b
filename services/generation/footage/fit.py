"""The least placement with which a plan fits a device."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from services.generation.footage.architecture import Architecture
from services.generation.footage.correction import Peaks, corrected
from services.generation.footage.forecast import architecture_of, forecast
from services.generation.footage.making import PLACEMENTS, Device, Forecast, NativePlan
from services.generation.footage.rates import Rates, rates_of

USABLE = 0.92
"""Of what is free: the rest is for the allocator's gaps, and for what others take meanwhile."""

Placed = tuple[tuple[str, ...], Forecast]
"""Members of PLACEMENTS, and what is needed with them."""


def usable_bytes(device: Device, *, max_bytes: int | None = None) -> int:
    """Device bytes that a forecast may come to, of what is free and allowed."""
    return int(USABLE * min(device.free_bytes, device.total_bytes if max_bytes is None else max_bytes))


def fit(
    plan: NativePlan,
    device: Device,
    *,
    max_bytes: int | None = None,
    peaks: Peaks = (),
    rates: Rates | None = None,
    architecture: Architecture | None = None,
    loaded: bool = False,
) -> Placed | None:
    """The least placement whose peak the device can hold, or None when none is.

    Args:
        plan: What the model would be run with.
        device: What it would run on; what the caller's own idle models hold counts as free.
        max_bytes: The most device memory that is used; None: all there is.
        peaks: Measured ones, which correct the forecasts.
        rates: How fast the device works; by default from its datasheet.
        architecture: The model's numbers; by default those of the published model, as `on`.
        loaded: The model is in memory already.

    Returns:
        Of the placements that fit, the first that the host's memory holds too; the first when it holds none.
    """
    model, most = architecture or on(plan, device), usable_bytes(device, max_bytes=max_bytes)
    first: Placed | None = None
    for placement in placements(model, kind=device.kind):
        raw = forecast(
            plan,
            placement=placement,
            rates=rates or rates_of(device),
            architecture=model,
            loaded=loaded,
        )
        needs = corrected(raw, plan, placement=placement, peaks=peaks, architecture=model)
        if needs.peak_bytes <= most:
            if device.kind == "cpu" or not 0 < device.host_free_bytes < needs.host_bytes:
                return placement, needs
            first = first or (placement, needs)
    return first


def least(
    plan: NativePlan,
    device: Device,
    *,
    peaks: Peaks = (),
    rates: Rates | None = None,
    architecture: Architecture | None = None,
) -> Placed:
    """The placement with the lowest peak, and its forecast: how far a plan is from fitting."""
    model = architecture or on(plan, device)
    found = []
    for placement in placements(model, kind=device.kind):
        raw = forecast(plan, placement=placement, rates=rates or rates_of(device), architecture=model)
        found.append((placement, corrected(raw, plan, placement=placement, peaks=peaks, architecture=model)))
    return min(found, key=lambda placed: placed[1].peak_bytes)


def on(plan: NativePlan, device: Device) -> Architecture:
    """The published model as it is run on a device: on a processor in 32 bits."""
    model = architecture_of(plan)
    return model.held_in(4) if device.kind == "cpu" else model


def placements(model: Architecture, *, kind: str) -> Iterator[tuple[str, ...]]:
    """What can be tried, the cheapest first: a later row only when no mix of the earlier ones is enough.

    On a processor device and host are one, and only the decoder can be changed.
    """
    tiled, text, idle, weights = PLACEMENTS
    yield ()
    yield (tiled,)
    if kind == "cpu":
        return
    turns = (idle,) if model.experts > 1 else ()
    for *chosen, last in product((False, True), repeat=2 + len(turns)):
        # The last to vary is the first row: 01 is tiles alone, 10 is the text encoder alone.
        rows = dict(zip((*turns[::-1], text), chosen, strict=True))
        if any(rows.values()):
            yield tuple(row for row in PLACEMENTS if rows.get(row) or (row == tiled and last))
    for rows_before in ((), (tiled,)):
        yield (*rows_before, text, *turns, weights)
