"""The weights of a transformer in their form, as soon as they are read."""

from __future__ import annotations

import torch

from services.generation.wan.forms import Expert, projections, scaled
from services.generation.wan.forms.choice import Forms
from services.generation.wan.forms.integers import IntegerLinear
from services.generation.wan.forms.rowwise import Fp8Linear, RowwiseLinear
from services.story.footage import Quantization


def put(expert: Expert, forms: Forms, quantization: Quantization, device: torch.device) -> None:
    """Put a transformer's weights into their form, in place.

    Args:
        expert: As it was published.
        forms: The machine's.
        quantization: The form that is wished for.
        device: Where sums are done for it; the weights stay where they are.
    """
    if forms.fused:
        projections.fuse(expert)
    if quantization != "none":
        # After the projections: one layer has the rows of the three, and the same scales.
        fp8 = RowwiseLinear if forms.fp8_products else Fp8Linear
        scaled.put(expert, IntegerLinear if quantization == "int8" else fp8, device)
