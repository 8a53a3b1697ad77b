"""How far forecasts of device memory are off what lives in the models' true layers while they run.

The layers run on torch's meta device, which has shapes and no bytes. What an allocator adds is not in it.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from services.generation.footage.activations import STRIDE, TILE, decode_bytes, denoise_bytes, tokens_of
from services.generation.footage.published import ARCHITECTURES
from tests.benchmarks.measure import say
from tests.unit.generation.footage import meta

DENOISE_LIMIT, DECODE_LIMIT, FLOP_LIMIT = 0.10, 0.25, 0.005
SIZES = (
    ("ti2v-5B", 1280, 704, 121),
    ("t2v-A14B", 832, 480, 81),
    ("t2v-A14B", 1280, 720, 81),
    ("i2v-A14B", 1280, 720, 81),
)
# Each tile decodes every latent frame: the largest clips would take minutes.
TILED_SIZES = (("ti2v-5B", 1280, 704, 9), ("t2v-A14B", 832, 480, 81), ("t2v-A14B", 1280, 720, 17))

Row = tuple[str, float, float, float]
"""What, forecast, counted, and how far they may be apart."""


def denoising(model: str, width: int, height: int, frames: int) -> Iterator[Row]:
    """FLOP of one forward, and the bytes that live in it."""
    plan, numbers = meta.plan(model, width=width, height=height, frames=frames), ARCHITECTURES[model]
    named, module, tokens = (
        f"{model} {width}x{height}x{frames}",
        meta.transformer(model),
        tokens_of(plan, numbers),
    )
    single = meta.inputs(plan)
    net = numbers.transformer
    work = net.linear_flop(tokens, per_token_time=numbers.per_token_time) + net.attention_flop(tokens)
    yield (
        f"{named} TFLOP of a forward",
        work / 1e12,
        meta.flop(lambda: module(*single, return_dict=False)) / 1e12,
        FLOP_LIMIT,
    )
    loaded, half = meta.as_loaded(meta.transformer(model, blocks=2)), meta.inputs(plan, torch.bfloat16)
    with meta.fused_attention():
        lived = meta.peak(lambda: loaded(*half, return_dict=False), loaded)
    yield f"{named} denoising, GB", denoise_bytes(plan, numbers) / 1e9, lived / 1e9, DENOISE_LIMIT


def decoding(model: str, width: int, height: int, frames: int, *, tiled: bool) -> Iterator[Row]:
    """The bytes that live in the decoder."""
    plan, numbers = meta.plan(model, width=width, height=height, frames=frames), ARCHITECTURES[model]
    module, scale = meta.vae(model, torch.bfloat16), numbers.vae.scale
    if tiled:
        module.enable_tiling(TILE, TILE, STRIDE, STRIDE)
    else:
        module.decoder.register_forward_hook(_handed_on)
    shape = (1, numbers.vae.channels, (frames - 1) // 4 + 1, height // scale, width // scale)
    latents = torch.empty(shape, device="meta", dtype=torch.bfloat16)
    lived = meta.peak(lambda: module.decode(latents, return_dict=False), module)
    how = "decoding in tiles" if tiled else "decoding"
    forecast = decode_bytes(plan, numbers, tiled=tiled)
    yield f"{model} {width}x{height}x{frames} {how}, GB", forecast / 1e9, lived / 1e9, DECODE_LIMIT


def _handed_on(_: torch.nn.Module, __: object, output: torch.Tensor) -> torch.Tensor:
    """What the worker leaves of a latent frame's pictures for the VAE to join: nothing."""
    return output.new_empty((*output.shape[:2], 0, *output.shape[3:]))


def main() -> None:
    """Print each row: forecast, counted, and the difference against its limit."""
    for size in SIZES:
        show(denoising(*size))
        show(decoding(*size, tiled=False))
    for size in TILED_SIZES:
        show(decoding(*size, tiled=True))


def show(rows: Iterator[Row]) -> None:
    """Print some rows."""
    for what, forecast, counted, limit in rows:
        off = forecast / counted - 1
        told = f"{off:+.2%} ({forecast:.1f} for {counted:.1f})"
        say(what, told, f"±{limit:.1%}", ok=abs(off) <= limit)


if __name__ == "__main__":
    main()
