"""The models' numbers against torch's own counts on the true layers."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from transformers import UMT5Config, UMT5EncoderModel

from services.generation.footage.activations import latent_frames, tokens_of
from services.generation.footage.architecture import Transformer
from services.generation.footage.published import ARCHITECTURES, UMT5
from services.generation.footage.weights import text_weight_bytes, vae_weight_bytes, weight_bytes
from tests.unit.generation.footage import meta

slow = partial(pytest.param, marks=pytest.mark.slow)
"""A case whose thousands of operations take seconds; another one holds the same formula."""


@pytest.mark.parametrize("model", meta.TRANSFORMERS)
def test_a_transformer_has_as_many_parameters_as_the_formula_says(model: str) -> None:
    counted = meta.parameters(meta.transformer(model))

    assert ARCHITECTURES[model].transformer.parameters == counted


@pytest.mark.parametrize("model", meta.TRANSFORMERS)
def test_a_loaded_transformer_has_as_many_bytes_as_the_formula_says(model: str) -> None:
    loaded = meta.as_loaded(meta.transformer(model))

    held = sum(parameter.nbytes for parameter in loaded.parameters())

    plan = meta.plan(model, width=832, height=480, frames=81)
    assert weight_bytes(plan, ARCHITECTURES[model]) == held


@pytest.mark.parametrize("model", meta.TRANSFORMERS)
def test_a_transformer_in_fp8_has_as_many_bytes_as_the_formula_says(model: str) -> None:
    loaded = meta.as_loaded(meta.transformer(model))

    loaded.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=torch.bfloat16)
    held = sum(parameter.nbytes for parameter in loaded.parameters())

    plan = meta.plan(model, width=832, height=480, frames=81, quantization="fp8")
    assert weight_bytes(plan, ARCHITECTURES[model]) == pytest.approx(held, rel=0.005)


@pytest.mark.parametrize("model", ["t2v-A14B", "ti2v-5B"])
def test_a_vae_has_as_many_parameters_as_its_numbers_say(model: str) -> None:
    module = meta.vae(model, torch.bfloat16)

    assert ARCHITECTURES[model].vae.parameters == meta.parameters(module)
    held = sum(parameter.nbytes for parameter in module.parameters())
    assert vae_weight_bytes(ARCHITECTURES[model]) == held


def test_the_text_encoder_has_as_many_parameters_as_the_formula_says() -> None:
    with torch.device("meta"):
        encoder = UMT5EncoderModel(
            UMT5Config(
                vocab_size=256_384,
                d_model=4096,
                d_kv=64,
                d_ff=10_240,
                num_layers=24,
                num_heads=64,
                feed_forward_proj="gated-gelu",
            )
        )

    assert UMT5.parameters == meta.parameters(encoder)
    assert text_weight_bytes(ARCHITECTURES["ti2v-5B"]) == 2 * UMT5.parameters


def test_reading_a_prompt_takes_the_flop_that_torch_counts() -> None:
    config = UMT5Config(
        vocab_size=1000,
        d_model=4096,
        d_kv=64,
        d_ff=10_240,
        num_layers=2,
        num_heads=64,
        feed_forward_proj="gated-gelu",
    )
    with torch.device("meta"):
        encoder = UMT5EncoderModel(config).eval()
        ids = torch.zeros(1, 512, dtype=torch.long)

    counted = meta.flop(lambda: encoder(ids))

    assert UMT5.flop * 2 / 24 == pytest.approx(counted, rel=0.005)


@pytest.mark.parametrize(
    ("model", "width", "height", "frames"),
    [
        ("ti2v-5B", 1280, 704, 121),
        ("t2v-A14B", 832, 480, 81),
        slow("t2v-A14B", 1280, 720, 81),
        slow("i2v-A14B", 720, 1280, 49),
    ],
)
def test_a_forward_takes_the_flop_that_torch_counts(model: str, width: int, height: int, frames: int) -> None:
    plan = meta.plan(model, width=width, height=height, frames=frames)
    module = meta.transformer(model)
    latents, times, text = meta.inputs(plan)

    counted = meta.flop(lambda: module(latents, times, text, return_dict=False))

    numbers = ARCHITECTURES[model]
    net, tokens = numbers.transformer, tokens_of(plan, numbers)
    formula = net.linear_flop(tokens, per_token_time=numbers.per_token_time) + net.attention_flop(tokens)
    assert formula == pytest.approx(counted, rel=0.005)


@pytest.mark.parametrize(
    ("model", "width", "height", "frames"),
    [
        ("ti2v-5B", 1280, 704, 9),
        slow("ti2v-5B", 1280, 704, 121),
        slow("t2v-A14B", 832, 480, 81),
        slow("t2v-A14B", 1280, 720, 81),
        ("i2v-A14B", 720, 1280, 49),
    ],
)
def test_decoding_takes_the_flop_that_torch_counts(model: str, width: int, height: int, frames: int) -> None:
    plan = meta.plan(model, width=width, height=height, frames=frames)
    module, numbers = meta.vae(model), ARCHITECTURES[model].vae
    shape = (1, numbers.channels, latent_frames(plan), height // numbers.scale, width // numbers.scale)
    latents = torch.empty(shape, device="meta")

    counted = meta.flop(lambda: module.decode(latents, return_dict=False))

    formula = numbers.decode_flop(pixels=width * height, latent_frames=latent_frames(plan))
    assert formula == pytest.approx(counted, rel=0.005)


@pytest.mark.parametrize(
    ("model", "width", "height", "frames"),
    [("ti2v-5B", 1280, 704, 1), ("i2v-A14B", 832, 480, 17), slow("i2v-A14B", 832, 480, 81)],
)
def test_encoding_an_image_takes_the_flop_that_torch_counts(
    model: str, width: int, height: int, frames: int
) -> None:
    plan = meta.plan(model, width=width, height=height, frames=frames)
    module, numbers = meta.vae(model), ARCHITECTURES[model].vae
    pictures = torch.empty(1, 3, frames, height, width, device="meta")

    counted = meta.flop(lambda: module.encode(pictures))

    formula = numbers.encode_flop(pixels=width * height, latent_frames=latent_frames(plan))
    assert formula == pytest.approx(counted, rel=0.005)


def test_a_noise_level_for_each_token_is_work_that_one_for_all_saves() -> None:
    net: Transformer = ARCHITECTURES["ti2v-5B"].transformer

    saved = net.linear_flop(27_280, per_token_time=True) - net.linear_flop(27_280, per_token_time=False)

    assert saved == pytest.approx(3.65e12, rel=0.01)
