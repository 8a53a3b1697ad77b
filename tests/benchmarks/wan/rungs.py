"""The rungs of the ladder, in order: what each changes, and whether the picture stays the model's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from services.generation.footage.architecture import Architecture
from services.generation.footage.native import DISTILLED_FLOW_SHIFT
from services.generation.footage.plan import NativePlan
from services.generation.wan.cancellation import Gates
from services.generation.wan.forms import attention, blocks, choice, projections, weights
from services.generation.wan.forms.blocks import Compilation
from services.generation.wan.models import Model
from services.generation.wan.wire import Machine
from services.story.footage import Quantization

DISTILLED_STEPS = 4


def _nothing(_: Model) -> None:
    """Leave a model as it is."""


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Rung:
    """One step up.

    Args:
        name: As on the command line.
        says: What it does, in words.
        exact: The picture is the model's, but for rounding.
        loaded: The model is drawn anew, in this form of its weights, and prepared as the product's library
            prepares what it has loaded; None: the one of the rung before stays.
        change: Changes the model, in place.
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
    loaded: Quantization | None = None
    change: Callable[[Model], None] = _nothing
    undo: Callable[[Model], None] = _nothing
    replan: Callable[[NativePlan], NativePlan] = _same
    renumber: Callable[[Architecture], Architecture] = _same
    models: tuple[str, ...] = ("ti2v-5B", "t2v-A14B")
    compiles: bool = False
    gated: bool = False
    whole_clip: bool = False

    @property
    def changes(self) -> bool:
        """It changes the layers, not only what they are run with."""
        return self.change is not _nothing or self.loaded is not None


def _unguided(plan: NativePlan) -> NativePlan:
    return replace(plan, guidance=1.0, guidance_low=None if plan.guidance_low is None else 1.0)


def _distilled(plan: NativePlan) -> NativePlan:
    return replace(
        _unguided(plan), profile="distilled", steps=DISTILLED_STEPS, flow_shift=DISTILLED_FLOW_SHIFT
    )


def _attend_with_cudnn(model: Model) -> None:
    device = _device(model)
    if device.type == "cuda":
        attention.prefer_cudnn(device)


def _tell_time_once(model: Model) -> None:
    model.forms = replace(model.forms, one_time=True)


def _fuse(model: Model) -> None:
    for expert in model.experts:
        projections.fuse(expert)
    model.forms = replace(model.forms, fused=True)


def _compile(model: Model) -> None:
    model.compilation = Compilation(model.experts, compiler(_device(model)))


def _forget_compiled(model: Model) -> None:
    model.compilation = None
    for expert in model.experts:
        blocks.forget(expert)


def compiler(device: torch.device) -> str:
    """What compiles; on a processor graphs are traced and run as they are: what may fail shows in seconds."""
    return "inductor" if device.type == "cuda" else "aot_eager"


def prepare(model: Model, quantization: Quantization, *, gates: Gates) -> None:
    """Put a model into its forms as the product's library does, with the settings that it has on a GPU.

    On a processor too everything is compiled, and multiplied in fp8, to see that it runs.
    """
    device = _device(model)
    forms = choice.chosen(Machine(device=str(device), compiled=True), device)
    if device.type == "cpu":
        forms = replace(forms, compiler=compiler(device), fp8_products=True)
    for expert in model.experts:
        weights.put(expert, forms, quantization, device)
    model.prepare(forms, gates=gates)


def compiled_or_raise(model: Model) -> None:
    """Raises RuntimeError when a model was to be compiled, and could not be."""
    if model.compilation is not None and not model.compilation.works:
        raise RuntimeError(f"not compiled: {model.compilation.given_up}")


def _device(model: Model) -> torch.device:
    device: torch.device = model.experts[0].proj_out.weight.device
    return device


def _once(numbers: Architecture) -> Architecture:
    return replace(numbers, per_token_time=False)


RUNGS = (
    Rung("plain", "diffusers as it comes, in bfloat16"),
    Rung(
        "cudnn",
        "attention by cuDNN",
        change=_attend_with_cudnn,
        undo=lambda model: attention.prefer_any(),
    ),
    Rung(
        "one_time",
        "one time step a forward, not one a token",
        change=_tell_time_once,
        renumber=_once,
        models=("ti2v-5B",),
    ),
    Rung("fused_qkv", "queries, keys and values in one product", change=_fuse),
    Rung(
        "compiled",
        "blocks compiled, each with the worker's gate",
        change=_compile,
        undo=_forget_compiled,
        compiles=True,
        gated=True,
    ),
    Rung(
        "storyreel",
        "drawn anew and put into the product's own forms by its own code: what users get",
        loaded="none",
        renumber=_once,
        compiles=True,
    ),
    Rung(
        "fp8",
        "the same with linear layers in fp8 by rows",
        exact=False,
        loaded="fp8",
        replan=lambda plan: replace(plan, quantization="fp8"),
        renumber=lambda numbers: replace(_once(numbers), fp8_products=True),
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
