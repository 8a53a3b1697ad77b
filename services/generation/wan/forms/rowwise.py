"""Weights in fp8 with a scale for each row: half the memory, and twice the speed where products take them."""

from __future__ import annotations

import logging

import torch

from services.generation.footage.fit import has_fp8
from services.generation.footage.plan import Device
from services.generation.wan.forms.scaled import LEAST, ScaledLinear

_log = logging.getLogger(__name__)

FP8 = torch.float8_e4m3fn
LARGEST = 448.0
"""The largest value of e4m3."""


class Fp8Linear(ScaledLinear):
    """A linear layer with weights in e4m3, held as bytes, for devices that store them and no more."""

    @staticmethod
    def quantised(whole: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The nearest values of e4m3, the largest of each row at its end."""
        small, scale = _small(whole)
        return small.view(torch.uint8), scale

    def numbers(self) -> torch.Tensor:
        """The bytes as what they are."""
        return self.weight.view(FP8)


class RowwiseLinear(Fp8Linear):
    """The same, multiplied in fp8: what comes in is scaled per token as it comes."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """The product, in the type of the values."""
        small, scale = _small(values.flatten(0, -2))
        made = product(small, self.numbers().t(), scale, self.scale.t())
        # Not within the product, where some devices do not take it; compiled it costs nothing here.
        made = made.to(values.dtype) if self.bias is None else (made + self.bias).to(values.dtype)
        return made.view(*values.shape[:-1], made.shape[-1])


def product(
    left: torch.Tensor, right: torch.Tensor, left_scale: torch.Tensor, right_scale: torch.Tensor
) -> torch.Tensor:
    """A product of two matrices in fp8 with a scale for each row of the left and column of the right.

    A processor has none; it does the same in 32 bits.

    Raises:
        RuntimeError: This device, or this build of torch, has no such product.
    """
    if left.is_cuda:
        return torch._scaled_mm(
            left,
            right,
            scale_a=left_scale,
            scale_b=right_scale,
            out_dtype=torch.bfloat16,
            use_fast_accum=True,
        )
    return (left.float() @ right.float()) * left_scale * right_scale


def multiplies(facts: Device, device: torch.device) -> bool:
    """Tell whether a device has products in fp8; one that should and refuses is told in the log."""
    if not has_fp8(facts):
        return False
    try:
        left, right = (torch.ones(64, 64, device=device).to(FP8) for _ in range(2))
        ones = torch.ones(64, 1, device=device)
        product(left, right.t(), ones, ones.t())
    except RuntimeError as error:
        _log.warning("there are no products in fp8, weights are only held in it: %s", str(error)[:500])
        return False
    return True


def _small(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    scale = rows.abs().amax(dim=1, keepdim=True).float().clamp(min=LEAST) / LARGEST
    return (rows.float() / scale).to(FP8), scale
