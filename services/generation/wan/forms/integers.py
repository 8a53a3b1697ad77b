"""Weights as integers of eight bits: half the memory, on every device."""

from __future__ import annotations

import torch

from services.generation.wan.forms.scaled import LEAST, ScaledLinear

LARGEST = 127
"""Of what eight bits hold; -128 is left out, so that both signs reach as far."""


class IntegerLinear(ScaledLinear):
    """A linear layer with weights of -127 to 127."""

    @staticmethod
    def quantised(whole: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The nearest integers; a weight is off by at most half of its row's scale."""
        scale = whole.abs().amax(dim=1, keepdim=True).clamp(min=LEAST) / LARGEST
        return (whole / scale).round().clamp(-LARGEST, LARGEST).to(torch.int8), scale
