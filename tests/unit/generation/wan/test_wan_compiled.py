"""Compiled blocks: they stop at gates, fit every length, leave with their model, and may be given up."""

from __future__ import annotations

import gc
import logging
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch._dynamo.utils import counters

from services.generation.wan import faults
from services.generation.wan.cancellation import Gates, Stopped
from services.generation.wan.forms import blocks
from services.generation.wan.forms.choice import Forms
from services.generation.wan.models import Model
from tests.unit.generation.wan import inside

COMPILED = Forms(compiler="aot_eager")
NAME = "ti2v-5B"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.compiler.reset()
    yield
    torch.set_num_threads(threads)


def refuses(graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> Any:
    """A compiler that fails."""
    raise ValueError("there is no such instruction")


def is_short_of_memory(graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> Any:
    """A compiler that there is no memory for."""
    raise torch.OutOfMemoryError("CUDA out of memory (as told)")


@pytest.fixture(scope="module", autouse=True)
def compilers() -> None:
    """Two compilers by name, as torch finds them."""
    torch._dynamo.register_backend(refuses)
    torch._dynamo.register_backend(is_short_of_memory)


@pytest.fixture
def gates() -> Gates:
    return Gates(inside.CPU)


@pytest.fixture
def compiled(tiny_models: Path, gates: Gates) -> Model:
    return inside.library(COMPILED, gates=gates).get(tiny_models / NAME, "none", needs_bytes=0)


def test_a_compiled_model_stops_within_a_step_and_makes_the_next_clip_bit_for_bit(
    compiled: Model, gates: Gates, tmp_path: Path
) -> None:
    before = inside.latents(compiled, inside.plan(NAME), gates=gates)
    begun: list[object] = []

    def cancel(done: int, of: int) -> None:
        (tmp_path / "cancel").touch()

    counting = compiled.experts[0].register_forward_pre_hook(lambda *_: begun.append(_))
    with pytest.raises(Stopped), gates.of(tmp_path / "cancel"):
        inside.latents(compiled, inside.plan(NAME), gates=gates, tell=cancel)
    counting.remove()
    after = inside.latents(compiled, inside.plan(NAME), gates=gates)

    assert len(begun) == 3  # two of the first step, for there is guidance, and the first of the second
    assert compiled.compiled
    assert torch.equal(after, before)


def test_one_graph_fits_every_length_of_a_clip(compiled: Model) -> None:
    inside.latents(compiled, inside.plan(NAME, frames=9))
    graphs = counters["stats"]["unique_graphs"]

    for frames in (5, 13, 17):
        inside.latents(compiled, inside.plan(NAME, frames=frames))

    assert graphs > 0
    assert counters["stats"]["unique_graphs"] == graphs
    assert compiled.compiled


def test_a_compiled_model_that_is_dropped_leaves_no_weights_behind(tiny_models: Path) -> None:
    library = inside.library(COMPILED)
    model = library.get(tiny_models / NAME, "none", needs_bytes=0)
    inside.latents(model, inside.plan(NAME))
    weights = weakref.ref(model.experts[0])

    library.forget(model)
    del model
    gc.collect()

    assert weights() is None


def test_blocks_that_cannot_be_compiled_run_as_they_are_written_and_it_is_logged(
    tiny_models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plain = inside.latents(inside.load(tiny_models, NAME), inside.plan(NAME))
    model = inside.load(tiny_models, NAME, Forms(compiler="refuses"))

    with caplog.at_level(logging.WARNING, logger=blocks.__name__):
        made = inside.latents(model, inside.plan(NAME))

    assert torch.equal(made, plain)
    assert not model.compiled
    assert [record.message.count("there is no such instruction") for record in caplog.records] == [1]


def test_a_compiler_without_memory_is_a_shortage_of_memory(tiny_models: Path) -> None:
    model = inside.load(tiny_models, NAME, Forms(compiler="is_short_of_memory"))

    with pytest.raises(torch.OutOfMemoryError) as caught:
        inside.latents(model, inside.plan(NAME))

    assert faults.is_memory(caught.value)
    assert model.compiled


def test_an_error_of_the_model_itself_is_raised_as_it_is_without_a_compiler(compiled: Model) -> None:
    block = compiled.experts[0].blocks[0]
    narrow = torch.zeros(1, 2, 3)

    with pytest.raises(RuntimeError) as caught:
        block(narrow, narrow, torch.zeros(1, 6, 3), (narrow, narrow))

    assert not blocks.is_of_compiler(caught.value)


def test_compiled_blocks_that_are_forgotten_run_as_they_were(tiny_models: Path) -> None:
    model = inside.load(tiny_models, NAME, COMPILED)
    plain = inside.latents(inside.load(tiny_models, NAME), inside.plan(NAME))

    blocks.forget(model.experts[0])
    made = inside.latents(model, inside.plan(NAME))

    assert torch.equal(made, plain)
    assert all(block._compiled_call_impl is None for block in model.experts[0].blocks)
