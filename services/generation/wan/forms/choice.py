"""Which forms the models of a machine take."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from services.generation.wan import device as devices
from services.generation.wan.forms import attention, rowwise
from services.generation.wan.wire import Machine


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms that models are loaded in; all but the last give the model's own picture, but for rounding.

    Args:
        fused: Queries, keys and values in one product; not while a model has LoRAs, which know them apart.
        one_time: One time step a forward where all tokens have the same one.
        compiler: torch's name of what compiles the blocks; empty: they are run as they are written.
        channels_last: The VAE's channels are innermost.
        fp8_products: What is wished for in fp8 is multiplied in it as well, not only held.
    """

    fused: bool = True
    one_time: bool = True
    compiler: str = ""
    channels_last: bool = False
    fp8_products: bool = False


AS_PUBLISHED = Forms(fused=False, one_time=False)
"""None of them."""
ANYWHERE = Forms()
"""Those that every device has."""


def chosen(machine: Machine, device: torch.device) -> Forms:
    """What a machine asks for, as far as its device has it; the kernel of attention is chosen here too.

    On a processor nothing is compiled: the compiler would take longer than it saves.

    Raises:
        Configuration: A kernel of attention is asked for by name, and the device does not have it.
    """
    attention.choose(machine.attention, device)
    gpu = device.type == "cuda"
    return Forms(
        compiler="inductor" if gpu and machine.compiled else "",
        channels_last=gpu,
        fp8_products=rowwise.multiplies(devices.facts(machine, device), device),
    )
