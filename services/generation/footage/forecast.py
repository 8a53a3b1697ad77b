"""What a generation needs before it runs: device memory at its peaks, host memory, disk, and seconds.

Steps take time and no memory: each works in the space of the one before.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.generation.footage.architecture import Architecture
from services.generation.footage.making import PLACEMENTS, Forecast, NativePlan
from services.generation.footage.published import ARCHITECTURES
from services.generation.footage.rates import DATASHEET, Rates
from services.generation.footage.residence import (
    held_on_host,
    reading_bytes,
    resident_bytes,
    text_weight_bytes,
    weight_bytes,
)
from services.generation.footage.working import (
    decode_bytes,
    denoise_bytes,
    encode_bytes,
    latent_frames,
    latent_values,
    text_working_bytes,
    tiled_pixels,
    tokens_of,
)

FORMULA = 1
"""Of these formulas; measured peaks correct the formulas they were held against, no others."""

CONTEXT = 1_000_000_000
"""Bytes that CUDA's context, cuBLAS' and cuDNN's workspaces take: 0.6 to 1 GB."""
DENOISE_MARGIN, DECODE_MARGIN = 1.05, 1.25
"""On top of what lives: the allocator's gaps; the decoder's differ more in size and leave larger ones."""
PROCESS = 4_000_000_000
"""Host bytes of the worker itself, with torch's and CUDA's libraries; its finished frames come on top."""
CLIP_BYTES_PER_PIXEL = 0.25
"""Of a finished clip: two bits a pixel, which well-encoded film stays below."""
STORED, STORED_TEXT = 4, 2
"""Bytes of a parameter on disk: transformers and VAEs are published in 32 bits, an expert of the A14B as
twelve files of 5 GB; the text encoder in 16."""
ELEMENTWISE, ELEMENTWISE_PER_TOKEN = 338, 472
"""Bytes read and written outside matrix products, per token, channel and block, run eagerly: norms, rotation,
modulation; more when each token has its own modulation. Counted on the true layers."""


def forecast(
    plan: NativePlan,
    *,
    placement: Sequence[str] = (),
    rates: Rates = DATASHEET["H200"],
    architecture: Architecture | None = None,
    loaded: bool = False,
) -> Forecast:
    """Say what a plan needs.

    Args:
        plan: What the model would be run with.
        placement: Members of PLACEMENTS: where weights are held and how the decoder works.
        rates: How fast the device works.
        architecture: The model's numbers; by default those of the published model.
        loaded: The model is in memory already, and costs no reading from disk.

    Returns:
        Bytes and seconds. Device bytes are within 10 % while denoising and 25 % while decoding;
        seconds within 30 % from datasheets, within 5 % from fitted rates.

    Raises:
        ValueError: The placement, or without an architecture the model, is not known.
    """
    unknown = [row for row in placement if row not in PLACEMENTS]
    if unknown:
        raise ValueError(f"{', '.join(unknown)[:80]} is no placement; there are {', '.join(PLACEMENTS)}")
    model = architecture or architecture_of(plan)
    resident = resident_bytes(plan, model, placement) + CONTEXT
    tiled = "tiled_decode" in placement
    denoise = resident + DENOISE_MARGIN * denoise_bytes(plan, model)
    vae = max(decode_bytes(plan, model, tiled=tiled), encode_bytes(plan, model, tiled=tiled))
    text = reading_bytes(plan, model, placement) + CONTEXT + text_working_bytes(model)
    film = 3 * plan.width * plan.height * plan.frames
    return Forecast(
        seconds=_seconds(plan, model, placement, rates, loaded=loaded),
        denoise_bytes=round(max(denoise, text)),
        decode_bytes=round(resident + DECODE_MARGIN * vae),
        host_bytes=round(PROCESS + film + held_on_host(plan, model, placement, loaded=loaded)),
        # The latents are kept until the clip is whole, so that a decoder without memory can begin again.
        disk_bytes=round(4 * latent_values(plan, model) + clip_bytes(plan.width, plan.height, plan.frames)),
    )


def architecture_of(plan: NativePlan) -> Architecture:
    """The published model's numbers; ValueError names a model that is not known."""
    try:
        return ARCHITECTURES[plan.model]
    except KeyError:
        raise ValueError(f"{plan.model[:80]} is no model; there are {', '.join(ARCHITECTURES)}") from None


def clip_bytes(width: int, height: int, frames: int) -> int:
    """Bytes that an encoded clip takes at most."""
    return round(CLIP_BYTES_PER_PIXEL * width * height * frames)


def forwards(plan: NativePlan) -> int:
    """How often the transformer runs: twice a step when the prompt is held against none."""
    return plan.steps * (2 if plan.guidance > 1 else 1)


def forward_seconds(plan: NativePlan, model: Architecture, rates: Rates) -> float:
    """Seconds of one forward of the transformer, its weights on the device."""
    net, tokens = model.transformer, tokens_of(plan, model)
    linear = net.linear_flop(tokens, per_token_time=model.per_token_time)
    fp8 = plan.quantization == "fp8" and model.fp8_products
    elementwise = ELEMENTWISE_PER_TOKEN if model.per_token_time else ELEMENTWISE
    return (
        linear / (rates.linear_fp8 if fp8 else rates.linear)
        + net.attention_flop(tokens) / rates.attention
        + elementwise * tokens * net.width * net.blocks / rates.memory
    )


def vae_flop(plan: NativePlan, model: Architecture, *, tiled: bool) -> float:
    """FLOP of decoding the clip, and of encoding its image where there is one."""
    pixels = plan.width * plan.height
    again = tiled_pixels(plan.width, plan.height) / pixels if tiled else 1.0
    frames = latent_frames(plan)
    work = model.vae.decode_flop(pixels=pixels, latent_frames=frames)
    if plan.mode != "t2v":
        # Models that know each token's noise level take the image alone, the others a whole clip around it.
        given = 1 if model.per_token_time else frames
        work += model.vae.encode_flop(pixels=pixels, latent_frames=given)
    return again * work


def _seconds(
    plan: NativePlan, model: Architecture, placement: Sequence[str], rates: Rates, *, loaded: bool
) -> float:
    step = forward_seconds(plan, model, rates)
    expert, text = weight_bytes(plan, model), text_weight_bytes(model)
    moved = 0.0
    if "weights_on_host" in placement:
        # Each layer travels while the one before it computes: whichever takes longer counts.
        step = max(step, expert / rates.link)
        moved += text
    else:
        moved += text if "text_encoder_on_host" in placement else 0
        moved += model.experts * expert if "text_encoder_on_host" in placement and loaded else 0
        moved += model.experts * expert if "idle_expert_on_host" in placement and model.experts > 1 else 0
    vae_rate = rates.vae_32 if model.vae_value_bytes == 4 else rates.vae_16
    decode = vae_flop(plan, model, tiled="tiled_decode" in placement) / vae_rate
    prompts = 2 if plan.guidance > 1 else 1
    stored = STORED * (model.experts * model.transformer.parameters + model.vae.parameters)
    stored += STORED_TEXT * model.text.parameters
    load = 0.0 if loaded else stored / rates.disk
    return (
        forwards(plan) * step + prompts * model.text.flop / rates.linear + decode + moved / rates.link + load
    )
