"""Architectures read from a model folder's configurations."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel

from services.generation.footage.forecast import forecast
from services.generation.footage.published import ARCHITECTURES, read
from tests.unit.generation.footage import meta

TEXT = {"vocab_size": 256_384, "d_model": 4096, "d_ff": 10_240, "num_layers": 24, "num_heads": 64, "d_kv": 64}
TINY: dict[str, Any] = {
    "patch_size": (1, 2, 2),
    "num_attention_heads": 2,
    "attention_head_dim": 12,
    "text_dim": 32,
    "freq_dim": 32,
    "ffn_dim": 48,
    "num_layers": 2,
    "in_channels": 16,
    "out_channels": 16,
}


@pytest.mark.parametrize("model", ["t2v-A14B", "i2v-A14B", "ti2v-5B"])
def test_the_published_configurations_give_the_published_numbers(model: str) -> None:
    with torch.device("meta"):
        net = WanTransformer3DModel(**meta.TRANSFORMERS[model])
        vae = AutoencoderKLWan(**meta.VAES[model])

    found = read(
        dict(net.config),
        dict(vae.config),
        TEXT,
        experts=1 if model == "ti2v-5B" else 2,
        per_token_time=model == "ti2v-5B",
    )

    assert found == ARCHITECTURES[model]


def test_a_tiny_model_is_forecast_as_tiny() -> None:
    with torch.device("meta"):
        net = WanTransformer3DModel(**TINY)
        vae = AutoencoderKLWan(base_dim=4, z_dim=16)

    text = {"vocab_size": 256, "d_model": 32, "d_ff": 64, "num_layers": 2, "num_heads": 2, "d_kv": 16}
    found = read(dict(net.config), dict(vae.config), text, experts=2, per_token_time=False)

    assert found.transformer.parameters == meta.parameters(net)
    assert found.vae.parameters == pytest.approx(meta.parameters(vae), rel=0.25)
    needs = forecast(meta.plan("t2v-A14B", width=48, height=32, frames=9), architecture=found)
    assert needs.peak_bytes < 1.1e9


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_layers", 10**12),
        ("num_layers", -1),
        ("ffn_dim", "many"),
        ("in_channels", True),
        ("patch_size", [1, 2]),
        ("patch_size", [1, 0, 0]),
        ("text_dim", None),
    ],
)
def test_a_value_that_no_model_has_is_refused_by_its_name(name: str, value: object) -> None:
    broken = TINY | {name: value}

    with pytest.raises(ValueError, match=name):
        read(broken, {"base_dim": 4, "z_dim": 16}, TEXT, experts=1, per_token_time=False)
