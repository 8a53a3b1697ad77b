"""The worker with faults put into the libraries below it, as a file beside the models tells.

Run as the backend's worker module. The file `faults.json` holds one fault, and is taken away when the fault
has happened; `processes` gets this process's id at each request, and `peers` those of the ranks beside it.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from services.generation.wan import wire, worker

import torch  # isort: skip
from diffusers import AutoencoderKLWan, DiffusionPipeline, WanTransformer3DModel  # isort: skip
from diffusers.models.autoencoders.autoencoder_kl_wan import WanDecoder3d  # isort: skip
from diffusers.models.transformers.transformer_wan import WanTransformerBlock  # isort: skip

worker.PEER = __name__
_rank = int(os.environ.get("RANK", "0"))
_folder = Path()
_calls: dict[str, int] = {}


def strike(where: str) -> str:
    """Count a call, and have the fault that is due: an exception, a death, or a word for the caller."""
    _calls[where] = _calls.get(where, 0) + 1
    file = _folder / "faults.json"
    try:
        fault = json.loads(file.read_text())
    except FileNotFoundError:
        return ""
    if fault["where"] != where or _calls[where] <= fault.get("after", 0) or fault.get("rank", 0) != _rank:
        return ""
    fault["times"] = fault.get("times", 1) - 1
    if fault["times"] <= 0:
        file.unlink()
    else:
        rest = file.with_suffix(".rest")
        rest.write_text(json.dumps(fault))
        rest.replace(file)
    match fault["what"]:
        case "memory":
            raise torch.OutOfMemoryError("CUDA out of memory (as told)")
        case "device":
            raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
        case "bug":
            raise ValueError("the shapes do not match")
        case "death":
            os.kill(os.getpid(), signal.SIGKILL)
        case "slow":
            time.sleep(0.2)
    return str(fault["what"])


def through(cls: type, name: str, where: str) -> None:
    """Have a method strike before it does its work; what it gives may be spoilt."""
    real: Callable[..., Any] = getattr(cls, name)

    @functools.wraps(real)  # some callers look at the names of its parameters
    def struck(self: Any, *args: Any, **kwargs: Any) -> Any:
        what = strike(where)
        if what == "keep":
            np.save(_folder / "kept.npy", args[0].numpy())
        given = real(self, *args, **kwargs)
        if what == "nan":
            return (given[0] * torch.nan,)
        if what == "black":
            return torch.full_like(given, -1.0)
        if what == "still":
            return torch.linspace(-1, 1, given.shape[-1]).expand_as(given)
        return given

    setattr(cls, name, struck)


def _loading(kind: type[DiffusionPipeline]) -> None:
    real = kind.from_pretrained.__func__  # type: ignore[attr-defined]

    def struck(cls: Any, *args: Any, **kwargs: Any) -> Any:
        strike("load")
        return real(cls, *args, **kwargs)

    kind.from_pretrained = classmethod(struck)  # type: ignore[assignment]


through(WanTransformer3DModel, "forward", "denoise")
through(WanTransformerBlock, "forward", "block")
through(WanDecoder3d, "forward", "decode")
through(AutoencoderKLWan, "decode", "latents")
_loading(DiffusionPipeline)


def answer(payload: bytes, report: Any) -> bytes:
    """What the real worker answers, with a small disk if that is the fault."""
    global _folder
    request = wire.unpack(payload)
    if not isinstance(request, wire.Task):
        return worker.answer(payload, report)
    _folder = request.folder.parent
    _calls.clear()
    with (_folder / ("peers" if _rank else "processes")).open("a") as file:
        file.write(f"{os.getpid()}\n")
    if strike("disk") != "full":
        return worker.answer(payload, report)
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, unlimited[1]))
    try:
        return worker.answer(payload, report)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
