"""The true layers of the models on torch's meta device, where they have no bytes, and what they take."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from diffusers.models.transformers import transformer_wan
from diffusers.utils import logging
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from services.generation.footage.plan import NativePlan

torch.set_num_threads(1)
logging.set_verbosity_error()

_WAN = {"patch_size": (1, 2, 2), "attention_head_dim": 128, "text_dim": 4096, "freq_dim": 256}
T2V = _WAN | {
    "num_attention_heads": 40,
    "in_channels": 16,
    "out_channels": 16,
    "ffn_dim": 13_824,
    "num_layers": 40,
}
TRANSFORMERS: dict[str, dict[str, Any]] = {
    "t2v-A14B": T2V,
    "i2v-A14B": T2V | {"in_channels": 36},
    "ti2v-5B": _WAN
    | {
        "num_attention_heads": 24,
        "in_channels": 48,
        "out_channels": 48,
        "ffn_dim": 14_336,
        "num_layers": 30,
    },
}
"""transformer/config.json of the published models, without what is the default."""

VAE_OF_5B: dict[str, Any] = {
    "base_dim": 160,
    "decoder_base_dim": 256,
    "z_dim": 48,
    "is_residual": True,
    "in_channels": 12,
    "out_channels": 12,
    "patch_size": 2,
    "scale_factor_temporal": 4,
    "scale_factor_spatial": 16,
    "latents_mean": [0.0] * 48,
    "latents_std": [1.0] * 48,
}
VAES: dict[str, dict[str, Any]] = {"t2v-A14B": {}, "i2v-A14B": {}, "ti2v-5B": VAE_OF_5B}
"""vae/config.json; that of the A14B models is the class' default."""


def plan(model: str, *, width: int, height: int, frames: int, **changes: Any) -> NativePlan:
    """A plan of a model, as it is published but for its size."""
    small = model == "ti2v-5B"
    values: dict[str, Any] = {
        "mode": "i2v" if model == "i2v-A14B" else "t2v",
        "model": model,
        "width": width,
        "height": height,
        "frames": frames,
        "rate": 24 if small else 16,
        "steps": 50 if small else 40,
        "guidance": 5.0 if small else 4.0,
        "guidance_low": None if small else 3.0,
        "flow_shift": 5.0,
        "boundary": None if small else 0.875,
        "seed": 1,
        "prompt": "A fox in the snow.",
    }
    return NativePlan(**(values | changes))


def transformer(model: str, *, blocks: int | None = None) -> WanTransformer3DModel:
    """A model's transformer; with fewer blocks it takes less time to run, and the same memory."""
    changes = {} if blocks is None else {"num_layers": blocks}
    with torch.device("meta"):
        return WanTransformer3DModel(**(TRANSFORMERS[model] | changes)).eval()


def as_loaded(model: WanTransformer3DModel) -> WanTransformer3DModel:
    """In bfloat16, but for what diffusers keeps in 32 bits when it loads it."""
    model.to(torch.bfloat16)
    for name, parameter in model.named_parameters():
        if any(kept in name.split(".") for kept in model._keep_in_fp32_modules):
            parameter.data = parameter.data.float()
    return model


def vae(model: str, dtype: torch.dtype = torch.float32) -> AutoencoderKLWan:
    """A model's VAE."""
    with torch.device("meta"):
        return AutoencoderKLWan(**VAES[model]).to(dtype).eval()


def parameters(module: torch.nn.Module) -> int:
    """How many parameters it has."""
    return sum(parameter.numel() for parameter in module.parameters())


def inputs(
    planned: NativePlan, dtype: torch.dtype = torch.float32
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What goes into one forward: latents, noise levels, text."""
    small = planned.model == "ti2v-5B"
    scale = 16 if small else 8
    shape = ((planned.frames - 1) // 4 + 1, planned.height // scale, planned.width // scale)
    tokens = shape[0] * (shape[1] // 2) * (shape[2] // 2)
    channels = TRANSFORMERS[planned.model]["in_channels"]
    with torch.device("meta"):
        times = torch.empty((1, tokens) if small else (1,))
        return torch.empty(1, channels, *shape, dtype=dtype), times, torch.empty(1, 512, 4096, dtype=dtype)


def flop(work: Callable[[], object]) -> int:
    """What torch's own counter counts."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())


def peak(work: Callable[[], object], module: torch.nn.Module) -> int:
    """The most bytes that live at once in what the work makes; the module's own are not counted."""
    live = _Live(module)
    with torch.no_grad(), live:
        work()
    return live.most


@contextmanager
def fused_attention() -> Iterator[None]:
    """Attention as a kernel does it: nothing of the size of tokens times tokens is ever held."""
    original = transformer_wan.dispatch_attention_fn
    transformer_wan.dispatch_attention_fn = lambda query, *_, **__: torch.empty_like(query)
    try:
        yield
    finally:
        transformer_wan.dispatch_attention_fn = original


class _Live(TorchDispatchMode):
    """Watches what operations return: storages count from when they are first seen until they are freed."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        held = (*module.parameters(), *module.buffers())
        self._known = {tensor.untyped_storage()._cdata for tensor in held}
        self._now = self.most = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor):
                self._see(tensor.untyped_storage())
        self.most = max(self.most, self._now)
        return made

    def _see(self, storage: torch.UntypedStorage) -> None:
        name, size = storage._cdata, storage.nbytes()
        if name not in self._known:
            self._known.add(name)
            self._now += size
            weakref.finalize(storage, self._free, name, size)

    def _free(self, name: int, size: int) -> None:
        self._known.discard(name)
        self._now -= size
