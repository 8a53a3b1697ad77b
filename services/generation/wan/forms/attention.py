"""The kernel of attention: chosen once for the whole process, by torch's own order of them."""

from __future__ import annotations

import logging

import torch
from torch.nn.attention import SDPBackend

from services.chassis.errors import Configuration, Suggestion
from services.generation.wan.wire import Attention

_log = logging.getLogger(__name__)

_CUDNN = SDPBackend.CUDNN_ATTENTION.name
_HOPPER = 9
_OWN_ORDER: list[int] = torch._C._get_sdp_priority_order()


def choose(wanted: Attention, device: torch.device) -> None:
    """Have attention done by the kernel that is wanted.

    Args:
        wanted: `cudnn`, `any` that torch prefers, or `auto`: cuDNN's on Hopper, where it is about twice as
            fast as FlashAttention 2, if torch has it there.
        device: Where it is done; a processor has one kernel only.

    Raises:
        Configuration: cuDNN's is wanted by name, and this device or this build of torch does not have it.
    """
    prefer_any()
    if wanted == "any" or (wanted == "auto" and not _is_hopper(device)):
        return
    try:
        prefer_cudnn(device)
    except RuntimeError as error:
        if wanted == "cudnn":
            raise Configuration(
                f"Attention by cuDNN is asked for, and cannot be had here: {error}.",
                suggestions=[Suggestion("Set STORYREEL_GENERATION_ATTENTION to auto or any.")],
                metadata={"setting": "attention", "value": wanted},
            ) from error
        _log.warning("attention is not done by cuDNN: %s", error)


def prefer_cudnn(device: torch.device) -> None:
    """Put cuDNN's kernel before the others, which stay for what it does not take, such as the VAE's heads.

    Raises:
        RuntimeError: There is no such kernel here; things are as they were.
    """
    if device.type != "cuda":
        raise RuntimeError(f"the device {device.type} has no such kernel")
    own = [kernel for kernel in _OWN_ORDER if kernel != SDPBackend.CUDNN_ATTENTION.value]
    torch.backends.cuda.enable_cudnn_sdp(True)
    torch._C._set_sdp_priority_order([SDPBackend.CUDNN_ATTENTION.value, *own])
    if (taken := kernel(device)) != _CUDNN:
        prefer_any()
        raise RuntimeError(f"torch {torch.__version__} takes {taken}")


def prefer_any() -> None:
    """Leave the order to torch."""
    torch._C._set_sdp_priority_order(_OWN_ORDER)


def kernel(device: torch.device, *, width: int = 128) -> str:
    """The kernel that torch takes for the attention of these models, as things are now.

    Args:
        device: Where it is done.
        width: Of a head.
    """
    query = torch.empty(1, 4, 1024, width, device=device, dtype=torch.bfloat16)
    return SDPBackend(torch._fused_sdp_choice(query, query, query)).name


def _is_hopper(device: torch.device) -> bool:
    return device.type == "cuda" and torch.cuda.get_device_capability(device)[0] == _HOPPER
