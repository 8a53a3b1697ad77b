"""What a generation needs before it runs: device memory at its peaks, host memory, disk, and seconds.

Steps take time and no memory: each works in the space of the one before.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.generation.footage.activations import (
    decode_bytes,
    denoise_bytes,
    encode_bytes,
    latent_frames,
    latent_values,
    text_working_bytes,
    tiled_pixels,
    tokens_of,
)
from services.generation.footage.architecture import Architecture
from services.generation.footage.plan import PLACEMENTS, Forecast, NativePlan
from services.generation.footage.published import ARCHITECTURES
from services.generation.footage.throughput import DATASHEET, Rates
from services.generation.footage.weights import (
    held_on_host,
    reading_bytes,
    resident_bytes,
    text_weight_bytes,
    weight_bytes,
)

FORMULA = 2
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
FILM = 8e6
"""Pixels a second of the model's picture that are scaled and encoded by one thread: measured 5 to 12 million
for videos of 1080p and 720p."""
FRAMES_AT_ONCE = 12
"""Frames on the host between the decoder and the encoder, at most: two latent frames' and copies."""
PHASES = ("load", "encode_text", "denoise", "decode", "encode")
ELEMENTWISE, ELEMENTWISE_PER_TOKEN = 338, 472
"""Bytes read and written outside matrix products, per token, channel and block, run eagerly: norms, rotation,
modulation; more when each token has its own modulation. Counted on the true layers."""
UNPACKED = 19
"""Bytes read and written to make a weight of eight bits whole: as it is, in 32 bits, scaled, in its form."""


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
        raise ValueError(f"{', '.join(unknown)[:80]} is not a placement; there are {', '.join(PLACEMENTS)}")
    model = architecture or architecture_of(plan)
    resident = resident_bytes(plan, model, placement) + CONTEXT
    tiled = "tiled_decode" in placement
    denoise = resident + DENOISE_MARGIN * denoise_bytes(plan, model)
    vae = max(decode_bytes(plan, model, tiled=tiled), encode_bytes(plan, model, tiled=tiled))
    text = reading_bytes(plan, model, placement) + CONTEXT + text_working_bytes(model)
    film = FRAMES_AT_ONCE * 3 * plan.width * plan.height
    phases = phase_seconds(plan, model, placement, rates, loaded=loaded)
    return Forecast(
        seconds=sum(phases.values()),
        denoise_bytes=round(max(denoise, text)),
        decode_bytes=round(resident + DECODE_MARGIN * vae),
        # Each device has a process, which holds what waits on the host for it.
        host_bytes=round(
            film + model.devices * (PROCESS + held_on_host(plan, model, placement, loaded=loaded))
        ),
        # The latents are kept until the clip is whole, so that a decoder without memory can begin again.
        disk_bytes=round(4 * latent_values(plan, model) + clip_bytes(plan.width, plan.height, plan.frames)),
        phases=phases,
    )


def architecture_of(plan: NativePlan) -> Architecture:
    """The published model's numbers; ValueError names a model that is not known."""
    try:
        return ARCHITECTURES[plan.model]
    except KeyError:
        raise ValueError(f"{plan.model[:80]} is not a model; there are {', '.join(ARCHITECTURES)}") from None


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
    unpacked = UNPACKED * net.block_matrices if model.unpacks(plan.quantization) else 0
    elementwise = ELEMENTWISE_PER_TOKEN if model.per_token_time else ELEMENTWISE
    shared = (
        linear / (rates.linear_fp8 if fp8 else rates.linear)
        + net.attention_flop(tokens) / rates.attention
        + elementwise * tokens * net.width * net.blocks / rates.memory
    )
    return shared / model.devices + unpacked / rates.memory


def vae_flop(plan: NativePlan, model: Architecture, *, tiled: bool) -> float:
    """FLOP of decoding the clip, and of encoding its image where there is one."""
    return decode_flop(plan, model, tiled=tiled) + image_flop(plan, model, tiled=tiled)


def decode_flop(plan: NativePlan, model: Architecture, *, tiled: bool) -> float:
    """FLOP of decoding the clip."""
    pixels = plan.width * plan.height
    work = model.vae.decode_flop(pixels=pixels, latent_frames=latent_frames(plan))
    return _repeated(plan, tiled=tiled) * work


def image_flop(plan: NativePlan, model: Architecture, *, tiled: bool) -> float:
    """FLOP of encoding the clip's image; 0 without one."""
    if plan.mode == "t2v":
        return 0.0
    # Models that know each token's noise level take the image alone, the others a whole clip around it.
    given = 1 if model.per_token_time else latent_frames(plan)
    work = model.vae.encode_flop(pixels=plan.width * plan.height, latent_frames=given)
    return _repeated(plan, tiled=tiled) * work


def _repeated(plan: NativePlan, *, tiled: bool) -> float:
    """How often each pixel is worked on: tiles overlap."""
    pixels = plan.width * plan.height
    return tiled_pixels(plan.width, plan.height) / pixels if tiled else 1.0


def phase_seconds(
    plan: NativePlan, model: Architecture, placement: Sequence[str], rates: Rates, *, loaded: bool
) -> dict[str, float]:
    """Seconds of each phase, in the order of PHASES."""
    tiled, streamed = "tiled_decode" in placement, "weights_on_host" in placement
    step = forward_seconds(plan, model, rates)
    expert, text = weight_bytes(plan, model), text_weight_bytes(model)
    if streamed:
        # Each layer travels while the one before it computes: whichever takes longer counts.
        step = max(step, expert / rates.link)
    away = "text_encoder_on_host" in placement or streamed
    turns = "idle_expert_on_host" in placement and model.experts > 1 and not streamed
    # While the prompt is read the experts step aside, and come back for the first step.
    back = model.experts * expert if away and loaded and not streamed else 0
    moved = back + (model.experts * expert if turns else 0)
    vae_rate = rates.vae_32 if model.vae_value_bytes == 4 else rates.vae_16
    prompts = 2 if plan.guidance > 1 else 1
    # Layer by layer it comes and goes for each prompt, else once for both.
    text_moves = 2 * prompts / rates.link if streamed else int(away) / rates.swap
    stored = STORED * (model.experts * model.transformer.parameters + model.vae.parameters)
    stored += STORED_TEXT * model.text.parameters
    return {
        "load": 0.0 if loaded else stored / rates.disk,
        "encode_text": prompts * model.text.flop / rates.linear + text_moves * text,
        "denoise": forwards(plan) * step
        + image_flop(plan, model, tiled=tiled) / vae_rate
        + moved / rates.swap,
        "decode": decode_flop(plan, model, tiled=tiled) / vae_rate,
        "encode": plan.width * plan.height * plan.frames / FILM,
    }
