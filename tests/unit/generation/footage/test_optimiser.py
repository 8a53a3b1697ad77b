"""What the optimiser fills in and takes back, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.artifacts.store import Artifact
from services.chassis.errors import Change
from services.generation.footage.changes import apply
from services.generation.footage.optimiser import settled
from services.generation.footage.plan import Category
from services.story.footage import Footage, Lora

IMAGE = Artifact.of("local", "a" * 64, size_bytes=1000, media_type="image/png")
LORA = Lora(Artifact.of("local", "b" * 64, size_bytes=1000, media_type="application/octet-stream"))
T2V, I2V, TI2V = Footage(prompt="Sea."), Footage(image=IMAGE), Footage(prompt="Sea.", image=IMAGE)


@pytest.mark.parametrize(("footage", "steps"), [(T2V, 50), (I2V, 40), (TI2V, 30)])
def test_defaults_are_filled_in_without_an_adjustment(footage: Footage, steps: int) -> None:
    wish, told = settled(footage)

    assert (wish.steps, wish.resolution, told) == (steps, "720p", ())


@pytest.mark.parametrize(
    ("footage", "asked", "given"),
    [(T2V, 8, 30), (T2V, 100, 100), (I2V, 80, 60), (I2V, 20, 20), (TI2V, 60, 40), (TI2V, 15, 15)],
)
def test_steps_are_kept_where_they_are_worth_it(footage: Footage, asked: int, given: int) -> None:
    wish, told = settled(replace(footage, steps=asked))

    assert wish.steps == given
    assert [(t.field, t.before, t.after) for t in told] == (
        [("steps", str(asked), str(given))] if asked != given else []
    )


def test_without_the_optimiser_steps_stay_as_they_are() -> None:
    assert settled(replace(I2V, steps=80), auto_optimise=False)[0].steps == 80


def test_the_optimiser_does_not_put_back_what_a_retry_took_away() -> None:
    retried = apply(replace(T2V, steps=40), Category.VRAM_MEMORY, [Change("steps", "40", "20")])

    wish, told = settled(retried)

    assert (wish.steps, told) == (20, ())


def test_the_profile_distilled_keeps_its_few_steps() -> None:
    wish, told = settled(replace(T2V, profile="distilled", loras=(LORA,)))

    assert (wish.steps, told) == (4, ())


def test_too_strong_an_image_is_made_weaker() -> None:
    wish, told = settled(replace(I2V, strength=0.95))

    assert wish.strength == 0.8
    assert [(t.field, t.before, t.after) for t in told] == [("strength", "0.95", "0.8")]
