"""What would make a wish fit: small changes, each judged before it is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.artifacts.store import Artifact
from services.chassis.errors import Change
from services.generation.footage.alternatives import NAMED, another_model, for_less
from services.story.footage import Floor, Footage, Lora

WISH = Footage(prompt="A fox in the snow.", resolution="720p", steps=50)
LORA = Lora(Artifact.of("local", "a" * 64, size_bytes=9, media_type="application/octet-stream"))


def small(wish: Footage) -> str | None:
    return "it fits" if wish.resolution == "480p" else None


def test_the_change_that_helps_is_named_with_what_is_needed_then() -> None:
    (way,) = for_less(WISH, small, eight_bits="int8")

    assert way.description == "Render at 480p: it fits."
    assert way.changes == (Change("resolution", "720p", "480p"),)


def test_changes_are_put_together_only_where_one_alone_is_not_enough() -> None:
    def says(wish: Footage) -> str | None:
        return "it fits" if wish.resolution == "480p" and wish.steps == 30 else None

    (way,) = for_less(WISH, says, eight_bits="fp8")

    assert way.description == "Take 30 steps and render at 480p: it fits."
    assert {change.field for change in way.changes} == {"steps", "resolution"}


def test_what_needs_no_permission_is_named_first() -> None:
    asking = for_less(WISH, lambda wish: "it fits", eight_bits="fp8")
    allowed = for_less(replace(WISH, allow_approximate=True), lambda wish: "it fits", eight_bits="fp8")

    assert asking[-1].changes == (
        Change("quantization", "none", "fp8"),
        Change("allow_approximate", "false", "true"),
    )
    assert allowed[0].changes == (Change("quantization", "none", "fp8"),)


@pytest.mark.parametrize(
    ("floor", "fields"),
    [
        (Floor(), {"quantization", "steps", "resolution", "loras"}),
        (Floor(exact=True), {"steps", "resolution", "loras"}),
        (Floor(resolution="720p"), {"quantization", "steps", "loras"}),
        (Floor(steps=50), {"quantization", "resolution", "loras"}),
        (Floor(keep_loras=True), {"quantization", "steps", "resolution"}),
    ],
)
def test_nothing_goes_below_the_floor(floor: Floor, fields: set[str]) -> None:
    wish = replace(WISH, loras=(LORA,), floor=floor, allow_approximate=True)

    ways = for_less(wish, lambda _: "it fits", eight_bits="fp8")

    assert {change.field for way in ways for change in way.changes} == fields


def test_1080p_is_not_reduced_to_the_720p_that_it_is_rendered_at() -> None:
    ways = for_less(replace(WISH, resolution="1080p"), lambda wish: "it fits", eight_bits="int8")

    assert Change("resolution", "1080p", "480p") in [change for way in ways for change in way.changes]
    assert all(change.after != "720p" for way in ways for change in way.changes)


def test_where_nothing_helps_nothing_is_named() -> None:
    assert for_less(WISH, lambda _: None, eight_bits="fp8") == ()


def test_no_more_ways_are_named_than_a_person_reads() -> None:
    wish = replace(WISH, loras=(LORA,), allow_approximate=True)

    def says(then: Footage) -> str | None:
        changed = (then.quantization != "none", then.steps < 50, then.resolution == "480p", not then.loras)
        return "it fits" if sum(changed) >= 2 else None

    assert len(for_less(wish, says, eight_bits="fp8")) == NAMED


def test_another_model_is_named_when_it_is_there_fits_and_can_make_the_wish() -> None:
    def ways(wish: Footage, *present: str) -> list[tuple[Change, ...]]:
        found = another_model(wish, present.__contains__, lambda _: "it fits")
        return [tuple(way.changes) for way in found]

    assert ways(WISH, "ti2v-5B", "i2v-A14B") == [(Change("model", "t2v-A14B", "ti2v-5B"),)]
    assert ways(WISH) == []
    assert ways(replace(WISH, loras=(LORA,)), "ti2v-5B") == []
    assert list(another_model(WISH, lambda _: True, lambda _: None)) == []
