"""Clips of the tiny models made within the process of a test, as far as their latents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from services.generation.footage import native
from services.generation.footage.plan import NativePlan
from services.generation.wan import denoise
from services.generation.wan.cancellation import Gates
from services.generation.wan.forms.choice import ANYWHERE, Forms
from services.generation.wan.models import Library, Model
from services.media.clock import Rate
from services.story.footage import Footage

CPU = torch.device("cpu")
PLENTY = 1 << 50


def library(forms: Forms = ANYWHERE, *, gates: Gates | None = None) -> Library:
    """No models loaded yet, on a processor with as much memory as they want."""
    return Library(CPU, torch.float32, gates or Gates(CPU), lambda: PLENTY, forms)


def plan(model: str, *, frames: int = 9, steps: int = 3) -> NativePlan:
    """A small clip from a prompt alone; its tokens are as many as nothing else in the models."""
    wish = Footage(prompt="a lighthouse", model=model, mode="t2v", seed=5, steps=30)
    made, _ = native.plan(wish, frames=30, rate=Rate(30))
    return replace(made, width=160, height=64, frames=frames, steps=steps)


def latents(
    model: Model,
    wanted: NativePlan,
    *,
    gates: Gates | None = None,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> torch.Tensor:
    """What the steps of a plan make."""
    pipeline = model.pipeline(wanted, image=False)
    text = denoise.read(pipeline, wanted, CPU)
    return denoise.latents(
        pipeline, wanted, text, image=None, last_image=None, tiled=False, gates=gates or Gates(CPU), tell=tell
    )


def load(root: Path, name: str, forms: Forms = ANYWHERE) -> Model:
    """A model in some forms, with its weights as published."""
    return library(forms).get(root / name, "none", needs_bytes=0)
