"""A cancelled clip stops at the next gate; its process lives on and makes the next clip as if nothing was."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from services.story.footage import Lora
from tests.unit.generation.wan.conftest import WISH, Studio

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def goes_on(studio: Studio, before: str) -> None:
    """Make the clip again and compare it with the one before the cancel, by bytes and by process."""
    asked = studio.processes[-1]

    after = await studio.bytes_of()

    assert after == before
    assert studio.processes[-1] == asked


@pytest.mark.parametrize("step", ["validate", "preflight", "prepare", "generate"])
async def test_a_cancel_before_the_first_step_stops_the_clip(studio: Studio, step: str) -> None:
    before = await studio.bytes_of()
    studio.fault("denoise", "slow", times=2)

    with pytest.raises(asyncio.CancelledError):
        await studio.cancelled(lambda progress: progress.step == step)

    assert studio.steps_done() == []
    assert not studio.path.exists()
    studio.no_fault()
    await goes_on(studio, before)


async def test_a_cancel_between_steps_stops_the_clip(studio: Studio) -> None:
    before = await studio.bytes_of()
    studio.fault("denoise", "slow", times=100)

    with pytest.raises(asyncio.CancelledError):
        await studio.cancelled(lambda progress: progress.unit == "steps" and progress.done == 2)

    assert studio.steps_done()[-1] < 6
    assert not studio.path.exists()
    studio.no_fault()
    await goes_on(studio, before)


async def test_a_cancel_inside_a_step_does_not_wait_for_its_end(studio: Studio) -> None:
    before = await studio.bytes_of()
    studio.fault("block", "slow", times=100)

    with pytest.raises(asyncio.CancelledError):
        # A step has four blocks, of 0.2 s here; the cancel comes during the first of the second step.
        await studio.cancelled(lambda progress: progress.unit == "steps" and progress.done == 1, after=0.1)

    assert studio.steps_done() == [1]
    assert 100 - studio.no_fault() < 8
    await goes_on(studio, before)


async def test_a_cancel_in_the_decoder_stops_the_clip(studio: Studio) -> None:
    before = await studio.bytes_of()
    studio.fault("decode", "slow", times=100)

    with pytest.raises(asyncio.CancelledError):
        await studio.cancelled(lambda progress: progress.unit == "latent frames" and progress.done == 1)

    assert studio.steps_done()[-1] == 6
    assert 100 - studio.no_fault() < 3
    await goes_on(studio, before)


async def test_a_cancel_that_comes_twice_is_one_cancel(studio: Studio) -> None:
    before = await studio.bytes_of()
    studio.fault("denoise", "slow", times=100)

    with pytest.raises(asyncio.CancelledError):
        await studio.cancelled(lambda progress: progress.unit == "steps", after=0.01, times=2)

    studio.no_fault()
    await goes_on(studio, before)


async def test_a_cancel_leaves_no_lora_behind(studio: Studio) -> None:
    before = await studio.bytes_of()
    wish = replace(WISH, loras=(Lora(await studio.lora()),))
    studio.fault("denoise", "slow", times=100)

    with pytest.raises(asyncio.CancelledError):
        await studio.cancelled(lambda progress: progress.unit == "steps", footage=wish)

    studio.no_fault()
    await goes_on(studio, before)
