"""Queries, keys and values in one product, and apart again: the same numbers either way."""

from __future__ import annotations

import torch
from torch import nn

from services.generation.wan.forms import Expert
from services.generation.wan.forms.scaled import ScaledLinear

_SELF = ("to_qkv", ("to_q", "to_k", "to_v"))
"""Of attention to itself: the name of the one layer as diffusers calls it, and those of its parts."""
_CROSS = ("to_kv", ("to_k", "to_v"))
"""Of attention to the text."""


def fuse(expert: Expert) -> None:
    """Put the layers together, in place. The single ones go, which diffusers would keep beside it."""
    for block in expert.blocks:
        for attention, (whole, parts) in ((block.attn1, _SELF), (block.attn2, _CROSS)):
            if attention.fused_projections:
                continue
            setattr(attention, whole, _together([getattr(attention, name) for name in parts]))
            for name in parts:
                delattr(attention, name)
            attention.fused_projections = True


def split(expert: Expert) -> None:
    """Take them apart, in place and without a copy, by the names that LoRAs know them by."""
    for block in expert.blocks:
        for attention, (whole, parts) in ((block.attn1, _SELF), (block.attn2, _CROSS)):
            if not attention.fused_projections:
                continue
            for name, layer in zip(parts, _apart(getattr(attention, whole), len(parts)), strict=True):
                setattr(attention, name, layer)
            delattr(attention, whole)
            attention.fused_projections = False


def _together(layers: list[nn.Linear]) -> nn.Linear:
    rows = [_rows(layer) for layer in layers]
    return _like(layers[0], {name: torch.cat([each[name] for each in rows]) for name in rows[0]})


def _apart(layer: nn.Linear, count: int) -> list[nn.Linear]:
    chunks = {name: tensor.chunk(count) for name, tensor in _rows(layer).items()}
    return [_like(layer, {name: of[at] for name, of in chunks.items()}) for at in range(count)]


def _rows(layer: nn.Linear) -> dict[str, torch.Tensor]:
    """What a layer is made of; of each tensor the first dimension is that of the outputs."""
    return {name: tensor.detach() for name, tensor in layer.named_parameters(recurse=False)}


def _like(layer: nn.Linear, tensors: dict[str, torch.Tensor]) -> nn.Linear:
    """A layer of the same kind, made of other tensors."""
    weight, bias = tensors["weight"], tensors.get("bias")
    if isinstance(layer, ScaledLinear):
        return type(layer)(weight, tensors["scale"], bias)
    with torch.device("meta"):
        made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    made.weight = nn.Parameter(weight, requires_grad=False)
    if bias is not None:
        made.bias = nn.Parameter(bias, requires_grad=False)
    return made.train(layer.training)
