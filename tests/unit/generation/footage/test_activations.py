"""What work takes of the device's memory, against what lives in the true layers while they run."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from services.generation.footage.activations import (
    STRIDE,
    TILE,
    decode_bytes,
    denoise_bytes,
    encode_bytes,
    latent_frames,
    latent_values,
    tiled_pixels,
    tokens_of,
)
from services.generation.footage.published import ARCHITECTURES
from tests.unit.generation.footage import meta

DTYPES = {2: torch.bfloat16, 4: torch.float32}

slow = partial(pytest.param, marks=pytest.mark.slow)
"""A case whose thousands of operations take seconds; a smaller one holds the same formula."""


@pytest.mark.parametrize(
    ("model", "width", "height", "frames"),
    [
        ("ti2v-5B", 1280, 704, 121),
        ("ti2v-5B", 832, 480, 25),
        ("t2v-A14B", 832, 480, 81),
        ("t2v-A14B", 1280, 720, 81),
        ("t2v-A14B", 720, 1280, 49),
        ("i2v-A14B", 1280, 720, 81),
    ],
)
def test_denoising_is_forecast_within_ten_percent(model: str, width: int, height: int, frames: int) -> None:
    plan = meta.plan(model, width=width, height=height, frames=frames)
    module = meta.as_loaded(meta.transformer(model, blocks=2))
    latents, times, text = meta.inputs(plan, torch.bfloat16)

    with meta.fused_attention():
        lived = meta.peak(lambda: module(latents, times, text, return_dict=False), module)

    assert denoise_bytes(plan, ARCHITECTURES[model]) == pytest.approx(lived, rel=0.10)


@pytest.mark.parametrize("value_bytes", [2, 4])
@pytest.mark.parametrize(
    ("model", "width", "height", "frames"),
    [
        slow("ti2v-5B", 1280, 704, 121),
        ("ti2v-5B", 832, 480, 5),
        slow("t2v-A14B", 832, 480, 81),
        slow("t2v-A14B", 1280, 720, 81),
        ("t2v-A14B", 1280, 720, 9),
    ],
)
def test_decoding_is_forecast_within_twenty_five_percent(
    model: str, width: int, height: int, frames: int, value_bytes: int
) -> None:
    plan = meta.plan(model, width=width, height=height, frames=frames)
    numbers = ARCHITECTURES[model].held_in(value_bytes)
    module = meta.vae(model, DTYPES[value_bytes])
    latents = _latents(model, width, height, frames, DTYPES[value_bytes])

    # As the worker has it: what was decoded of a latent frame is handed on, and nothing is joined.
    module.decoder.register_forward_hook(
        lambda _, __, made: made.new_empty((*made.shape[:2], 0, *made.shape[3:]))
    )

    lived = meta.peak(lambda: module.decode(latents, return_dict=False), module)

    assert decode_bytes(plan, numbers, tiled=False) == pytest.approx(lived, rel=0.25)


@pytest.mark.parametrize(
    ("model", "width", "height", "frames"),
    [slow("ti2v-5B", 832, 480, 9), ("t2v-A14B", 640, 368, 13), slow("t2v-A14B", 480, 480, 33)],
)
def test_decoding_in_tiles_is_forecast_within_twenty_five_percent(
    model: str, width: int, height: int, frames: int
) -> None:
    plan = meta.plan(model, width=width, height=height, frames=frames)
    module = meta.vae(model, torch.bfloat16)
    module.enable_tiling(TILE, TILE, STRIDE, STRIDE)
    latents = _latents(model, width, height, frames, torch.bfloat16)

    lived = meta.peak(lambda: module.decode(latents, return_dict=False), module)

    assert decode_bytes(plan, ARCHITECTURES[model], tiled=True) == pytest.approx(lived, rel=0.25)


@pytest.mark.parametrize(
    ("model", "width", "height", "frames", "pictures"),
    [("ti2v-5B", 1280, 704, 121, 1), ("i2v-A14B", 832, 480, 17, 17), slow("i2v-A14B", 1280, 720, 81, 81)],
)
def test_encoding_an_image_is_forecast_within_twenty_five_percent(
    model: str, width: int, height: int, frames: int, pictures: int
) -> None:
    mode = "ti2v" if model == "ti2v-5B" else "i2v"
    plan = meta.plan(model, width=width, height=height, frames=frames, mode=mode)
    module = meta.vae(model, torch.bfloat16)
    given_pictures = torch.empty(1, 3, pictures, height, width, device="meta", dtype=torch.bfloat16)

    lived = meta.peak(lambda: module.encode(given_pictures), module)

    assert encode_bytes(plan, ARCHITECTURES[model], tiled=False) == pytest.approx(lived, rel=0.25)


def test_without_an_image_nothing_is_encoded() -> None:
    plan = meta.plan("t2v-A14B", width=832, height=480, frames=81)

    assert encode_bytes(plan, ARCHITECTURES["t2v-A14B"], tiled=False) == 0


def test_tokens_are_those_of_the_published_sizes() -> None:
    tokens = {
        (model, width): tokens_of(
            meta.plan(model, width=width, height=height, frames=frames), ARCHITECTURES[model]
        )
        for model, width, height, frames in [
            ("ti2v-5B", 1280, 704, 121),
            ("t2v-A14B", 832, 480, 81),
            ("t2v-A14B", 1280, 720, 81),
        ]
    }

    assert tokens == {("ti2v-5B", 1280): 27_280, ("t2v-A14B", 832): 32_760, ("t2v-A14B", 1280): 75_600}


def test_tiles_of_256_cover_a_720p_picture_one_and_two_thirds_times() -> None:
    covered = tiled_pixels(1280, 720) / (1280 * 720)

    assert covered == pytest.approx(1.65, abs=0.01)
    assert tiled_pixels(256, 256) > 256 * 256


@settings(deadline=None, max_examples=80)
@given(
    model=st.sampled_from(sorted(ARCHITECTURES)),
    width=st.integers(2, 60),
    height=st.integers(2, 60),
    latents=st.integers(1, 40),
    grown=st.sampled_from(["width", "height", "frames"]),
)
def test_larger_and_longer_clips_never_need_less(
    model: str, width: int, height: int, latents: int, grown: str
) -> None:
    plan = meta.plan(model, width=32 * width, height=32 * height, frames=4 * latents + 1)
    more = replace(plan, **{grown: getattr(plan, grown) + (4 if grown == "frames" else 32)})
    numbers = ARCHITECTURES[model]

    assert tokens_of(more, numbers) > tokens_of(plan, numbers)
    assert latent_values(more, numbers) > latent_values(plan, numbers)
    assert denoise_bytes(more, numbers) > denoise_bytes(plan, numbers)
    for tiled in (False, True):
        assert decode_bytes(more, numbers, tiled=tiled) >= decode_bytes(plan, numbers, tiled=tiled)
        assert encode_bytes(more, numbers, tiled=tiled) >= encode_bytes(plan, numbers, tiled=tiled)
        assert decode_bytes(plan, numbers, tiled=True) <= decode_bytes(plan, numbers, tiled=False)


def _latents(model: str, width: int, height: int, frames: int, dtype: torch.dtype) -> torch.Tensor:
    plan, numbers = meta.plan(model, width=width, height=height, frames=frames), ARCHITECTURES[model].vae
    shape = (1, numbers.channels, latent_frames(plan), height // numbers.scale, width // numbers.scale)
    return torch.empty(shape, device="meta", dtype=dtype)
