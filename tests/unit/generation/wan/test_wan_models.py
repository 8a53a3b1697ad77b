"""The models that are loaded: which of them stay, what they share, and where their parts lie."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from services.chassis.errors import Configuration
from services.generation.footage.plan import PLACEMENTS
from services.generation.wan import decode, device, placement
from services.generation.wan.cancellation import Gates, Stopped
from services.generation.wan.models import Library, Model
from services.generation.wan.wire import Machine

CPU = torch.device("cpu")
PLENTY = 1 << 50


class Room:
    """As much free memory as a test says."""

    free = PLENTY


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def library(room: Room) -> Iterator[Library]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield Library(CPU, torch.float32, Gates(CPU), lambda: room.free)
    torch.set_num_threads(threads)


def test_loaded_models_stay_while_there_is_room_for_them(library: Library, tiny_models: Path) -> None:
    first = library.get(tiny_models / "t2v-A14B", "none", needs_bytes=0)
    library.get(tiny_models / "ti2v-5B", "none", needs_bytes=0)

    again = library.get(tiny_models / "t2v-A14B", "none", needs_bytes=0)

    assert again is first
    assert library.names == ("ti2v-5B", "t2v-A14B")


def test_a_model_that_needs_room_has_the_others_leave(
    library: Library, room: Room, tiny_models: Path
) -> None:
    first = library.get(tiny_models / "t2v-A14B", "none", needs_bytes=0)
    room.free = 0

    library.get(tiny_models / "ti2v-5B", "none", needs_bytes=0)
    room.free = PLENTY
    again = library.get(tiny_models / "t2v-A14B", "none", needs_bytes=0)

    assert again is not first
    assert library.names == ("ti2v-5B", "t2v-A14B")


def test_a_loaded_model_whose_clip_needs_room_has_the_others_leave_and_stays(
    library: Library, room: Room, tiny_models: Path
) -> None:
    first = library.get(tiny_models / "t2v-A14B", "none", needs_bytes=0)
    library.get(tiny_models / "ti2v-5B", "none", needs_bytes=0)
    room.free = 0

    again = library.get(tiny_models / "t2v-A14B", "none", needs_bytes=1 << 40)

    assert again is first
    assert library.names == ("t2v-A14B",)


def test_models_that_read_text_with_the_same_files_share_the_encoder(
    library: Library, tiny_models: Path
) -> None:
    first = library.get(tiny_models / "t2v-A14B", "none", needs_bytes=0)
    second = library.get(tiny_models / "i2v-A14B", "none", needs_bytes=0)

    assert second.parts["text_encoder"] is first.parts["text_encoder"]
    assert second.parts["vae"] is not first.parts["vae"]


def test_an_encoder_leaves_with_the_last_model_that_reads_with_it(
    library: Library, tiny_models: Path
) -> None:
    first = library.get(tiny_models / "t2v-A14B", "none", needs_bytes=0)
    encoder = first.parts["text_encoder"]

    library.forget(first)
    second = library.get(tiny_models / "i2v-A14B", "none", needs_bytes=0)

    assert second.parts["text_encoder"] is not encoder


@pytest.mark.parametrize("rows", [(), PLACEMENTS[:3], PLACEMENTS])
def test_a_placement_is_undone_by_the_next_one(
    library: Library, tiny_models: Path, rows: tuple[str, ...]
) -> None:
    model: Model = library.get(tiny_models / "t2v-A14B", "none", needs_bytes=0)

    placement.arrange(model, rows, CPU)
    hooks = [len(expert._forward_pre_hooks) for expert in model.experts]
    placement.arrange(model, (), CPU)

    assert hooks == ([1, 1] if rows == PLACEMENTS[:3] else [0, 0])
    assert [len(expert._forward_pre_hooks) for expert in model.experts] == [0, 0]


def test_a_text_encoder_whose_layers_come_one_by_one_reads_the_same_and_is_as_it_was_afterwards(
    library: Library, tiny_models: Path
) -> None:
    encoder = library.get(tiny_models / "t2v-A14B", "none", needs_bytes=0).parts["text_encoder"]
    words, calls = torch.arange(3, 40)[None], list[int]()

    def read() -> torch.Tensor:
        with torch.no_grad():
            made: torch.Tensor = encoder(words, torch.ones_like(words)).last_hidden_state
        return made

    before = read()
    with placement.streamed(encoder, CPU):
        calls += [len(module._diffusers_hook.hooks) for module in _hooked(encoder)]
        meanwhile = read()
    after = read()

    assert sum(calls) > 8
    assert sum(len(module._diffusers_hook.hooks) for module in _hooked(encoder)) == 0
    assert torch.equal(before, meanwhile)
    assert torch.equal(before, after)


def test_on_a_processor_nothing_moves_while_a_prompt_is_read(library: Library, tiny_models: Path) -> None:
    encoder = library.get(tiny_models / "t2v-A14B", "none", needs_bytes=0).parts["text_encoder"]

    with placement.reading(encoder, PLACEMENTS, CPU):
        hooked = list(_hooked(encoder))

    assert all(not module._diffusers_hook.hooks for module in hooked)


def _hooked(module: Any) -> Iterator[Any]:
    """Those parts of a module that diffusers has put hooks on at some time."""
    return (part for part in module.modules() if hasattr(part, "_diffusers_hook"))


def test_each_phase_takes_the_rows_that_help_it_in_order_and_then_has_none() -> None:
    taken: list[str] = []
    while (row := placement.next_row("decode", taken)) is not None:
        taken.append(row)

    assert tuple(taken) == PLACEMENTS
    assert placement.next_row("denoise", ()) == "text_encoder_on_host"
    assert placement.next_row("encode", ()) is None


@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize(("name", "ratio"), [("t2v-A14B", 8), ("ti2v-5B", 16)])
def test_decoded_frames_have_their_size_and_every_call_is_counted(
    library: Library, tiny_models: Path, tmp_path: Path, tiled: bool, name: str, ratio: int
) -> None:
    vae = library.get(tiny_models / name, "none", needs_bytes=0).parts["vae"]
    latents = torch.zeros(1, vae.config.z_dim, 2, 288 // ratio, 160 // ratio)
    told: list[tuple[int, int]] = []
    sizes: list[tuple[int, ...]] = []
    gates = Gates(CPU)

    with gates.of(tmp_path / "cancel"):
        decode.stream(
            vae,
            latents,
            lambda frame: sizes.append(frame.shape),
            frames=5,
            tiled=tiled,
            gates=gates,
            tell=lambda *now: told.append(now),
        )

    calls = 2 * (2 if tiled else 1)
    assert sizes == [(288, 160, 3)] * 5
    assert told == [(done, calls) for done in range(calls + 1)]


def test_a_late_cancel_of_one_clip_does_not_stop_the_next(tmp_path: Path) -> None:
    gates = Gates(CPU)
    (tmp_path / "first").touch()

    with gates.of(tmp_path / "second"):
        gates.look()
    with pytest.raises(Stopped), gates.of(tmp_path / "first"):
        gates.look()

    gates.look()


def test_an_unknown_device_is_named_with_those_that_are_there() -> None:
    with pytest.raises(Configuration) as caught:
        device.chosen(Machine(device="cuda:77"))
    with pytest.raises(Configuration):
        device.chosen(Machine(device="abacus"))

    assert "cpu" in caught.value.message
    assert caught.value.metadata == {"setting": "device", "value": "cuda:77"}


def test_a_limit_of_memory_is_what_the_device_has() -> None:
    facts = device.facts(Machine(device="cpu", max_bytes=1000), CPU)

    assert (facts.kind, facts.total_bytes, facts.free_bytes) == ("cpu", 1000, 1000)


def test_weights_are_in_32_bits_on_a_processor_and_in_16_on_a_gpu_unless_told() -> None:
    gpu = torch.device("cuda:0")

    assert device.precision(Machine(), CPU) is torch.float32
    assert device.precision(Machine(), gpu) is torch.bfloat16
    assert device.precision(Machine(precision="float32"), gpu) is torch.float32
    assert device.precision(Machine(precision="bfloat16"), CPU) is torch.bfloat16
