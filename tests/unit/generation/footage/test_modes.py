"""Which mode and model a wish comes to, and every rule that it can break."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.artifacts.store import Artifact
from services.chassis.errors import Change, InvalidRequest, Violation
from services.generation.footage.changes import apply
from services.generation.footage.modes import LIMITS, check, fitting, route
from services.generation.footage.plan import Category
from services.story.footage import Expert, Floor, Footage, Lora, Mode, Quantization, Resolution

PROMPT = Footage(prompt="A harbour at dawn.")
IMAGE = Artifact.of("local", "a" * 64, size_bytes=1000, media_type="image/png")
LORA = Lora(Artifact.of("local", "b" * 64, size_bytes=1000, media_type="application/octet-stream"))


def fields(violations: list[Violation]) -> list[str]:
    """The fields that break rules."""
    return [violation.field for violation in violations]


@pytest.mark.parametrize(
    ("footage", "expected"),
    [
        (PROMPT, ("t2v", "t2v-A14B")),
        (Footage(image=IMAGE), ("i2v", "i2v-A14B")),
        (replace(PROMPT, image=IMAGE), ("ti2v", "ti2v-5B")),
        (replace(PROMPT, image=IMAGE, mode="i2v"), ("i2v", "i2v-A14B")),
        (replace(PROMPT, image=IMAGE, model="i2v-A14B"), ("i2v", "i2v-A14B")),
        (replace(PROMPT, image=IMAGE, mode="ti2v", model="i2v-A14B"), ("ti2v", "i2v-A14B")),
        (replace(PROMPT, model="ti2v-5B"), ("t2v", "ti2v-5B")),
        (replace(PROMPT, image=IMAGE, last_image=IMAGE), ("i2v", "i2v-A14B")),
        (Footage(prompt="  \n", image=IMAGE), ("i2v", "i2v-A14B")),
    ],
)
def test_what_is_given_or_named_decides(footage: Footage, expected: tuple[Mode, str]) -> None:
    assert route(footage) == expected


@pytest.mark.parametrize(
    ("footage", "field", "words"),
    [
        (Footage(), "prompt", "give a prompt, an image, or both"),
        (Footage(mode="t2v", image=IMAGE), "prompt", "needs a prompt, and there is none"),
        (replace(PROMPT, mode="i2v"), "image", "the mode t2v would fit"),
        (replace(PROMPT, mode="ti2v"), "image", "the mode t2v would fit"),
        (Footage(mode="ti2v", image=IMAGE), "prompt", "the mode i2v would fit"),
        (Footage(model="ti2v-5B", image=IMAGE), "prompt", "the mode i2v would fit"),
        (replace(PROMPT, model="i2v-A14B"), "image", "the mode t2v would fit"),
        (replace(PROMPT, mode="t2v", image=IMAGE), "image", "the mode ti2v would fit"),
        (replace(PROMPT, mode="t2v", model="i2v-A14B"), "model", "t2v-A14B can"),
        (replace(PROMPT, model="t3v"), "model", "t2v-A14B, i2v-A14B, ti2v-5B"),
        (replace(PROMPT, last_image=IMAGE), "last_image", "needs the mode i2v and a first image"),
        (replace(PROMPT, image=IMAGE, last_image=IMAGE, mode="ti2v"), "last_image", "needs the mode i2v"),
    ],
)
def test_a_mismatch_says_what_is_missing_and_which_mode_fits(
    footage: Footage, field: str, words: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        route(footage)

    assert any(v.field == field and words in v.description for v in caught.value.violations)
    assert field in fields(check(footage))


def test_nothing_given_fits_no_mode() -> None:
    assert fitting(Footage()) is None


@pytest.mark.parametrize("model", LIMITS)
def test_steps_outside_a_models_range_are_refused_without_the_optimiser(model: str) -> None:
    limits = LIMITS[model]
    given = PROMPT if limits.mode == "t2v" else replace(PROMPT, image=IMAGE)
    wish = replace(given, model=model, mode=limits.mode)

    def broken(steps: int) -> list[str]:
        return fields(check(replace(wish, steps=steps), auto_optimise=False))

    assert broken(limits.steps.least) == broken(limits.steps.most) == broken(limits.steps.default) == []
    assert broken(limits.steps.least - 1) == broken(limits.steps.most + 1) == ["steps"]


def test_few_steps_of_t2v_alone_are_left_to_the_optimiser() -> None:
    assert check(replace(PROMPT, steps=8)) == []
    assert fields(check(apply(PROMPT, Category.VRAM_MEMORY, [Change("steps", "50", "8")]))) == ["steps"]
    assert fields(check(replace(PROMPT, steps=101))) == ["steps"]
    assert fields(check(Footage(image=IMAGE, steps=8))) == ["steps"]
    assert fields(check(replace(PROMPT, image=IMAGE, steps=8))) == ["steps"]


@pytest.mark.parametrize(("resolution", "broken"), [("480p", []), ("720p", []), ("1080p", ["resolution"])])
def test_the_5b_makes_no_1080p_and_says_who_does(resolution: Resolution, broken: list[str]) -> None:
    found = check(replace(PROMPT, image=IMAGE, resolution=resolution))

    assert fields(found) == broken
    assert all("The mode i2v with i2v-A14B takes 1080p" in violation.description for violation in found)


def test_the_5b_takes_no_lora_and_the_others_do() -> None:
    assert fields(check(replace(PROMPT, image=IMAGE, loras=(LORA,)))) == ["loras"]
    assert check(replace(PROMPT, loras=(LORA,))) == []
    assert check(Footage(image=IMAGE, loras=(LORA,))) == []


def test_a_strong_image_is_left_to_the_optimiser_or_refused() -> None:
    wish = Footage(image=IMAGE, strength=0.9)

    assert check(wish) == []
    assert fields(check(wish, auto_optimise=False)) == ["strength"]
    assert check(replace(wish, strength=0.8), auto_optimise=False) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"guidance": 0.5}, "guidance"),
        ({"guidance": 20.1}, "guidance"),
        ({"guidance": float("nan")}, "guidance"),
        ({"strength": 1.1}, "strength"),
        ({"strength": float("nan")}, "strength"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"loras": (LORA,) * 5}, "loras"),
        ({"loras": (replace(LORA, scale=0.0),)}, "loras[0].scale"),
        ({"loras": (LORA, replace(LORA, scale=4.5))}, "loras[1].scale"),
        ({"loras": (replace(LORA, scale=float("nan")),)}, "loras[0].scale"),
        ({"quantization": "fp8", "floor": Floor(exact=True)}, "quantization"),
    ],
)
def test_values_that_no_model_allows_are_told_by_field(change: dict[str, object], field: str) -> None:
    assert fields(check(replace(PROMPT, **change))) == [field]  # type: ignore[arg-type]


def test_prompts_are_counted_in_characters_and_then_in_tokens() -> None:
    counted: list[str] = []

    def tokens(text: str) -> int:
        counted.append(text)
        return 2 * len(text)

    wish = Footage(prompt="x" * 512, negative_prompt="y" * 513)

    assert fields(check(wish)) == ["negative_prompt"]
    assert fields(check(wish, count_tokens=tokens)) == ["prompt", "negative_prompt"]
    assert counted == ["x" * 512]


def test_a_shorter_limit_of_prompts_can_be_set() -> None:
    assert fields(check(PROMPT, prompt_most=5)) == ["prompt"]


def test_the_profile_distilled_has_its_own_steps_and_needs_loras() -> None:
    wish = replace(PROMPT, profile="distilled", loras=(LORA,))

    assert check(replace(wish, steps=4)) == check(wish) == []
    assert fields(check(replace(wish, steps=30))) == ["steps"]
    assert fields(check(replace(wish, loras=()))) == ["profile"]
    assert fields(check(replace(wish, floor=Floor(exact=True)))) == ["profile"]


def test_all_broken_rules_are_told_at_once() -> None:
    wish = Footage(mode="i2v", prompt="x" * 600, steps=500, guidance=50, seed=-1)

    assert fields(check(wish)) == ["image", "prompt", "guidance", "seed", "steps"]


@pytest.mark.parametrize("expert", ["high_noise", "low_noise"])
def test_a_lora_for_one_of_two_experts_needs_a_model_that_has_two(expert: Expert) -> None:
    lora = replace(LORA, expert=expert)

    two = check(replace(PROMPT, loras=(LORA, lora)))
    one = check(replace(PROMPT, loras=(LORA, lora), model="ti2v-5B"))

    assert two == []
    assert fields(one) == ["loras", "loras[1].expert"]
    assert expert in one[1].description


@pytest.mark.parametrize("quantization", ["fp8", "int8"])
def test_eight_bits_are_approximate_whatever_their_form(quantization: Quantization) -> None:
    wish = replace(PROMPT, quantization=quantization, floor=Floor(exact=True))

    assert fields(check(wish)) == ["quantization"]
