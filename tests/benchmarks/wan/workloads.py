"""What is measured: three clips of the published models, and those models with weights drawn at random.

The time of a transformer does not depend on what its weights say, so drawn weights do the same work as the
published ones. They say nothing about pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanTransformer3DModel

from services.generation.footage import native
from services.generation.footage.activations import tokens_of
from services.generation.footage.architecture import Architecture, TextEncoder
from services.generation.footage.plan import NativePlan
from services.generation.footage.published import ARCHITECTURES
from services.generation.wan.denoise import TOKENS, Text
from services.generation.wan.models import Model
from services.media.clock import Rate
from services.story.footage import Footage, Resolution
from tests.unit.generation.footage import meta

CLIPS: dict[str, tuple[str, Resolution, int]] = {
    "5b": ("ti2v-5B", "720p", 50),
    "a14b-480p": ("t2v-A14B", "480p", 40),
    "a14b-720p": ("t2v-A14B", "720p", 40),
}
"""Model, resolution and steps, as they are published; length and rate are the model's own."""
TINY = {"5b": (64, 64), "a14b-480p": (48, 32), "a14b-720p": (64, 48)}
"""Width and height of the toys, whose clips have nine frames."""
NO_TEXT = TextEncoder(vocabulary=1, width=1, inner=1, layers=1, heads=1, head_width=1)
"""The prompt is drawn too: there is no text encoder in these runs, and none in what is forecast for them."""
_TINY_VAE = {
    "base_dim": 4,
    "dim_mult": [1, 1, 1, 1],
    "num_res_blocks": 1,
    "temperal_downsample": [False, True, True],
}


@dataclass(frozen=True, slots=True)
class Workload:
    """One clip to be made.

    Args:
        name: As on the command line.
        plan: What the model is run with.
        numbers: Its architecture.
        tiny: A toy of the same parts.
    """

    name: str
    plan: NativePlan
    numbers: Architecture
    tiny: bool

    @property
    def tokens(self) -> int:
        """Tokens of the clip."""
        return tokens_of(self.plan, self.numbers)

    @property
    def flop(self) -> int:
        """The useful work of one forward: what a time step for each token adds is none."""
        net = self.numbers.transformer
        return net.linear_flop(self.tokens, per_token_time=False) + net.attention_flop(self.tokens)

    @property
    def latents(self) -> tuple[int, int, int, int, int]:
        """The shape of its latents."""
        vae, plan = self.numbers.vae, self.plan
        frames, height, width = (plan.frames - 1) // 4 + 1, plan.height // vae.scale, plan.width // vae.scale
        return 1, vae.channels, frames, height, width


def workload(name: str, *, tiny: bool = False, experts: int = 2) -> Workload:
    """A clip by its name; `experts` 1 leaves out the second of two, which works as long as the first."""
    model, resolution, steps = CLIPS[name]
    own = native.NATIVE[model]
    wish = Footage(prompt="-", mode="t2v", model=model, resolution=resolution, steps=steps)
    plan, _ = native.plan(wish, frames=own.frames, rate=Rate(own.rate), auto_optimise=False)
    numbers = replace(ARCHITECTURES[model], text=NO_TEXT)
    if experts == 1:
        plan = replace(plan, boundary=None, guidance_low=None)
        numbers = replace(numbers, experts=1)
    if tiny:
        plan = replace(plan, width=TINY[name][0], height=TINY[name][1], frames=9)
        small = {"heads": 2, "head_width": 16, "inner": 64, "blocks": 2, "text_width": 32, "time_width": 32}
        numbers = replace(numbers, transformer=replace(numbers.transformer, **small))
    return Workload(name, plan, numbers, tiny)


def transformer(
    numbers: Architecture, device: torch.device, *, seed: int, dtype: torch.dtype = torch.bfloat16
) -> WanTransformer3DModel:
    """One expert with drawn weights, in bfloat16 but for what diffusers keeps in 32 bits."""
    net = numbers.transformer
    torch.manual_seed(seed)
    with device, _default(dtype):
        made = WanTransformer3DModel(
            num_attention_heads=net.heads,
            attention_head_dim=net.head_width,
            ffn_dim=net.inner,
            num_layers=net.blocks,
            in_channels=net.channels_in,
            out_channels=net.channels_out,
            text_dim=net.text_width,
            freq_dim=net.time_width,
            patch_size=(1, net.patch, net.patch),
        )
    made.requires_grad_(False).eval()
    return meta.as_loaded(made) if dtype is torch.bfloat16 else made


def vae(work: Workload, device: torch.device, dtype: torch.dtype) -> AutoencoderKLWan:
    """The model's VAE with drawn weights."""
    values: dict[str, Any] = dict(meta.VAES[work.plan.model])
    if work.tiny:
        values |= _TINY_VAE | ({"decoder_base_dim": 4} if "decoder_base_dim" in values else {})
    torch.manual_seed(3)
    with device:
        made = AutoencoderKLWan(**values)
    return made.to(dtype).requires_grad_(False).eval()


def model(work: Workload, device: torch.device) -> Model:
    """All parts that denoise and decode, on the device; there is no text encoder."""
    names = ("transformer", "transformer_2")[: work.numbers.experts]
    experts = {name: transformer(work.numbers, device, seed=seed) for seed, name in enumerate(names)}
    scheduler: Any = UniPCMultistepScheduler
    parts = experts | {
        "tokenizer": None,
        "text_encoder": None,
        "vae": vae(work, device, torch.bfloat16),
        "scheduler": scheduler(prediction_type="flow_prediction", use_flow_sigmas=True),
    }
    return Model(Path(), parts, work.numbers.per_token_time)


def text(work: Workload, device: torch.device, *, guided: bool = True) -> Text:
    """A drawn prompt; one for both sides where there is guidance."""
    drawn = noise((2, TOKENS, work.numbers.transformer.text_width), device, seed=7) * 0.1
    prompt, negative = drawn.to(torch.bfloat16).split(1)
    return Text(prompt, negative if guided else None)


def noise(shape: tuple[int, ...], device: torch.device, *, seed: int) -> torch.Tensor:
    """Drawn values: zeros would draw less power, and make a device look faster than it is."""
    return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed)).to(device)


@contextmanager
def _default(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
