"""Footage: a generated picture, as it is wished for, and what retries have changed of the wish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.artifacts.store import Artifact
from services.chassis.errors import Change

Mode = Literal["t2v", "i2v", "ti2v"]
Resolution = Literal["480p", "720p", "1080p"]
Profile = Literal["plain", "distilled"]
Quantization = Literal["none", "fp8", "int8"]
Expert = Literal["both", "high_noise", "low_noise"]
Extension = Literal["continue", "loop"]
RetryCategory = Literal["VRAM_MEMORY", "GENERATION_PIPELINE"]

IMAGE_PIXELS_MOST = 64_000_000
"""Of an image: a photograph of a large camera; what unpacks to more is refused before it is unpacked."""


@dataclass(frozen=True, slots=True)
class Lora:
    """A small change of a model's weights: safetensors, how strongly it acts, and on which expert.

    The scale is above 0, at most 4; a model of one expert takes LoRAs for both.
    """

    weights: Artifact
    scale: float = 1.0
    expert: Expert = "both"


@dataclass(frozen=True, slots=True)
class Floor:
    """What no retry goes below: resolution, steps (0: the mode's minimum), LoRAs, exactness."""

    resolution: Resolution | None = None
    steps: int = 0
    keep_loras: bool = False
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """What one attempt changed, after an error of a category."""

    category: RetryCategory
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Footage:
    """One clip as it is wished for; what is None or 0 takes the mode's default.

    Args:
        prompt: What is to be seen.
        negative_prompt: What is not to be seen.
        mode: By default from what is given.
        model: By default that of the mode.
        image: The first image.
        last_image: The last image.
        resolution: By default 720p.
        steps: Denoising steps.
        guidance: 1 to 20.
        strength: 0 to 1.
        seed: By default from the rest of the wish.
        loras: At most 4.
        profile: How the model is run.
        quantization: The form of the weights.
        allow_approximate: The picture need not be exactly the model's.
        floor: What no retry goes below.
        retries: What earlier attempts changed, in order; the fields above hold the changed values.
        extension: What is shown when the scene lasts longer than a clip: more clips, each from the last
            frame of the one before, or the one to and fro; None: more where somebody can make them.
    """

    prompt: str = ""
    negative_prompt: str = ""
    mode: Mode | None = None
    model: str = ""
    image: Artifact | None = None
    last_image: Artifact | None = None
    resolution: Resolution | None = None
    steps: int = 0
    guidance: float = 0.0
    strength: float | None = None
    seed: int | None = None
    loras: tuple[Lora, ...] = ()
    profile: Profile = "plain"
    quantization: Quantization = "none"
    allow_approximate: bool = False
    floor: Floor = Floor()
    retries: tuple[Retry, ...] = ()
    extension: Extension | None = None

    @property
    def pinned(self) -> frozenset[str]:
        """The fields that a retry has changed: no optimiser touches them again."""
        return frozenset(change.field for retry in self.retries for change in retry.changes)

    def original(self, field: str, now: str) -> str:
        """The value of a field before any retry, in its text form; `now` when none has changed it."""
        for retry in self.retries:
            for change in retry.changes:
                if change.field == field:
                    return change.before
        return now
