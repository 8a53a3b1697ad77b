"""What results were measured on: the device, its driver, and the versions of the libraries."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import subprocess
from typing import Any

import torch


def facts(device: torch.device) -> dict[str, Any]:
    """In words and numbers; an empty driver where it could not be asked."""
    versions = {name: importlib.metadata.version(name) for name in ("torch", "diffusers")}
    if device.type != "cuda":
        return {"device": platform.processor() or platform.machine(), "driver": "", **versions}
    properties = torch.cuda.get_device_properties(device)
    driver, _, limit = _asked("driver_version,power.limit", device).partition(", ")
    return {
        "device": properties.name,
        "driver": driver,
        "power limit": limit,
        "memory GB": round(properties.total_memory / 1e9, 1),
        "capability": ".".join(map(str, torch.cuda.get_device_capability(device))),
        "CUDA": torch.version.cuda,
        "cuDNN": torch.backends.cudnn.version(),
        **versions,
    }


def _asked(fields: str, device: torch.device) -> str:
    """What nvidia-smi says; empty without it, or when it does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    command = [program, f"--query-gpu={fields}", "--format=csv,noheader", f"--id={device.index or 0}"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()
