"""Measures for a moment how fast the device works, since no datasheet knows the machine it is in."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from statistics import median

import torch
from torch.nn import functional

from services.generation.footage.throughput import Rates, probed
from services.generation.wan import faults

_log = logging.getLogger(__name__)

PATIENCE = 0.08
"""Seconds after which a kind of work is not repeated; six kinds take about half a second in all."""
REPEATS = 20


@dataclass(frozen=True, slots=True)
class _Size:
    tokens: int
    width: int
    inner: int
    heads: int
    channels: int
    side: int
    values: int


_CPU = _Size(tokens=512, width=512, inner=512, heads=4, channels=32, side=24, values=1 << 22)
"""A processor gets work that takes it milliseconds."""
_GPU = _Size(tokens=8192, width=5120, inner=13824, heads=40, channels=96, side=256, values=1 << 26)
"""A GPU gets such work as the models have: a layer of 14 billion parameters, one of the decoder."""
_HEAD, _DEPTH = 128, 4


@lru_cache(maxsize=4)
def rates(device: torch.device, dtype: torch.dtype) -> Rates | None:
    """How fast a device works, measured once a process; None where it cannot be measured now.

    Args:
        device: The device.
        dtype: The form of the models' weights.
    """
    try:
        return _measured(device, dtype)
    except Exception as error:
        if faults.is_sticky(error):
            raise
        # A device that others have filled, or that lacks one of these operations: its datasheet must do.
        _log.warning("the device could not be measured: %s", type(error).__name__)
        return None
    finally:
        if device.type == "cuda":
            torch.cuda.empty_cache()


def _measured(device: torch.device, dtype: torch.dtype) -> Rates:
    size = _CPU if device.type == "cpu" else _GPU

    def drawn(*shape: int) -> torch.Tensor:
        # Never zeros: they take a GPU less power, and so less time.
        return torch.randn(shape, device=device, dtype=torch.float32).to(dtype)

    with torch.inference_mode():
        linear = _linear(drawn(size.tokens, size.width), drawn(size.width, size.inner))
        attention = _attention(drawn(1, size.heads, size.tokens, _HEAD))
        cells = drawn(1, size.channels, _DEPTH, size.side, size.side)
        vae = _convolution(cells, drawn(size.channels, size.channels, 3, 3, 3))
        values = drawn(size.values)
        memory, link, swap = _memory(values), _link(size.values, device), _swap(values)
    return probed(
        kind=device.type,
        linear=linear,
        attention=attention,
        vae=vae,
        memory=memory,
        link=link,
        swap=swap,
    )


def _linear(rows: torch.Tensor, matrix: torch.Tensor) -> float:
    """FLOP a second of a matrix product."""
    return 2.0 * rows.numel() * matrix.shape[1] / _seconds(lambda: rows @ matrix, rows.device)


def _attention(query: torch.Tensor) -> float:
    """FLOP a second of attention of tokens to themselves."""
    flop = 4.0 * query.numel() * query.shape[2]
    attend = functional.scaled_dot_product_attention
    return flop / _seconds(lambda: attend(query, query, query), query.device)


def _convolution(cells: torch.Tensor, kernel: torch.Tensor) -> float:
    """FLOP a second of a convolution that keeps its input's size."""
    flop = 2.0 * kernel.numel() * cells[0, 0].numel()
    return flop / _seconds(lambda: functional.conv3d(cells, kernel, padding=1), cells.device)


def _memory(values: torch.Tensor) -> float:
    """Bytes a second that are read and written in an elementwise pass."""
    return 2.0 * values.nbytes / _seconds(lambda: values * 1.5, values.device)


def _link(count: int, device: torch.device) -> float:
    """Bytes a second from the host's memory to the device's."""
    waiting = torch.randn(count, dtype=torch.float32, pin_memory=device.type == "cuda")
    target = torch.empty_like(waiting, device=device)
    return waiting.nbytes / _seconds(lambda: target.copy_(waiting, non_blocking=True), device)


def _swap(values: torch.Tensor) -> float:
    """Bytes a second that go to the host and come back, as weights do that make room."""
    return values.nbytes / _seconds(lambda: values.to("cpu", copy=True).to(values.device), values.device)


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """Seconds that a piece of work takes, once it is warm: the middle of what there is time for."""
    began = _now(device)
    work()
    found: list[float] = []
    while len(found) < REPEATS and (not found or time.monotonic() - began < PATIENCE):
        before = _now(device)
        work()
        found.append(_now(device) - before)
    return max(median(found), 1e-7)


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.monotonic()
