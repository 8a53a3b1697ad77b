"""Two processes share a clip: it is the one that one process makes, and neither waits for ever."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil
import pytest
import pytest_asyncio
import torch

from services.chassis.errors import Configuration, DeviceFault, DeviceMemory, GenerationFailed
from services.generation.wan.cancellation import Gates, Stopped
from services.generation.wan.ranks import seat as ranks_seat
from services.generation.wan.wire import Machine
from services.story.footage import Footage, Lora
from tests.unit.generation.wan.conftest import WISH, Studio, running

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared(
    tiny_models: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Studio, str]]:
    """A backend of two ranks on the processor, and the digest of its clip."""
    machine = Machine(device="cpu", threads=1, devices=2)
    async with running(tiny_models, tmp_path_factory.mktemp("shared"), machine) as (two, _):
        yield two, await two.bytes_of()


@pytest.fixture
def two(shared: tuple[Studio, str]) -> Studio:
    """The two ranks, with no fault ahead."""
    shared[0].no_fault()
    return shared[0]


@pytest.fixture
def before(shared: tuple[Studio, str]) -> str:
    """The digest of the clip that nothing disturbs."""
    return shared[1]


def peer(two: Studio) -> int:
    """The process that was the second rank of the last clip."""
    return int((two.models / "peers").read_text().split()[-1])


async def latents(studio: Studio, footage: Footage) -> npt.NDArray[np.float32]:
    """What the decoder of a clip was given."""
    studio.fault("latents", "keep")
    await studio.make(footage)
    kept: npt.NDArray[np.float32] = np.load(studio.models / "kept.npy")
    return kept


@pytest.mark.parametrize("kind", ["two experts", "small", "image", "lora", "int8"])
async def test_two_ranks_make_the_clip_that_one_makes(two: Studio, studio: Studio, kind: str) -> None:
    wish = WISH
    match kind:
        case "small":
            wish = replace(WISH, model="ti2v-5B", steps=15)
        case "image":
            wish = replace(WISH, image=await studio.image(), model="i2v-A14B")
            await two.image()
        case "lora":
            wish = replace(WISH, loras=(Lora(await studio.lora()),))
            await two.lora()
        case "int8":
            wish = replace(WISH, quantization="int8", allow_approximate=True)

    alone = await latents(studio, wish)
    together = await latents(two, wish)

    assert np.abs(alone - together).max() < 1e-5


async def test_each_step_is_told_once(two: Studio, before: str) -> None:
    after = await two.bytes_of()

    assert two.steps_done() == [1, 2, 3, 4, 5, 6]
    assert after == before


@pytest.mark.parametrize(("where", "steps"), [("denoise", 2), ("block", 1)])
async def test_a_cancel_stops_both_and_the_next_clip_is_the_same(
    two: Studio, before: str, where: str, steps: int
) -> None:
    await two.make()
    asked = two.processes[-1]
    two.fault(where, "slow", times=100, rank=1)

    with pytest.raises(asyncio.CancelledError):
        await two.cancelled(lambda progress: progress.unit == "steps" and progress.done == steps)
    two.no_fault()
    stopped = two.steps_done()
    after = await two.bytes_of()

    assert stopped[-1] < 6
    assert after == before
    assert two.processes[-1] == asked


async def test_a_cancel_while_the_leader_decodes_stops_the_clip(two: Studio, before: str) -> None:
    two.fault("decode", "slow", times=100)

    with pytest.raises(asyncio.CancelledError):
        await two.cancelled(lambda progress: progress.unit == "latent frames" and progress.done == 1)
    two.no_fault()
    after = await two.bytes_of()

    assert after == before


@pytest.mark.parametrize("rank", [0, 1])
async def test_memory_that_runs_out_on_one_rank_is_made_room_for_on_both(
    two: Studio, before: str, rank: int
) -> None:
    two.fault("denoise", "memory", rank=rank)
    await two.make()  # after it no other model is loaded
    asked = two.processes[-1]
    two.fault("block", "memory", times=2, after=9, rank=rank)

    making = await two.make()

    assert making.placement == ("text_encoder_on_host", "idle_expert_on_host")
    assert two.digest == before
    assert two.processes[-1] == asked


@pytest.mark.parametrize("where", ["load", "block"])
async def test_memory_that_no_placement_of_a_rank_cures_is_told(two: Studio, before: str, where: str) -> None:
    wish = replace(WISH, model="ti2v-5B", steps=15, quantization="fp8", allow_approximate=True)
    two.fault(where, "memory", times=100, rank=1)

    with pytest.raises(DeviceMemory) as caught:
        await two.make(wish)
    two.no_fault()
    after = await two.bytes_of()

    assert caught.value.metadata["phase"] == {"load": "load", "block": "denoise"}[where]
    assert "weights_on_host" not in caught.value.metadata["placement"]
    assert after == before


async def test_what_one_rank_fails_with_is_told_by_the_leader(two: Studio, before: str) -> None:
    await two.make()
    asked = two.processes[-1]
    two.fault("block", "bug", after=9, rank=1)

    with pytest.raises(GenerationFailed) as caught:
        await two.make()
    after = await two.bytes_of()

    assert caught.value.metadata["error"] == "ValueError"
    assert after == before
    assert two.processes[-1] == asked


@pytest.mark.parametrize("what", [pytest.param("device", marks=pytest.mark.slow), "death"])
async def test_a_device_that_fails_and_a_rank_that_is_killed_give_way_to_a_new_group(
    two: Studio, before: str, what: str
) -> None:
    await two.make()
    asked, killed = two.processes[-1], peer(two)
    two.fault("block", what, after=9, rank=1)

    with pytest.raises(DeviceFault):
        await two.make()
    after = await two.bytes_of()

    assert after == before
    assert two.processes[-1] != asked
    assert peer(two) != killed


async def test_no_rank_outlives_its_leader(two: Studio, before: str) -> None:
    await two.make()
    other = psutil.Process(peer(two))
    two.fault("denoise", "slow", times=100)
    leader = two.processes[-1]

    with pytest.raises(DeviceFault):
        await two.make(report=lambda progress: os.kill(leader, signal.SIGKILL) if progress.unit else None)
    two.no_fault()
    gone, _ = await asyncio.to_thread(psutil.wait_procs, [other], 10)
    after = await two.bytes_of()

    assert gone == [other]
    assert after == before


async def test_a_number_of_devices_that_cannot_divide_the_heads_is_refused_with_those_that_can() -> None:
    with pytest.raises(Configuration) as caught:
        ranks_seat.check(Machine(device="cpu", devices=3))

    assert "t2v-A14B: 2, 4, 5, 8" in caught.value.message
    assert "2, 4, 8" in caught.value.suggestions[0].description


async def test_more_devices_than_there_are_are_refused_with_the_numbers() -> None:
    here = torch.cuda.device_count()

    with pytest.raises(Configuration) as caught:
        ranks_seat.check(Machine(device=f"cuda:{here + 1}", devices=4))

    assert f"need {here + 5} GPUs" in caught.value.message
    assert f"{here}." in caught.value.message


async def test_a_gate_stops_when_another_process_would(tmp_path: Path) -> None:
    asked: list[bool] = []

    def agree(stop: bool) -> bool:
        asked.append(stop)
        return len(asked) == 2

    gates = Gates(torch.device("cpu"), agree)

    with pytest.raises(Stopped), gates.of(tmp_path / "cancel"):
        gates.look()
        gates.look()

    assert asked == [False, False]
