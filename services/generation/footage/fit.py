"""The least placement with which a plan fits a device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from services.generation.footage.architecture import Architecture
from services.generation.footage.correction import Peaks, corrected
from services.generation.footage.forecast import architecture_of, forecast
from services.generation.footage.pace import Paces, paced
from services.generation.footage.plan import PLACEMENTS, Device, Forecast, NativePlan
from services.generation.footage.throughput import Rates, rates_of
from services.story.footage import Quantization

FP8_CAPABILITY = (8, 9)
"""CUDA's compute capability from which a device computes in fp8: Ada, Hopper."""
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
    paces: Paces = (),
    setup: str = "",
    rates: Rates | None = None,
    architecture: Architecture | None = None,
    loaded: bool = False,
) -> Placed | None:
    """The least placement whose peak the device can hold, or None when none is.

    Args:
        plan: What the model would be run with.
        device: What it would run on; what the caller's own idle models hold counts as free.
        max_bytes: The most device memory that is used; None: all there is.
        peaks: Measured ones, which correct the forecasts' bytes.
        paces: Measured ones, which correct their seconds.
        setup: The device and the settings whose paces count.
        rates: How fast the device works; by default as measured, or from its datasheet.
        architecture: The model's numbers; by default those of the published model, as `on`.
        loaded: The model is in memory already.

    Returns:
        Of the placements that fit, the first that the host's memory holds too; the first when it holds none.
    """
    model = as_run(architecture or on(plan, device), plan)
    most = usable_bytes(device, max_bytes=max_bytes)
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
        needs = paced(needs, plan, placement=placement, setup=setup, paces=paces, architecture=model)
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
    paces: Paces = (),
    setup: str = "",
    rates: Rates | None = None,
    architecture: Architecture | None = None,
) -> Placed:
    """The placement with the lowest peak, and its forecast: how far a plan is from fitting."""
    model = as_run(architecture or on(plan, device), plan)
    found = []
    for placement in placements(model, kind=device.kind):
        raw = forecast(plan, placement=placement, rates=rates or rates_of(device), architecture=model)
        needs = corrected(raw, plan, placement=placement, peaks=peaks, architecture=model)
        needs = paced(needs, plan, placement=placement, setup=setup, paces=paces, architecture=model)
        found.append((placement, needs))
    return min(found, key=lambda placed: placed[1].peak_bytes)


def on(plan: NativePlan, device: Device) -> Architecture:
    """The published model as it is held on a device."""
    return held_on(architecture_of(plan), device)


def held_on(model: Architecture, device: Device) -> Architecture:
    """A model as it is held on a device: on a processor in 32 bits, and multiplied in fp8 where it can be."""
    if device.kind == "cpu":
        return replace(model.held_in(4), devices=device.devices)
    return replace(model, fp8_products=has_fp8(device), devices=device.devices)


def as_run(model: Architecture, plan: NativePlan) -> Architecture:
    """A model as a plan is run: without an image all tokens have the same time step, which is told once."""
    return replace(model, per_token_time=model.per_token_time and plan.mode != "t2v")


def eight_bits(device: Device) -> Quantization:
    """The form of eight bits in which a device holds weights: fp8, or whole numbers, which all have."""
    return "fp8" if has_fp8(device) else "int8"


def has_fp8(device: Device) -> bool:
    """The device can be given weights in fp8, and computes in it."""
    return device.kind == "cuda" and device.capability >= FP8_CAPABILITY


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
    if model.devices > 1:
        return  # those that share a clip keep their weights
    for rows_before in ((), (tiled,)):
        yield (*rows_before, text, *turns, weights)
