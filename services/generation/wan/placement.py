"""Where a model's parts lie while a clip is made: all on the device, or some of them on the host."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers.hooks.group_offloading import apply_group_offloading
from diffusers.hooks.hooks import HookRegistry

from services.generation.footage.plan import PLACEMENTS
from services.generation.wan import device as devices
from services.generation.wan.models import Model

HELPS = {
    "load": ("text_encoder_on_host", "idle_expert_on_host", "weights_on_host"),
    "encode_text": ("text_encoder_on_host", "idle_expert_on_host", "weights_on_host"),
    "denoise": ("text_encoder_on_host", "idle_expert_on_host", "weights_on_host"),
    "decode": PLACEMENTS,
}
"""Which rows of PLACEMENTS lower the memory of a phase, in the order in which they are tried."""

TILE, STRIDE = 256, 192
"""Pixels of a decoded tile and from one to the next; smaller ones save nothing, since all of them stay."""


def in_tiles(vae: Any) -> None:
    """Have a VAE work in tiles, until its tiling is disabled."""
    vae.enable_tiling(TILE, TILE, STRIDE, STRIDE)


def next_row(phase: str, taken: Iterable[str]) -> str | None:
    """The next row of PLACEMENTS that helps a phase; None when all are taken."""
    return next((row for row in HELPS.get(phase, ()) if row not in taken), None)


def ordered(rows: Iterable[str]) -> tuple[str, ...]:
    """Rows in the order of PLACEMENTS, each once."""
    rows = set(rows)
    return tuple(row for row in PLACEMENTS if row in rows)


def arrange(model: Model, rows: Iterable[str], device: torch.device) -> None:
    """Put a model's transformers and VAE where a placement wants them; what lies there already stays.

    On a processor nothing moves, for host and device are one.
    """
    rows = frozenset(rows)
    _unhook(model)
    model.parts["vae"].to(device)
    if "weights_on_host" in rows:
        _offload(model, device)
    elif "idle_expert_on_host" in rows and len(model.experts) > 1:
        _take_turns(model, device)
    else:
        for expert in model.experts:
            expert.to(device)


def step_aside(model: Model, device: torch.device) -> None:
    """Have the experts leave the device while the prompt is read; `arrange` fetches them again."""
    if device.type == "cpu" or model.offloaded:
        return
    _unhook(model)
    for expert in model.experts:
        expert.to("cpu")
    devices.give_back(device)


@contextmanager
def reading(encoder: Any, rows: Iterable[str], device: torch.device) -> Iterator[None]:
    """Have a text encoder where a placement wants it while it reads, and where it wants it afterwards."""
    rows = frozenset(rows)
    if "weights_on_host" in rows and device.type != "cpu":
        with streamed(encoder, device):
            yield
        return
    encoder.to(device)
    yield
    if encoder_rests(rows):
        encoder.to("cpu")


@contextmanager
def streamed(module: Any, device: torch.device) -> Iterator[None]:
    """Have the layers of a module come to the device one by one for a while, each as it is called.

    Afterwards it is on the host and as it was, so that another model which shares it may place it anew.
    """
    host = torch.device("cpu")
    module.to(host)
    apply_group_offloading(module, onload_device=device, offload_device=host, offload_type="leaf_level")
    try:
        yield
    finally:
        registry: Any = HookRegistry.check_if_exists_or_initialize(module)
        registry.remove_hook("group_offloading", recurse=True)
        module.to(host)


def all_stay(rows: Iterable[str]) -> bool:
    """Tell whether all parts stay on the device, from when they are read until they are dropped."""
    return set(rows) <= {"tiled_decode"}


def encoder_rests(rows: Iterable[str]) -> bool:
    """Tell whether the text encoder leaves the device once it has read the text."""
    return not {"text_encoder_on_host", "weights_on_host"}.isdisjoint(rows)


def _offload(model: Model, device: torch.device) -> None:
    if model.offloaded or device.type == "cpu":
        return
    model.uncompile("its layers come to the device one by one")
    host = torch.device("cpu")
    for expert in model.experts:
        expert.to(host)
        expert.enable_group_offload(
            onload_device=device, offload_device=host, offload_type="leaf_level", use_stream=True
        )
    model.offloaded = True


def _take_turns(model: Model, device: torch.device) -> None:
    """Have each expert come to the device when it is called, and the other one leave."""
    first, second = model.experts
    for coming, leaving in ((first, second), (second, first)):
        model.swaps.append(coming.register_forward_pre_hook(_swap(leaving, device)))
    second.to("cpu")
    first.to(device)


def _swap(leaving: torch.nn.Module, device: torch.device) -> Callable[[torch.nn.Module, object], None]:
    def swap(coming: torch.nn.Module, _: object) -> None:
        if next(coming.parameters()).device != device:
            leaving.to("cpu")
            devices.give_back(device)
            coming.to(device)

    return swap


def _unhook(model: Model) -> None:
    while model.swaps:
        model.swaps.pop().remove()
