"""The channels of a VAE innermost, as the fast kernels of convolutions want them."""

from __future__ import annotations

import torch

_LAYOUTS = {4: torch.channels_last, 5: torch.channels_last_3d}


def put_last(vae: torch.nn.Module) -> None:
    """Lay out the weights of a VAE's convolutions so, in place; their numbers stay."""
    for weight in vae.parameters():
        if weight.ndim in _LAYOUTS:
            weight.data = weight.data.contiguous(memory_format=_LAYOUTS[weight.ndim])
