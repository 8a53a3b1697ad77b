"""What pre-flight finds about the machine: its device's abilities, host memory, disk, and time."""

from __future__ import annotations

import math
from collections.abc import Iterator

from services.chassis.errors import Change, Suggestion
from services.generation.footage.fit import FP8_CAPABILITY, USABLE, has_fp8, usable_bytes
from services.generation.footage.plan import Category, Device, Finding, Forecast, NativePlan, gigabytes

VRAM_SETTING, TIME_SETTING = "STORYREEL_GENERATION_MAX_VRAM_GB", "STORYREEL_GENERATION_FOOTAGE_MINUTES"
BF16_CAPABILITY = (8, 0)
"""CUDA's compute capability from which a device computes in bfloat16: Ampere."""
CLOSE_SHARE = 0.7
"""Of the time allowed: forecasts from datasheets may be 30 % off."""
USERS_NAMED = 5
MINUTES_MOST = 720
"""The most that the setting of time can have."""


def abilities(plan: NativePlan, device: Device) -> Iterator[Finding]:
    """What the plan needs and the device cannot do."""
    if device.kind == "cuda" and device.capability < BF16_CAPABILITY:
        found = f"{_called(device)} has compute capability {_dotted(device.capability)}"
        yield Finding(
            Category.SYSTEM_RESOURCE,
            f"{found}; bfloat16 needs {_dotted(BF16_CAPABILITY)}.",
            suggestions=[Suggestion("Generate on a newer device, such as an A100, L40S, H100 or H200.")],
        )
    if plan.quantization == "fp8" and not has_fp8(device):
        what = "is not a CUDA device" if device.kind != "cuda" else f"has {_dotted(device.capability)}"
        yield Finding(
            Category.SYSTEM_RESOURCE,
            f"fp8 needs compute capability {_dotted(FP8_CAPABILITY)}; {_called(device)} {what}.",
            suggestions=[
                Suggestion("Hold the weights in int8.", [Change("quantization", "fp8", "int8")]),
                Suggestion("Hold the weights as published.", [Change("quantization", "fp8", "none")]),
            ],
        )


def memory(
    device: Device,
    placement: tuple[str, ...],
    forecast: Forecast,
    *,
    max_bytes: int | None,
    ways: tuple[Suggestion, ...],
) -> Iterator[Finding]:
    """The device memory that is not there, with whatever would make the clip fit."""
    usable = usable_bytes(device, max_bytes=max_bytes)
    where = f" with {', '.join(placement)}" if placement else ""
    needs = f"The clip needs {gigabytes(forecast.peak_bytes)} of device memory{where}"
    if forecast.peak_bytes <= usable:
        return
    of = f"{gigabytes(device.free_bytes)} free"
    if max_bytes is not None and _is_limit(max_bytes, device):
        of = f"{gigabytes(max_bytes)} that {VRAM_SETTING} allows"
    message = f"{needs}; it may take {gigabytes(usable)}, {USABLE:.0%} of the {of} on {_called(device)}."
    yield Finding(Category.VRAM_MEMORY, message, suggestions=(*ways, *_people(device, forecast, max_bytes)))


def host(device: Device, forecast: Forecast) -> Iterator[Finding]:
    """The host memory that is not there; a processor's is its device memory, and was looked at."""
    if device.kind == "cpu" or not 0 < device.host_free_bytes < forecast.host_bytes:
        return
    needs, free = gigabytes(forecast.host_bytes), gigabytes(device.host_free_bytes)
    yield Finding(
        Category.SYSTEM_RESOURCE,
        f"The clip needs {needs} of host memory for weights that wait in it; {free} is free.",
        suggestions=[Suggestion("Close other programs on the host, or give the service more memory.")],
    )


def disk(needed_bytes: int, free_bytes: int | None) -> Iterator[Finding]:
    """The scratch disk that is not there."""
    if free_bytes is not None and free_bytes < needed_bytes:
        yield Finding(
            Category.FILE_SYSTEM,
            f"The clip needs {_mb(needed_bytes)} of scratch disk; {_mb(free_bytes)} is free.",
            suggestions=[Suggestion("Make room, or set STORYREEL_HOME to a folder on a larger disk.")],
        )


def time(forecast: Forecast, *, most: float, ways: tuple[Suggestion, ...]) -> Iterator[Finding]:
    """More time than is allowed, or so much that it may become more."""
    if forecast.seconds > CLOSE_SHARE * most:
        over = forecast.seconds > most
        how = "more than" if over else "close to"
        yield Finding(
            Category.SYSTEM_RESOURCE,
            f"The clip takes about {forecast.seconds / 60:.1f} min, {how} the {most / 60:.4g} min that "
            f"{TIME_SETTING} allows.",
            blocking=over,
            suggestions=(*ways, *_longer(forecast)) if over else (),
        )


def _longer(forecast: Forecast) -> Iterator[Suggestion]:
    """More time, where as much can be set."""
    minutes = math.ceil(forecast.seconds / CLOSE_SHARE / 60)
    if minutes <= MINUTES_MOST:
        yield Suggestion(f"Set {TIME_SETTING} to {minutes} or more.")


def needs(forecast: Forecast) -> str:
    """What a forecast comes to, for people."""
    return f"about {gigabytes(forecast.peak_bytes)} and {forecast.seconds:.0f} s"


def _people(device: Device, forecast: Forecast, max_bytes: int | None) -> Iterator[Suggestion]:
    """What only a person can do."""
    needed = int(forecast.peak_bytes / USABLE) + 1
    if max_bytes is not None and _is_limit(max_bytes, device):
        more = math.ceil(needed / 1e9)
        yield Suggestion(
            f"Set {VRAM_SETTING} to {more} or more, if the device has it; it is {max_bytes / 1e9:g}."
        )
        return
    if device.free_bytes < needed <= device.total_bytes and device.users:
        users = sorted(device.users, key=lambda user: -user[1])[:USERS_NAMED]
        named = ", ".join(f"process {process} with {gigabytes(used)}" for process, used in users)
        yield Suggestion(f"Close other programs on the device: {named}.")
    if needed > device.total_bytes:
        yield Suggestion(f"Generate on a device with {gigabytes(needed)} or more.")


def _is_limit(max_bytes: int, device: Device) -> bool:
    """Whether less is allowed than is free; a device that is told with its limit has no more than that."""
    return max_bytes <= device.free_bytes


def _called(device: Device) -> str:
    return device.name[:80] or "the device"


def _dotted(capability: tuple[int, int]) -> str:
    return f"{capability[0]}.{capability[1]}"


def _mb(count: int) -> str:
    return f"{count / 1e6:.0f} MB"
