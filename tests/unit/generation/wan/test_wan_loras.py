"""LoRAs of a model: whose expert they change, what stays, what is swapped, and no trace of any."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch._dynamo.utils import counters

from services.artifacts.store import Artifact
from services.chassis.errors import InvalidRequest
from services.generation.wan import loras
from services.generation.wan.forms.choice import ANYWHERE, Forms
from services.generation.wan.models import Model
from services.story.footage import Expert, Lora, Quantization
from tests.unit.generation.wan import inside, tiny

TWO, ONE = "t2v-A14B", "ti2v-5B"
COMPILED = Forms(compiler="aot_eager")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.compiler.reset()
    yield
    torch.set_num_threads(threads)


Written = tuple[Lora, Path]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Written]:
    """Writes a LoRA: its rank, how strongly it differs from others, its strength, its expert."""

    def written(
        *, rank: int = 4, times: float = 1.0, scale: float = 1.0, expert: Expert = "both", only: str = ""
    ) -> Written:
        path = tmp_path / f"{rank}-{times}-{only}.safetensors"
        tensors = load_file(tiny.lora(tmp_path / "drawn.safetensors", rank=rank))
        save_file({name: tensor * times for name, tensor in tensors.items() if only in name}, path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        stored = Artifact(f"artifact://local/{digest}", digest, path.stat().st_size, "application/x")
        return Lora(stored, scale, expert), path

    return written


def made(model: Model, *with_: Written) -> torch.Tensor:
    """The latents of a clip with some LoRAs."""
    loras.put(model, tuple(lora for lora, _ in with_), tuple(path for _, path in with_))
    return inside.latents(model, inside.plan(model.folder.name))


@pytest.mark.parametrize(
    ("quantization", "forms"),
    [
        pytest.param("none", ANYWHERE, id="none as written"),
        pytest.param("int8", ANYWHERE, id="int8 as written"),
        pytest.param("fp8", ANYWHERE, id="fp8 as written"),
        pytest.param("none", COMPILED, id="none compiled"),
        pytest.param("int8", COMPILED, id="int8 compiled", marks=pytest.mark.slow),
        pytest.param("fp8", COMPILED, id="fp8 compiled", marks=pytest.mark.slow),
    ],
)
def test_a_clip_is_bit_for_bit_the_same_whatever_loras_the_clips_before_it_had(
    tiny_models: Path, write: Callable[..., Written], forms: Forms, quantization: Quantization
) -> None:
    model = inside.library(forms).get(tiny_models / ONE, quantization, needs_bytes=0)
    first, second, third = write(), write(times=0.5, rank=2), write(rank=40)

    plain = made(model)
    with_first, again, with_second = made(model, first), made(model, first), made(model, second)
    with_third = made(model, third, second)
    first_after, plain_after = made(model, first), made(model)

    different = (plain, with_first, with_second, with_third)
    assert all(not torch.equal(a, b) for a in different for b in different if a is not b)
    assert torch.equal(again, with_first)
    assert torch.equal(first_after, with_first)
    assert torch.equal(plain_after, plain)


def test_a_lora_is_as_strong_as_it_says_and_not_at_all_for_a_strength_of_nearly_none(
    tiny_models: Path, write: Callable[..., Written]
) -> None:
    model = inside.load(tiny_models, ONE)
    plain = made(model)

    away = [float((made(model, write(scale=scale)) - plain).norm()) for scale in (1e-6, 0.1, 1.0)]

    assert away[0] < 1e-3 < away[1] < away[2]


def test_the_same_loras_stay_in_the_model(tiny_models: Path, write: Callable[..., Written]) -> None:
    model = inside.load(tiny_models, ONE)
    lora, path = write()
    loras.put(model, (lora,), (path,))
    matrices = {id(weight) for name, weight in model.experts[0].named_parameters() if "lora_" in name}
    path.unlink()

    loras.put(model, (lora,), (path,))

    after = {id(weight) for name, weight in model.experts[0].named_parameters() if "lora_" in name}
    assert matrices
    assert after == matrices


def test_compiled_blocks_are_not_compiled_anew_for_another_lora_of_a_like_rank(
    tiny_models: Path, write: Callable[..., Written]
) -> None:
    model = inside.load(tiny_models, TWO, COMPILED)
    made(model, write(rank=4))
    graphs = counters["stats"]["unique_graphs"]

    swapped = made(model, write(rank=8, times=0.5, scale=0.7))
    fresh = made(inside.load(tiny_models, TWO, COMPILED), write(rank=8, times=0.5, scale=0.7))

    assert graphs > 0
    assert counters["stats"]["unique_graphs"] == graphs
    assert torch.equal(swapped, fresh)


@pytest.mark.slow
def test_loras_of_other_layers_or_of_a_larger_rank_are_put_in_anew(
    tiny_models: Path, write: Callable[..., Written]
) -> None:
    model = inside.load(tiny_models, ONE, COMPILED)
    made(model, write())

    narrower = made(model, write(only="to_q"))
    larger = made(model, write(rank=130))

    assert torch.equal(narrower, made(inside.load(tiny_models, ONE, COMPILED), write(only="to_q")))
    assert torch.equal(larger, made(inside.load(tiny_models, ONE, COMPILED), write(rank=130)))


@pytest.mark.parametrize(
    ("expert", "changed"),
    [("both", [True, True]), ("high_noise", [True, False]), ("low_noise", [False, True])],
)
def test_a_lora_changes_the_expert_that_it_is_for(
    tiny_models: Path, write: Callable[..., Written], expert: Expert, changed: list[bool]
) -> None:
    model = inside.load(tiny_models, TWO)
    lora, path = write(expert=expert)

    loras.put(model, (lora,), (path,))

    found = [any("lora_" in name for name, _ in each.named_parameters()) for each in model.experts]
    assert found == changed


def test_a_pair_of_loras_has_each_in_its_expert(tiny_models: Path, write: Callable[..., Written]) -> None:
    model = inside.load(tiny_models, TWO, COMPILED)
    high, low = write(expert="high_noise"), write(times=0.5, expert="low_noise")

    pair, alone = made(model, high, low), made(model, high)
    swapped = made(model, low, high)

    # Which is named first does not matter but for the order of sums.
    assert (swapped - pair).abs().max() <= 1e-5
    assert not torch.equal(alone, pair)


@pytest.mark.parametrize("expert", ["high_noise", "low_noise"])
def test_a_lora_for_one_expert_is_refused_by_a_model_that_has_one_for_all_steps(
    tiny_models: Path, write: Callable[..., Written], expert: Expert
) -> None:
    model = inside.load(tiny_models, ONE)
    plain = made(model)

    with pytest.raises(InvalidRequest) as caught:
        made(model, write(expert=expert))

    assert caught.value.violations[0].field == "footage.loras[0].expert"
    assert torch.equal(made(model), plain)


def test_a_lora_that_fits_no_layer_leaves_nothing_behind(
    tiny_models: Path, write: Callable[..., Written], tmp_path: Path
) -> None:
    model = inside.load(tiny_models, ONE)
    plain, good = made(model), write()
    at = "transformer.blocks.0.attn1.to_q"
    # As wide as the feed-forward layers, but for a layer that is not.
    save_file(
        {f"{at}.lora_A.weight": torch.ones(2, tiny.FFN), f"{at}.lora_B.weight": torch.ones(tiny.FFN, 2)},
        tmp_path / "bad",
    )

    with pytest.raises(InvalidRequest) as caught:
        made(model, good, (write()[0], tmp_path / "bad"))

    assert caught.value.violations[0].field == "footage.loras[1]"
    assert not any("lora" in name for name, _ in model.experts[0].named_modules())
    assert torch.equal(made(model), plain)


@pytest.mark.parametrize(
    "layer",
    [
        "blocks.0.attn1.to_z",
        "elsewhere",
        "(([a-z0-9_.]*)*)*!",  # a pattern that takes for ever, were it taken for one
    ],
)
def test_a_layer_that_the_model_does_not_have_is_named(
    tiny_models: Path, write: Callable[..., Written], tmp_path: Path, layer: str
) -> None:
    model = inside.load(tiny_models, ONE)
    plain, (lora, path) = made(model), write()
    width = 24
    strange = {
        f"transformer.{layer}.lora_A.weight": torch.ones(2, width),
        f"transformer.{layer}.lora_B.weight": torch.ones(width, 2),
    }
    save_file(load_file(path) | strange, tmp_path / "strange")

    with pytest.raises(InvalidRequest, match=re.escape(f"no layer {layer!r}")):
        made(model, (lora, tmp_path / "strange"))

    assert torch.equal(made(model), plain)
