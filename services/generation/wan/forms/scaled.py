"""Linear layers whose weights take eight bits, each row with a scale of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

import torch
from torch import nn
from torch.nn import functional

from services.generation.wan.forms import Expert

LEAST = 1e-12
"""The largest value of a row counts as so much at least: a row of zeros has a scale too."""


class ScaledLinear(nn.Linear, ABC):
    """A linear layer in eight bits, made whole again for each product.

    It is one of torch's linear layers, so that LoRAs and offloading take it for what it is.

    Args:
        weight: Eight bits a value, of a type that is no float's, or adapters would be cast to it; shape
            (out, in).
        scale: 32 bits, shape (out, 1).
        bias: Shape (out,).
    """

    scale: torch.Tensor

    def __init__(self, weight: torch.Tensor, scale: torch.Tensor, bias: torch.Tensor | None) -> None:
        with torch.device("meta"):
            super().__init__(weight.shape[1], weight.shape[0], bias=False)
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.scale = nn.Parameter(scale, requires_grad=False)
        if bias is not None:
            self.bias = nn.Parameter(bias, requires_grad=False)

    @staticmethod
    @abstractmethod
    def quantised(whole: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Weights in eight bits, and the scale of each row, of a matrix in 32 bits."""

    def numbers(self) -> torch.Tensor:
        """The weights as numbers, before they are scaled."""
        return self.weight

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """The product, in the type of the values."""
        whole = (self.numbers().float() * self.scale).to(values.dtype)
        return functional.linear(values, whole, self.bias)


Kind = TypeVar("Kind", bound=ScaledLinear)


def put(expert: Expert, kind: type[ScaledLinear], device: torch.device) -> None:
    """Have all linear layers of the blocks take eight bits a weight, in place, one after the other.

    Args:
        expert: Whose blocks.
        kind: How they are held.
        device: Where the sums are done: a GPU does them in a second, a processor in half a minute.
    """
    for block in expert.blocks:
        for parent in list(block.modules()):
            for name, layer in list(parent.named_children()):
                if isinstance(layer, nn.Linear) and not isinstance(layer, ScaledLinear):
                    setattr(parent, name, _of(layer, kind, device))


def _of(layer: nn.Linear, kind: type[Kind], device: torch.device) -> Kind:
    at = layer.weight.device
    weight, scale = kind.quantised(layer.weight.detach().to(device).float())
    return kind(weight.to(at), scale.to(at), None if layer.bias is None else layer.bias.detach())
