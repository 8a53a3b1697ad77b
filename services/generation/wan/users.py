"""Other programs that hold memory of the GPU, as NVIDIA's management library tells them where it can.

It tells nothing on a slice of a device, without its Python package `nvidia-ml-py`, or in a container that
sees no processes but its own; then nobody is named, and nothing fails.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable
from typing import Any, Protocol

import torch

MOST = 16
"""So many programs are told of, the largest first."""


class Management(Protocol):
    """What is used of the module `pynvml`, whose functions are not typed."""

    def nvmlInit(self) -> Any:
        """Connect to the driver."""
        ...

    def nvmlShutdown(self) -> Any:
        """Disconnect."""
        ...

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> Any:
        """The device of an identity such as `GPU-6f2c…`."""
        ...

    def nvmlDeviceGetComputeRunningProcesses(self, handle: Any) -> Iterable[Any]:
        """Processes that compute, each with `pid` and `usedGpuMemory`, bytes or None."""
        ...

    def nvmlDeviceGetGraphicsRunningProcesses(self, handle: Any) -> Iterable[Any]:
        """Processes that draw, likewise."""
        ...


def of(device: torch.device) -> tuple[tuple[int, int], ...]:
    """Other processes on a device and the bytes each holds, the largest first; none where it is not known."""
    if device.type != "cuda":
        return ()
    try:
        management: Management = importlib.import_module("pynvml")
        identity = str(torch.cuda.get_device_properties(device).uuid)
    except (ImportError, AttributeError, RuntimeError):
        return ()
    return told(management, identity, own=os.getpid())


def told(management: Management, identity: str, *, own: int) -> tuple[tuple[int, int], ...]:
    """What the library tells of a device.

    Args:
        management: The module.
        identity: The device's, as torch writes it.
        own: This process, which is on the device itself. Where it is not told of, others' ids are not those
            by which they are known here, and nobody is named.
    """
    try:
        management.nvmlInit()
    except Exception:  # its errors are made at run time
        return ()
    try:
        name = identity if identity.startswith(("GPU-", "MIG-")) else f"GPU-{identity}"
        handle = management.nvmlDeviceGetHandleByUUID(name)
        found: dict[int, int] = {}
        for process in (
            *management.nvmlDeviceGetComputeRunningProcesses(handle),
            *management.nvmlDeviceGetGraphicsRunningProcesses(handle),
        ):
            found[process.pid] = max(found.get(process.pid, 0), process.usedGpuMemory or 0)
    except Exception:
        return ()
    finally:
        management.nvmlShutdown()
    if found.pop(own, None) is None:
        return ()
    return tuple(sorted(found.items(), key=lambda user: (-user[1], user[0]))[:MOST])
