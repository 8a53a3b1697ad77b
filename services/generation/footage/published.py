"""The architectures of the published models, and of a model folder's own configurations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.generation.footage.architecture import Architecture, TextEncoder, Transformer, Vae

UMT5 = TextEncoder(vocabulary=256_384, width=4096, inner=10_240, layers=24, heads=64, head_width=64)
"""UMT5-XXL's encoder: google/umt5-xxl, config.json."""

VAE_21 = Vae(
    parameters=126_892_531,
    scale=8,
    channels=16,
    decode_width=384,
    encode_width=384,
    decode_first=10_748_168,
    decode_each=33_779_528,
    encode_first=6_656_864,
    encode_each=20_011_424,
    decode_values=4950,
    encode_values=3530,
    encode_first_values=980,
)
"""The VAE of the A14B models, AutoencoderKLWan's defaults; FLOP and values as counted on meta tensors."""

VAE_22 = Vae(
    parameters=704_688_668,
    scale=16,
    channels=48,
    decode_width=1024,
    encode_width=640,
    decode_first=22_776_466,
    decode_each=73_576_594,
    encode_first=4_643_752,
    encode_each=13_963_112,
    decode_values=5375,
    encode_values=1840,
    encode_first_values=495,
)
"""The VAE of TI2V-5B: Wan-AI/Wan2.2-TI2V-5B-Diffusers, vae/config.json; counted likewise."""

EXPERT = Transformer(heads=40, head_width=128, inner=13_824, blocks=40, channels_in=16, channels_out=16)
"""One expert of T2V-A14B: Wan-AI/Wan2.2-T2V-A14B-Diffusers, transformer/config.json."""

SMALL = Transformer(heads=24, head_width=128, inner=14_336, blocks=30, channels_in=48, channels_out=48)
"""TI2V-5B's transformer: Wan-AI/Wan2.2-TI2V-5B-Diffusers, transformer/config.json."""

ARCHITECTURES: Mapping[str, Architecture] = {
    "t2v-A14B": Architecture(transformer=EXPERT, experts=2, vae=VAE_21, text=UMT5),
    # The image comes as 16 more channels of latents, and 4 that mark which frames are given.
    "i2v-A14B": Architecture(transformer=replace(EXPERT, channels_in=36), experts=2, vae=VAE_21, text=UMT5),
    "ti2v-5B": Architecture(transformer=SMALL, experts=1, vae=VAE_22, text=UMT5, per_token_time=True),
}
"""By model."""

LARGEST = 1 << 20
"""What no width or count of a configuration is above; larger ones are not a model's."""


def read(
    transformer: Mapping[str, Any],
    vae: Mapping[str, Any],
    text: Mapping[str, Any],
    *,
    experts: int,
    per_token_time: bool,
) -> Architecture:
    """The architecture that a model folder's three config.json describe.

    The VAE's numbers are scaled from the published VAE of its kind by the decoder's width: bytes and
    pictures linearly, FLOP and parameters by the square. They are exact for the published ones.

    Raises:
        ValueError: A value is missing, or none that a model could have; the message names it.
    """
    residual = bool(vae.get("is_residual", False))
    known, base = (VAE_22, 256) if residual else (VAE_21, 96)
    width = vae.get("decoder_base_dim")
    ratio = (_count(vae, "base_dim") if width is None else _count(vae, "decoder_base_dim")) / base
    patch = transformer.get("patch_size")
    if not isinstance(patch, list | tuple) or len(patch) != 3 or patch[0] != 1 or patch[1] != patch[2]:
        raise ValueError(f"patch_size is {str(patch)[:80]}; it must be 1 frame and a square of cells")
    return Architecture(
        transformer=Transformer(
            heads=_count(transformer, "num_attention_heads"),
            head_width=_count(transformer, "attention_head_dim"),
            inner=_count(transformer, "ffn_dim"),
            blocks=_count(transformer, "num_layers"),
            channels_in=_count(transformer, "in_channels"),
            channels_out=_count(transformer, "out_channels"),
            text_width=_count(transformer, "text_dim"),
            time_width=_count(transformer, "freq_dim"),
            patch=_count({"patch_size": patch[1]}, "patch_size"),
        ),
        experts=experts,
        vae=_scaled(known, ratio, channels=_count(vae, "z_dim")),
        text=TextEncoder(
            vocabulary=_count(text, "vocab_size"),
            width=_count(text, "d_model"),
            inner=_count(text, "d_ff"),
            layers=_count(text, "num_layers"),
            heads=_count(text, "num_heads"),
            head_width=_count(text, "d_kv"),
        ),
        per_token_time=per_token_time,
    )


def _scaled(known: Vae, ratio: float, *, channels: int) -> Vae:
    if ratio == 1:
        return replace(known, channels=channels)
    square = ratio * ratio
    return replace(
        known,
        parameters=max(1, round(known.parameters * square)),
        channels=channels,
        decode_width=max(1, round(known.decode_width * ratio)),
        encode_width=max(1, round(known.encode_width * ratio)),
        decode_first=known.decode_first * square,
        decode_each=known.decode_each * square,
        encode_first=known.encode_first * square,
        encode_each=known.encode_each * square,
        decode_values=known.decode_values * ratio,
        encode_values=known.encode_values * ratio,
        encode_first_values=known.encode_first_values * ratio,
    )


def _count(configuration: Mapping[str, Any], name: str) -> int:
    value = configuration.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST:
        raise ValueError(f"{name} is {str(value)[:80]}; it must be a whole number from 1 to {LARGEST}")
    return value
