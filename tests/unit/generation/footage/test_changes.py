"""Changes in their text form, applied to a wish."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.artifacts.store import Artifact
from services.chassis.errors import Change, InvalidRequest
from services.generation.footage.changes import (
    FIELDS,
    apply,
    attempts,
    differences,
    effective,
    identity,
    text,
)
from services.generation.footage.plan import Category
from services.story.footage import Footage, Lora

A, B = (
    Lora(Artifact.of("local", letter * 64, size_bytes=9, media_type="application/octet-stream"), scale=0.5)
    for letter in "ab"
)
WISH = Footage(
    prompt="Sea.",
    resolution="1080p",
    steps=60,
    guidance=6.5,
    seed=5,
    loras=(A, B),
    profile="distilled",
    quantization="fp8",
)


def test_every_field_comes_back_from_its_text() -> None:
    other = Footage(prompt="Sea.", resolution="480p", steps=30, guidance=3.4, seed=2**32 - 1, loras=(B,))

    changed = apply(WISH, Category.VRAM_MEMORY, differences(WISH, other))

    assert [text(changed, field) for field in FIELDS] == [text(other, field) for field in FIELDS]
    assert changed.loras == (B,)


def test_an_applied_change_is_on_the_record_and_pins_its_field() -> None:
    change = Change("steps", "60", "50")

    changed = apply(WISH, Category.VRAM_MEMORY, [change])

    assert (changed.steps, changed.pinned) == (50, {"steps"})
    assert [(retry.category, retry.changes) for retry in changed.retries] == [("VRAM_MEMORY", (change,))]
    assert changed.original("steps", "50") == "60"


@pytest.mark.parametrize(
    ("field", "after"),
    [
        ("steps", "many"),
        ("steps", "-1"),
        ("steps", "9" * 5000),
        ("steps", "１0"),
        ("resolution", "8k"),
        ("guidance", "nan"),
        ("guidance", "0"),
        ("guidance", "1e400"),
        ("quantization", "int4"),
        ("profile", "fast"),
        ("seed", str(2**32)),
        ("loras", "c" * 64 + "*1"),
        ("prompt", "another"),
        ("retries", ""),
    ],
)
def test_a_change_that_no_retry_makes_is_refused(field: str, after: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        apply(WISH, Category.VRAM_MEMORY, [Change(field, "", after)])

    assert [violation.field for violation in caught.value.violations] == ["retries.changes"]
    assert len(caught.value.message) < 200


def test_after_an_error_that_is_not_retried_nothing_is_applied() -> None:
    with pytest.raises(ValueError, match="INPUT_VALIDATION"):
        apply(WISH, Category.INPUT_VALIDATION, [])


def test_1080p_and_720p_are_the_same_attempt() -> None:
    wish = effective(Footage(prompt="Sea."))

    assert identity(replace(wish, resolution="1080p")) == identity(wish)
    assert identity(replace(wish, resolution="480p")) != identity(wish)


def test_all_attempts_are_known_from_the_record() -> None:
    first = effective(Footage(prompt="Sea."))
    second = apply(first, Category.VRAM_MEMORY, [Change("resolution", "720p", "480p")])
    third = apply(second, Category.GENERATION_PIPELINE, [Change("guidance", "4", "3.4")])

    assert attempts(third) == {identity(first), identity(second), identity(third)}
