"""What an invalid wish could be instead."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.artifacts.store import Artifact
from services.chassis.errors import Change
from services.generation.footage.corrections import mends
from services.story.footage import Floor, Footage, Lora

IMAGE = Artifact.of("local", "a" * 64, size_bytes=1000, media_type="image/png")
LORA = Lora(Artifact.of("local", "b" * 64, size_bytes=1000, media_type="application/octet-stream"))
PROMPT = Footage(prompt="Sea.")
BOTH = replace(PROMPT, image=IMAGE)


def test_a_valid_wish_needs_no_mending() -> None:
    assert mends(PROMPT) == []


@pytest.mark.parametrize(
    ("footage", "changes"),
    [
        (replace(PROMPT, steps=500), [[Change("steps", "500", "100")]]),
        (replace(BOTH, steps=3), [[Change("steps", "3", "15")]]),
        (replace(PROMPT, guidance=50), [[Change("guidance", "50", "20")]]),
        (replace(PROMPT, mode="i2v"), [[Change("mode", "i2v", "t2v")]]),
        (
            replace(PROMPT, mode="i2v", model="i2v-A14B"),
            [[Change("mode", "i2v", "t2v"), Change("model", "i2v-A14B", "")]],
        ),
        (
            replace(BOTH, resolution="1080p"),
            [[Change("resolution", "1080p", "720p")], [Change("mode", "", "i2v")]],
        ),
        (
            replace(BOTH, model="ti2v-5B", loras=(LORA,)),
            [[Change("mode", "", "i2v"), Change("model", "ti2v-5B", "i2v-A14B")]],
        ),
        (replace(PROMPT, profile="distilled"), [[Change("profile", "distilled", "plain")]]),
        (
            replace(PROMPT, quantization="fp8", floor=Floor(exact=True)),
            [[Change("quantization", "fp8", "none")]],
        ),
    ],
)
def test_the_nearest_that_keeps_the_rules_is_offered(footage: Footage, changes: list[list[Change]]) -> None:
    assert [list(suggestion.changes) for suggestion in mends(footage) if suggestion.changes] == changes


@pytest.mark.parametrize(
    ("footage", "words"),
    [
        (Footage(), "Say in a prompt what is to be seen."),
        (Footage(prompt="x" * 600), "Shorten the prompt to 512 characters and tokens."),
        (replace(BOTH, loras=(LORA,)), "Leave the LoRAs out."),
        (replace(PROMPT, last_image=IMAGE), "Give a first image too, or leave the last one out."),
        (replace(PROMPT, seed=-1), "Correct seed: -1 is outside 0 to 4294967295."),
        (replace(PROMPT, guidance=float("nan")), "Correct guidance: nan is outside 1 to 20"),
    ],
)
def test_what_has_no_nearest_value_is_said_in_words(footage: Footage, words: str) -> None:
    assert mends(footage)[0].description.startswith(words)


def test_the_same_way_out_is_told_once() -> None:
    found = mends(replace(PROMPT, mode="ti2v", last_image=IMAGE))

    assert len({suggestion.description for suggestion in found}) == len(found)
