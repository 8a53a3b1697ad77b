"""What a library's exception means: which of our errors it is, and whether it can be cured on the spot."""

from __future__ import annotations

import errno

import torch

from services.chassis.errors import DeviceFault, GenerationFailed, StoreFull, StoryreelError

_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "ALLOC_FAILED")
"""What the processor's allocator, the driver and cuBLAS say, which have no class of their own for it."""
_DEVICE = ("CUDA error", "Triton Error [CUDA]")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_memory(error: BaseException) -> bool:
    """Tell whether it says that memory ran out: a GPU's, or the processor's when that generates."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _MEMORY)


def is_sticky(error: BaseException) -> bool:
    """Tell whether the device failed in a way that all later work in this process meets again."""
    if is_memory(error):
        return False
    return isinstance(error, torch.AcceleratorError) or (
        isinstance(error, RuntimeError) and str(error).startswith(_DEVICE)
    )


def of(error: Exception, phase: str) -> StoryreelError:
    """Our error for what a library raised in a phase of the work.

    Args:
        error: Anything but a shortage of memory.
        phase: `load`, `encode_text`, `denoise`, `decode` or `encode`.
    """
    if isinstance(error, StoryreelError):
        return error
    kind = type(error).__name__
    if is_sticky(error):
        return DeviceFault(
            f"The device failed during {phase} ({kind}). The process that uses it is started again.",
            metadata={"phase": phase, "error": kind},
        )
    if isinstance(error, OSError) and error.errno in _FULL:
        return StoreFull(
            f"The disk was full during {phase}: make room, then try again.",
            metadata={"phase": phase},
        )
    return GenerationFailed(
        f"The pipeline failed during {phase} ({kind}).",
        metadata={"phase": phase, "error": kind},
    )
