"""The VAE's decoder in its forms: how long a clip takes, what memory, and how far it is from 32 bits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from services.generation.footage.activations import decode_bytes
from services.generation.footage.forecast import CONTEXT, DECODE_MARGIN, vae_flop
from services.generation.footage.weights import vae_weight_bytes
from services.generation.wan import decode
from services.generation.wan import device as devices
from services.generation.wan.cancellation import Gates
from services.generation.wan.forms import channels
from services.generation.wan.placement import STRIDE, TILE
from services.media.conform import Frame
from tests.benchmarks.wan.run import Row, Run, Stamp, gb, memory, relative
from tests.benchmarks.wan.workloads import Workload, noise, vae

FEW = 3
"""Latent frames that are decoded beforehand: the first, the second and the later ones differ in shape."""


@dataclass(frozen=True, slots=True)
class Form:
    """How the decoder works."""

    name: str
    dtype: torch.dtype
    channels_last: bool = False
    tiled: bool = False


FORMS = (
    Form("fp32", torch.float32),
    Form("bf16", torch.bfloat16),
    Form("bf16_channels_last", torch.bfloat16, channels_last=True),
    Form("bf16_tiled", torch.bfloat16, channels_last=True, tiled=True),
)


def measure(run: Run, work: Workload) -> None:
    """One row for each form; the others are held against the first, whose convolutions run as TF32."""
    expected: list[torch.Tensor] = []
    for form in FORMS:
        needs = 0.0 if run.tiny else 10 + 2 * _seconds(run, work, form)
        run.attempt(f"vae-{work.name}-{form.name}", lambda: _decoded(run, work, form, expected), needs=needs)  # noqa: B023


def _decoded(run: Run, work: Workload, form: Form, expected: list[torch.Tensor]) -> Row:
    device, plan = run.device, work.plan
    numbers = replace(work.numbers, vae_value_bytes=form.dtype.itemsize)
    made = vae(work, device, form.dtype)
    if form.channels_last:
        channels.put_last(made)
    latents, gates = noise(work.latents, device, seed=17), Gates(device)
    few = latents[:, :, :FEW].contiguous()
    if form.tiled:
        made.enable_tiling(TILE, TILE, STRIDE, STRIDE)
    with torch.no_grad():
        some = made.decode(few.to(form.dtype), return_dict=False)[0]
    if form.dtype is torch.float32:
        expected.append(some.cpu())
    error = relative(some.cpu(), expected[0]) if expected else None
    del some
    _frames(made, few, form, gates)
    devices.give_back(device)
    devices.start_measuring(device)
    begins = Stamp(device)
    frames = _frames(made, latents, form, gates)
    took = Stamp(device).seconds_since(begins)
    forecast = (
        vae_weight_bytes(numbers) + CONTEXT + DECODE_MARGIN * decode_bytes(plan, numbers, tiled=form.tiled)
    )
    return {
        "seconds": round(took, 3),
        "tflops": None if work.tiny else round(vae_flop(plan, numbers, tiled=form.tiled) / took / 1e12, 1),
        "frames": list(frames.shape),
        "error": error,
        "forecast_seconds": round(_seconds(run, work, form), 2),
        "forecast_gb": gb(forecast),
        **memory(device),
    }


def _frames(made: Any, latents: torch.Tensor, form: Form, gates: Gates) -> npt.NDArray[np.uint8]:
    """All frames, as the worker decodes them one by one."""
    taken: list[Frame] = []
    decode.stream(
        made,
        latents,
        taken.append,
        frames=4 * latents.shape[2] - 3,
        tiled=form.tiled,
        gates=gates,
        tell=lambda done, of: None,
    )
    return np.stack(taken)


def _seconds(run: Run, work: Workload, form: Form) -> float:
    """What is forecast."""
    rate = run.rates.vae_32 if form.dtype is torch.float32 else run.rates.vae_16
    return vae_flop(work.plan, work.numbers, tiled=form.tiled) / rate
