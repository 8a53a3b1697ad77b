"""The device that clips are generated on: what it is, what is free, and what its memory holds."""

from __future__ import annotations

import gc
from contextlib import suppress

import psutil
import torch

from services.chassis.errors import Configuration
from services.generation.footage.plan import Device
from services.generation.wan import probe, users
from services.generation.wan.wire import Machine

# Pinned memory that weights have left; older versions of torch keep it.
_empty_host_cache = getattr(torch.accelerator, "empty_host_cache", lambda: None)


def chosen(machine: Machine) -> torch.device:
    """The device of a machine, set up as it says.

    Raises:
        Configuration: There is no such device here.
    """
    if machine.threads:
        torch.set_num_threads(machine.threads)
    try:
        name = machine.device
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        device = torch.device(name)
    except RuntimeError as error:
        raise _no_device(machine) from error
    if device.type not in ("cpu", "cuda") or (device.type == "cuda" and not torch.cuda.is_available()):
        raise _no_device(machine)
    if device.type == "cuda":
        device = torch.device("cuda", device.index or 0)
        if device.index >= torch.cuda.device_count():
            raise _no_device(machine)
        torch.cuda.set_device(device)
        _, total = torch.cuda.mem_get_info(device)
        if 0 < machine.max_bytes < total:
            torch.cuda.set_per_process_memory_fraction(machine.max_bytes / total, device)
    return device


def _no_device(machine: Machine) -> Configuration:
    here = ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
    return Configuration(
        f"There is no device {machine.device!r} to generate on; there is {', '.join(here)}.",
        metadata={"setting": "device", "value": machine.device},
    )


def precision(machine: Machine, device: torch.device) -> torch.dtype:
    """The form weights are held in."""
    match machine.precision:
        case "bfloat16":
            return torch.bfloat16
        case "float32":
            return torch.float32
        case _:
            return torch.bfloat16 if device.type == "cuda" else torch.float32


def facts(machine: Machine, device: torch.device, *, waiting_bytes: int = 0) -> Device:
    """The device as it is now, with its rates, which are measured once a process.

    What this process holds counts as free: its models leave when a clip needs their room.

    Args:
        machine: What is looked at.
        device: Its device.
        waiting_bytes: Host bytes of loaded models' weights that wait for the device.
    """
    rates = probe.rates(device, precision(machine, device))
    host = psutil.virtual_memory()
    if device.type == "cpu":
        free = host.available + psutil.Process().memory_info().rss
        total = machine.max_bytes or host.total
        return Device(
            "processor", "cpu", total, min(free, total), host_free_bytes=host.available, rates=rates
        )
    free, total = torch.cuda.mem_get_info(device)
    free += torch.cuda.memory_reserved(device)
    most = machine.max_bytes or total
    return Device(
        torch.cuda.get_device_name(device),
        "cuda",
        min(total, most),
        min(free, most),
        capability=torch.cuda.get_device_capability(device),
        host_free_bytes=host.available + waiting_bytes,
        users=users.of(device),
        rates=rates,
    )


def free_bytes(machine: Machine, device: torch.device) -> int:
    """Device bytes that can be taken without anything leaving."""
    if device.type == "cpu":
        free: int = psutil.virtual_memory().available
        return min(free, machine.max_bytes) if machine.max_bytes else free
    free, total = torch.cuda.mem_get_info(device)
    free += torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    taken = total - free
    return min(free, max(0, machine.max_bytes - taken)) if machine.max_bytes else free


def give_back(device: torch.device) -> None:
    """Return memory that nothing refers to."""
    gc.collect()
    if device.type == "cuda":
        # A device that failed fails here too, and what failed on it first says why.
        with suppress(torch.AcceleratorError):
            _empty_host_cache()
            torch.cuda.empty_cache()


def start_measuring(device: torch.device) -> None:
    """Forget the peak of device memory."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_bytes(device: torch.device) -> int:
    """The peak of device memory since it was last forgotten; 0 where it cannot be measured."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0
