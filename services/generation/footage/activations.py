"""The device memory that work itself takes: tokens and activations, the decoder's values, tiles."""

from __future__ import annotations

from services.generation.footage.architecture import TEXT_TOKENS, Architecture
from services.generation.footage.plan import NativePlan

PICTURES_A_LATENT = 4
"""Pictures of one latent frame; the first latent frame is one picture."""
ATTENTION_BYTES = 22.2
"""Bytes per token and channel that live as attention is prepared: queries, keys, values, 32-bit copies."""
FEED_FORWARD_BYTES = 8.2
"""Bytes per token and channel that live around the feed-forward layer, its inner values aside."""
INNER_BYTES = 4
"""Bytes per token and inner channel: the values before and after the activation, in 16 bits."""
PER_TOKEN_BYTES = 38.1
"""Bytes per token and channel on top when each token has its own modulation: six rows in 16 and 32 bits."""
ACTIVATION_VALUE = 2.5
"""Bytes of a value on the average at the peak in bfloat16, where some are in 32 bits."""
UNPACKED_BYTES = 8
"""Bytes of a weight that is made whole again for a product: as it is, and scaled, both in 32 bits."""
TILE, STRIDE = 256, 192
"""Pixels of a tile's side, and from one tile to the next. Smaller ones save no more: finished tiles stay."""
COLOURS = 3


def latent_frames(plan: NativePlan) -> int:
    """Latent frames of 4k + 1 pictures: k + 1."""
    return (plan.frames - 1) // PICTURES_A_LATENT + 1


def latent_values(plan: NativePlan, model: Architecture) -> int:
    """Values of a clip's latents."""
    cells = (plan.width // model.vae.scale) * (plan.height // model.vae.scale)
    return model.vae.channels * latent_frames(plan) * cells


def tokens_of(plan: NativePlan, model: Architecture) -> int:
    """Tokens of a clip: of these alone the transformer's time and memory depend."""
    side = model.vae.scale * model.transformer.patch
    return latent_frames(plan) * (plan.width // side) * (plan.height // side)


def denoise_bytes(plan: NativePlan, model: Architecture) -> float:
    """What lives at the peak of one forward, weights aside; the same for each step."""
    net = model.transformer
    inner = INNER_BYTES * net.inner / net.width + FEED_FORWARD_BYTES
    each = max(ATTENTION_BYTES, inner) + (PER_TOKEN_BYTES if model.per_token_time else 0.0)
    values = each * tokens_of(plan, model) * net.width * max(1.0, model.value_bytes / ACTIVATION_VALUE)
    return values / model.devices + (UNPACKED_BYTES * net.unpacked if model.unpacks(plan.quantization) else 0)


def text_working_bytes(model: Architecture) -> int:
    """What lives while a prompt is read: a layer's inner values, and each head's scores in 32 bits."""
    return 8 * TEXT_TOKENS * model.text.inner + 12 * model.text.heads * TEXT_TOKENS**2


def tiled_pixels(width: int, height: int) -> int:
    """Pixels of all tiles of a picture; with those that overlap, more than the picture has."""
    return _covered(width) * _covered(height)


def decode_bytes(plan: NativePlan, model: Architecture, *, tiled: bool) -> float:
    """What lives at the decoder's peak, weights aside.

    The decoder works on one latent frame at a time, and its pictures are handed on as they are made: whole,
    the size alone counts. Tiles are all kept until the last one is made, so there the length counts, too.
    """
    pixels, value = plan.width * plan.height, model.vae_value_bytes
    film = COLOURS * value * pixels * plan.frames
    work = model.vae.decode_values * value
    whole = work * pixels
    if not tiled or max(plan.width, plan.height) <= TILE:
        return whole
    tiles = COLOURS * value * tiled_pixels(plan.width, plan.height) * plan.frames
    largest = min(plan.width, TILE) * min(plan.height, TILE)
    # First the last tile in the making beside the finished ones; then three copies while they are joined.
    # Short clips are not cheaper in tiles when nothing is left to be cut.
    return min(max(work * largest, 3 * film) + tiles, whole)


def encode_bytes(plan: NativePlan, model: Architecture, *, tiled: bool) -> float:
    """What lives at the encoder's peak while the image is turned into latents; 0 without one."""
    if plan.mode == "t2v":
        return 0.0
    pixels, value = plan.width * plan.height, model.vae_value_bytes
    alone = model.per_token_time
    work = (model.vae.encode_first_values if alone else model.vae.encode_values) * value
    film = COLOURS * value * pixels * (1 if alone else plan.frames)
    largest = min(plan.width, TILE) * min(plan.height, TILE) if tiled else pixels
    return work * largest + film


def _covered(side: int) -> int:
    """Pixels of the tiles along a side: they begin every STRIDE, and end at the border."""
    return sum(min(TILE, side - start) for start in range(0, side, STRIDE))
