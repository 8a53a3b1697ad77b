"""The rungs of the ladder, in order: what each changes, and whether the picture stays the model's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from services.generation.footage.architecture import Architecture
from services.generation.footage.making import NativePlan
from services.generation.footage.native import DISTILLED_FLOW_SHIFT
from tests.benchmarks.wan import forms

DISTILLED_STEPS = 4


def _nothing(_: Any) -> None:
    """Leave an expert as it is."""


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Rung:
    """One step up.

    Args:
        name: As on the command line.
        says: What it does, in words.
        exact: The picture is the model's, but for rounding.
        change: Changes an expert, in place.
        undo: Takes the change back, where that can be done and leaving it would harm the rungs above.
        replan: What the model is then run with.
        renumber: The model's numbers, for what is forecast.
        models: Those it is for.
        compiles: It takes long to begin with.
        gated: From here on each block has the worker's gate, where a clip can be stopped.
        whole_clip: All steps and the decoder are measured, not some steps.
    """

    name: str
    says: str
    exact: bool = True
    change: Callable[[Any], None] = _nothing
    undo: Callable[[Any], None] = _nothing
    replan: Callable[[NativePlan], NativePlan] = _same
    renumber: Callable[[Architecture], Architecture] = _same
    models: tuple[str, ...] = ("ti2v-5B", "t2v-A14B")
    compiles: bool = False
    gated: bool = False
    whole_clip: bool = False

    @property
    def changes(self) -> bool:
        """It changes the layers, not only what they are run with."""
        return self.change is not _nothing


def _unguided(plan: NativePlan) -> NativePlan:
    return replace(plan, guidance=1.0, guidance_low=None if plan.guidance_low is None else 1.0)


def _distilled(plan: NativePlan) -> NativePlan:
    return replace(
        _unguided(plan), profile="distilled", steps=DISTILLED_STEPS, flow_shift=DISTILLED_FLOW_SHIFT
    )


RUNGS = (
    Rung("plain", "diffusers as it comes, in bfloat16"),
    Rung("cudnn", "attention by cuDNN", change=forms.attend_with_cudnn, undo=forms.attend_with_any),
    Rung(
        "one_time",
        "one time step a forward, not one a token",
        change=forms.tell_time_once,
        renumber=lambda numbers: replace(numbers, per_token_time=False),
        models=("ti2v-5B",),
    ),
    Rung("fused_qkv", "queries, keys and values in one product", change=forms.fuse_projections),
    Rung(
        "compiled",
        "blocks compiled, each with the worker's gate",
        change=forms.compile_blocks,
        undo=forms.forget_compiled,
        compiles=True,
        gated=True,
    ),
    Rung(
        "fp8",
        "linear layers in fp8 by rows",
        exact=False,
        change=forms.multiply_in_fp8,
        replan=lambda plan: replace(plan, quantization="fp8"),
        renumber=lambda numbers: replace(numbers, fp8_products=True),
        compiles=True,
    ),
    Rung("unguided", "no guidance: one forward a step", exact=False, replan=_unguided),
    Rung(
        "distilled",
        "4 steps without guidance and the decoder, a whole clip",
        exact=False,
        replan=_distilled,
        whole_clip=True,
    ),
)


def chosen(names: tuple[str, ...], model: str) -> tuple[Rung, ...]:
    """The rungs of a model by their names, in the ladder's order; all of them for no name."""
    return tuple(rung for rung in RUNGS if model in rung.models and (not names or rung.name in names))
