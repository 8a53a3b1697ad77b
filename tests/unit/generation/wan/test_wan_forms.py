"""Each form of a model against the model as it was published: what is exact, what is not, and by how much."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DiffusionPipeline
from torch import nn

from services.chassis.errors import Configuration
from services.generation.footage.plan import Device
from services.generation.wan.forms import attention, channels, choice, projections, scaled
from services.generation.wan.forms.choice import ANYWHERE, AS_PUBLISHED, Forms
from services.generation.wan.forms.integers import IntegerLinear
from services.generation.wan.forms.rowwise import Fp8Linear, RowwiseLinear, multiplies
from services.generation.wan.models import Model
from services.generation.wan.wire import Machine
from services.story.footage import Quantization
from tests.unit.generation.wan import inside

NAMES = ("t2v-A14B", "ti2v-5B")
EXACT = 1e-5
"""Of latents that are about 1, in 32 bits."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def published(tiny_models: Path) -> dict[str, torch.Tensor]:
    """What the models make as diffusers loads them, with nothing of ours in them."""
    made = {}
    for name in NAMES:
        loading: Any = DiffusionPipeline
        pipeline = loading.from_pretrained(tiny_models / name, local_files_only=True, dtype=torch.float32)
        model = Model(tiny_models / name, dict(pipeline.components), pipeline.config.expand_timesteps)
        made[name] = inside.latents(model, inside.plan(name))
    return made


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "forms",
    [
        Forms(fused=True, one_time=False),
        Forms(fused=False, one_time=True),
        Forms(fused=False, one_time=False, channels_last=True),
        Forms(fused=True, one_time=True, channels_last=True, compiler="aot_eager"),
    ],
    ids=["fused", "one time", "channels last", "all of them"],
)
def test_an_exact_form_makes_what_the_published_model_makes(
    tiny_models: Path, published: dict[str, torch.Tensor], name: str, forms: Forms
) -> None:
    made = inside.latents(inside.load(tiny_models, name, forms), inside.plan(name))

    assert (made - published[name]).abs().max() <= EXACT


@pytest.mark.parametrize("name", NAMES)
def test_a_form_that_is_switched_off_changes_no_bit(
    tiny_models: Path, published: dict[str, torch.Tensor], name: str
) -> None:
    made = inside.latents(inside.load(tiny_models, name, AS_PUBLISHED), inside.plan(name))

    assert torch.equal(made, published[name])


@pytest.mark.parametrize(
    ("quantization", "forms", "most"),
    [
        ("int8", ANYWHERE, 0.003),
        ("fp8", ANYWHERE, 0.02),
        ("fp8", Forms(fp8_products=True), 0.04),
        pytest.param("int8", Forms(compiler="aot_eager"), 0.003, marks=pytest.mark.slow),
        pytest.param("fp8", Forms(fp8_products=True, compiler="aot_eager"), 0.04, marks=pytest.mark.slow),
    ],
    ids=["int8", "held in fp8", "multiplied in fp8", "int8 compiled", "multiplied in fp8 and compiled"],
)
@pytest.mark.parametrize("name", NAMES)
def test_weights_in_eight_bits_are_as_near_as_eight_bits_are(
    tiny_models: Path,
    published: dict[str, torch.Tensor],
    name: str,
    quantization: Quantization,
    forms: Forms,
    most: float,
) -> None:
    model = inside.library(forms).get(tiny_models / name, quantization, needs_bytes=0)

    made = inside.latents(model, inside.plan(name))

    error = float((made - published[name]).norm() / published[name].norm())
    print(f"{name} {quantization} {forms}: {error:.2%} from the published model")
    assert 0 < error <= most


def test_weights_in_eight_bits_take_a_byte_each_and_a_scale_a_row(tiny_models: Path) -> None:
    model = inside.library().get(tiny_models / "ti2v-5B", "int8", needs_bytes=0)

    layers = [layer for layer in model.experts[0].blocks.modules() if isinstance(layer, nn.Linear)]

    assert layers
    for layer in layers:
        assert isinstance(layer, IntegerLinear)
        assert layer.weight.dtype == torch.int8
        assert layer.scale.shape == (layer.out_features, 1)


@pytest.mark.parametrize("kind", [IntegerLinear, Fp8Linear, RowwiseLinear])
def test_a_row_of_zeros_stays_zero_in_eight_bits(kind: type[scaled.ScaledLinear]) -> None:
    whole = torch.zeros(2, 16)
    whole[1] = torch.linspace(-3, 3, 16)
    weight, scale = kind.quantised(whole)

    made = kind(weight, scale, None)(torch.eye(16))

    assert torch.equal(made[:, 0], torch.zeros(16))
    assert torch.allclose(made[:, 1], whole[1], atol=0.2)


@pytest.mark.parametrize("quantization", ["none", "int8", "fp8"])
def test_projections_that_are_taken_apart_and_put_together_are_bit_for_bit_the_same(
    tiny_models: Path, quantization: Quantization
) -> None:
    model = inside.library().get(tiny_models / "ti2v-5B", quantization, needs_bytes=0)
    before = inside.latents(model, inside.plan("ti2v-5B"))

    projections.split(model.experts[0])
    apart = inside.latents(model, inside.plan("ti2v-5B"))
    names = {name for name, _ in model.experts[0].blocks[0].attn1.named_children()}
    projections.fuse(model.experts[0])
    together = inside.latents(model, inside.plan("ti2v-5B"))

    assert {"to_q", "to_k", "to_v"} <= names
    assert "to_qkv" not in names
    assert (apart - before).abs().max() <= EXACT
    assert torch.equal(together, before)


def test_an_image_has_two_time_steps_a_forward_and_a_prompt_alone_has_one(tiny_models: Path) -> None:
    model = inside.load(tiny_models, "ti2v-5B")
    wanted = inside.plan("ti2v-5B")

    assert model.pipeline(wanted, image=True).config.expand_timesteps
    assert not model.pipeline(wanted, image=False).config.expand_timesteps


def test_channels_come_last_and_the_weights_stay(tiny_models: Path) -> None:
    vae = inside.load(tiny_models, "t2v-A14B").parts["vae"]
    before = [weight.clone() for weight in vae.parameters()]

    channels.put_last(vae)

    after = list(vae.parameters())
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert all(
        weight.is_contiguous(memory_format=torch.channels_last_3d) for weight in after if weight.ndim == 5
    )


def test_a_processor_compiles_nothing_and_multiplies_in_no_eight_bits() -> None:
    assert choice.chosen(Machine(device="cpu", compiled=True), inside.CPU) == Forms()


def test_a_kernel_of_attention_that_is_asked_for_and_is_not_there_is_told_at_the_start() -> None:
    with pytest.raises(Configuration) as caught:
        choice.chosen(Machine(device="cpu", attention="cudnn"), inside.CPU)

    assert caught.value.metadata == {"setting": "attention", "value": "cudnn"}
    assert attention.kernel(inside.CPU) in ("FLASH_ATTENTION", "MATH")


@pytest.mark.parametrize(
    "facts",
    [Device("an older GPU", "cuda", 1, 1, capability=(8, 6)), Device("processor", "cpu", 1, 1)],
    ids=["older", "processor"],
)
def test_a_device_without_products_in_fp8_only_holds_weights_in_it(facts: Device) -> None:
    assert not multiplies(facts, inside.CPU)
