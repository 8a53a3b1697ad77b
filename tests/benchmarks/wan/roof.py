"""What the device can do at best: matrix products, attention by each kernel, memory, the link to the host."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from services.generation.wan.forms.attention import kernel as kernel_taken
from services.generation.wan.forms.rowwise import FP8, product
from tests.benchmarks.wan.run import Row, Run, Stamp, median_seconds, relative
from tests.benchmarks.wan.workloads import CLIPS, workload

SIDE = 8192
"""Rows and columns: large enough to fill every current GPU."""
SUSTAINED_SECONDS = 6.0
"""Long enough for the clock to come down to what the power limit allows."""
KERNELS = {
    "default": None,
    "flash": SDPBackend.FLASH_ATTENTION,
    "cudnn": SDPBackend.CUDNN_ATTENTION,
}


def measure(run: Run) -> None:
    """Products, attention, memory and link; forecasts of later cases use what was found."""
    on_gpu = run.device.type == "cuda"
    run.attempt("roof-gemm", lambda: _products(run), needs=SUSTAINED_SECONDS if on_gpu else 0)
    if on_gpu:
        run.attempt("roof-gemm-fp8", lambda: _products_in_fp8(run), needs=5)
        run.attempt("roof-memory", lambda: _memory(run), needs=5)
        run.attempt("roof-link", lambda: _link(run), needs=5)
    for name in CLIPS:
        for kernel in KERNELS if on_gpu else ("default",):
            run.attempt(
                f"attention-{name}-{kernel}", partial(_attention, run, name, kernel), needs=3 if on_gpu else 0
            )
    reached = [row["tflops"] for row in run.rows if row["case"].startswith("attention-") and "tflops" in row]
    if on_gpu and reached:
        run.rates = replace(run.rates, attention=1e12 * max(reached))


def _products(run: Run) -> Row:
    side = 128 if run.tiny else SIDE
    left, right = (torch.randn(side, side, device=run.device).bfloat16() for _ in range(2))
    burst = median_seconds(lambda: left @ right, run.device, times=10)
    count, begins, ends = 0, Stamp(run.device), time.monotonic() + (0.1 if run.tiny else SUSTAINED_SECONDS)
    while time.monotonic() < ends:
        for _ in range(20):
            left @ right
        count += 20
        now = Stamp(run.device)
        lasted = now.seconds_since(begins)
    work = 2 * side**3
    run.rates = replace(run.rates, linear=count * work / lasted)
    return {"tflops": _tera(run.rates.linear), "burst_tflops": _tera(work / burst)}


def _products_in_fp8(run: Run) -> Row:
    side = 128 if run.tiny else SIDE
    left, right = (torch.randn(side, side, device=run.device).to(FP8) for _ in range(2))
    ones = torch.ones(side, 1, device=run.device)
    took = median_seconds(lambda: product(left, right.t(), ones, ones.t()), run.device, times=50)
    run.rates = replace(run.rates, linear_fp8=2 * side**3 / took)
    return {"tflops": _tera(run.rates.linear_fp8)}


def _memory(run: Run) -> Row:
    source = torch.randint(256, (1 << 30,), device=run.device, dtype=torch.uint8)
    target = torch.empty_like(source)
    took = median_seconds(lambda: target.copy_(source), run.device, times=10)
    run.rates = replace(run.rates, memory=2 * source.nbytes / took)
    return {"tb_per_second": _tera(run.rates.memory, 2)}


def _link(run: Run) -> Row:
    host = torch.randint(256, (1 << 30,), dtype=torch.uint8).pin_memory()
    there = torch.empty_like(host, device=run.device)
    up = median_seconds(lambda: there.copy_(host, non_blocking=True), run.device, times=5)
    down = median_seconds(lambda: host.copy_(there, non_blocking=True), run.device, times=5)
    run.rates = replace(run.rates, link=host.nbytes / up)
    gigabytes = host.nbytes / 1e9
    return {
        "to_device_gb_per_second": round(gigabytes / up, 1),
        "back_gb_per_second": round(gigabytes / down, 1),
    }


def _attention(run: Run, name: str, kernel: str) -> Row:
    clip = workload(name, tiny=run.tiny)
    net, tokens = clip.numbers.transformer, clip.tokens
    shape = (1, net.heads, tokens, net.head_width)
    query, key, value = (torch.randn(shape, device=run.device).bfloat16() for _ in range(3))
    chosen = KERNELS[kernel]
    with nullcontext() if chosen is None else sdpa_kernel(chosen):
        taken = kernel_taken(run.device, width=net.head_width)
        took = median_seconds(lambda: scaled_dot_product_attention(query, key, value), run.device, times=5)
        made = scaled_dot_product_attention(query, key, value)
    # Some of the queries are enough: against all keys, in 32 bits, they are what is right.
    some = slice(0, min(tokens, 256))
    scores = (query[:, :, some].float() @ key.float().mT / net.head_width**0.5).softmax(-1)
    flop = 4 * tokens**2 * net.width
    return {
        "kernel": taken,
        "milliseconds": round(took * 1000, 2),
        "tflops": _tera(flop / took),
        "error": relative(made[:, :, some], scores @ value.float()),
    }


def _tera(value: float, digits: int = 1) -> float:
    return round(value / 1e12, digits)
