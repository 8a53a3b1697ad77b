"""Ways out by category: sentences that name what to do, and changes that can be made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.artifacts.store import Artifact
from services.chassis.errors import Change
from services.generation.footage.changes import FIELDS, apply
from services.generation.footage.modes import check
from services.generation.footage.plan import Category, Device
from services.generation.footage.suggestions import suggestions
from services.story.footage import Footage, Lora

IMAGE = Artifact.of("local", "a" * 64, size_bytes=1000, media_type="image/png")
LORA = Lora(Artifact.of("local", "b" * 64, size_bytes=1000, media_type="application/octet-stream"))
WISH = Footage(prompt="Sea.", resolution="1080p", guidance=9, loras=(LORA,))
DEVICE = Device("GPU 0", "cuda", 80 << 30, 40 << 30, users=((17, 1 << 30), (4711, 39 << 30)))


def sentences(category: Category, footage: Footage = WISH, **facts: object) -> str:
    """All that is said."""
    return "\n".join(s.description for s in suggestions(category, footage, **facts))  # type: ignore[arg-type]


@pytest.mark.parametrize("category", Category)
def test_every_category_has_a_way_out(category: Category) -> None:
    wish = replace(WISH, steps=500) if category is Category.INPUT_VALIDATION else WISH

    found = suggestions(category, wish)

    assert found
    assert all(s.description.endswith(".") for s in found)


def test_the_next_attempt_comes_first() -> None:
    changes = [Change("steps", "50", "40"), Change("loras", f"{'b' * 64}*1", "")]

    first = suggestions(Category.VRAM_MEMORY, WISH, next_changes=changes)[0]

    assert list(first.changes) == changes
    assert first.description == "Try again with steps 40 instead of 50, loras none instead of 1."


@pytest.mark.parametrize("category", [Category.VRAM_MEMORY, Category.GENERATION_PIPELINE])
def test_without_a_next_attempt_the_first_way_out_is_for_people(category: Category) -> None:
    assert not suggestions(category, WISH)[0].changes


def test_a_memory_error_names_what_takes_memory_on_the_device() -> None:
    text = sentences(Category.VRAM_MEMORY, device=DEVICE)

    assert "process 4711 holds 41.9 GB, process 17 holds 1.1 GB" in text
    assert "host memory" not in text  # which the service has tried by itself


def test_what_another_server_can_set_is_told_of_it() -> None:
    text = sentences(Category.VRAM_MEMORY)

    assert "host memory" in text
    assert "tiles of 256" in text


def test_a_memory_error_offers_720p_480p_eight_bits_and_no_loras() -> None:
    offered = [tuple(s.changes) for s in suggestions(Category.VRAM_MEMORY, WISH) if s.changes]

    assert offered == [
        (Change("resolution", "1080p", "720p"),),
        (Change("resolution", "1080p", "480p"),),
        (Change("quantization", "none", "int8"), Change("allow_approximate", "false", "true")),
        (Change("loras", f"{'b' * 64}*1", ""),),
    ]


def test_nothing_is_offered_that_is_so_already() -> None:
    wish = Footage(prompt="Sea.", resolution="480p", quantization="fp8")

    assert not [s for s in suggestions(Category.VRAM_MEMORY, wish) if s.changes]


def test_a_missing_model_is_fetched_or_replaced_by_one_that_can_do_it() -> None:
    found = suggestions(
        Category.MODEL_LOADING, WISH, subject="vae/config.json", options=["ti2v-5B", "i2v-A14B"]
    )

    assert "storyreel models fetch t2v-A14B" in found[0].description
    assert "vae/config.json" in found[0].description
    assert [tuple(s.changes) for s in found if s.changes] == [(Change("model", "t2v-A14B", "ti2v-5B"),)]


def test_a_failed_pipeline_offers_its_own_numbers() -> None:
    offered = [tuple(s.changes) for s in suggestions(Category.GENERATION_PIPELINE, WISH) if s.changes]

    assert (Change("guidance", "9", "4"),) in offered
    assert (Change("steps", "50", "40"),) in offered


def test_a_distilled_pipeline_offers_the_model_as_it_was_published() -> None:
    wish = Footage(prompt="Sea.", profile="distilled", loras=(LORA,))

    offered = [s.changes for s in suggestions(Category.GENERATION_PIPELINE, wish) if s.changes]

    assert [change.field for changes in offered for change in changes] == ["profile", "loras"]


def test_files_and_settings_are_named() -> None:
    assert "/scratch" in sentences(Category.FILE_SYSTEM, subject="/scratch")
    assert "STORYREEL_X to one of a, b" in sentences(
        Category.CONFIGURATION, subject="STORYREEL_X", options=["a", "b"]
    )


def test_what_a_retry_may_change_can_be_applied() -> None:
    for category in (Category.VRAM_MEMORY, Category.GENERATION_PIPELINE):
        for suggestion in suggestions(category, WISH):
            if all(change.field in FIELDS for change in suggestion.changes):
                changed = apply(WISH, category, suggestion.changes)

                assert check(changed) == []
