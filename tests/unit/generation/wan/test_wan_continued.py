"""Clips that continue each other: the image to go on from, and the next clip that does not show it again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.chassis.errors import GenerationFailed
from services.generation.clip import Shot
from tests.unit.generation.wan.conftest import WISH, Studio, shot

pytestmark = pytest.mark.asyncio(loop_scope="session")


def last_frame(studio: Studio) -> Path:
    """Where the image to go on from is written."""
    return studio.path.with_suffix(".last.png")


def ending_early(frames: int = 15) -> Shot:
    return replace(shot(frames), ends_early=True)


async def test_a_clip_that_ends_early_leaves_its_last_frame_and_the_next_goes_on_from_it(
    studio: Studio,
) -> None:
    await studio.make(of=ending_early())
    with Image.open(last_frame(studio)) as image:
        size, pixels = image.size, np.asarray(image)
    artifact = await studio.store.put_file(last_frame(studio), media_type="image/png")
    wish = replace(WISH, image=artifact, steps=15)

    continued = await studio.make(wish, of=replace(shot(10), continues=True))
    digest = studio.digest
    apart = await studio.make(wish, of=shot(10))

    assert size == (64, 32)
    assert pixels.std() > 5
    assert digest != studio.digest
    # Both decode up to the last frame they show: of the one that continues that is one later.
    assert "9 frames" in continued.checks
    assert "8 frames" in apart.checks


async def test_a_clip_that_does_not_end_early_leaves_no_image(studio: Studio) -> None:
    last_frame(studio).unlink(missing_ok=True)

    await studio.make()

    assert not last_frame(studio).exists()


async def test_a_clip_decoded_again_leaves_the_same_image(studio: Studio) -> None:
    await studio.make(of=ending_early())
    before = last_frame(studio).read_bytes(), studio.digest
    # The third latent frame: some frames were shown already when the encode begins anew.
    studio.fault("decode", "memory", after=2)

    await studio.make(of=ending_early())

    assert studio.no_fault() == 0
    assert (last_frame(studio).read_bytes(), studio.digest) == before


@pytest.mark.parametrize("what", ["still", "bug"])
async def test_a_clip_that_failed_leaves_no_image(studio: Studio, what: str) -> None:
    studio.fault("decode", what, times=100)

    with pytest.raises(GenerationFailed):
        await studio.make(of=ending_early(20))

    studio.no_fault()
    assert not last_frame(studio).exists()
    assert not studio.path.exists()


async def test_a_clip_that_was_cancelled_leaves_no_image(studio: Studio) -> None:
    studio.fault("decode", "slow", times=100)

    with pytest.raises(asyncio.CancelledError):
        await studio.cancelled(lambda progress: progress.unit == "latent frames" and progress.done == 1)

    studio.no_fault()
    assert not last_frame(studio).exists()


async def test_no_more_is_decoded_than_is_shown(studio: Studio) -> None:
    await studio.make(of=shot(8))

    latent_frames = [progress.total for progress in studio.told if progress.unit == "latent frames"]
    frames = [progress.done for progress in studio.told if progress.unit == "frames"]
    assert set(latent_frames) == {2}
    assert frames == [1, 2, 3, 4, 5]


async def test_what_remains_is_told_from_the_first_step_on_and_is_nothing_at_the_end(studio: Studio) -> None:
    await studio.make()

    first_step = next(number for number, told in enumerate(studio.told) if told.unit == "steps")
    remaining = [progress.remaining for progress in studio.told]
    assert set(remaining[:first_step]) == {None}
    assert all(seconds is not None and seconds >= 0 for seconds in remaining[first_step:])
    assert remaining[-1] == 0.0
