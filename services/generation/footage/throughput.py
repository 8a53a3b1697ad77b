"""How fast a device works: as a short probe measured it, or what its datasheet says, times the share reached.

The shares are estimates, from published times of these models. A probe on the device replaces datasheets, and
clips that were made correct both (`pace`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.generation.footage.plan import Device  # which holds rates itself

LINEAR_SHARE = 0.65
"""Of the dense bf16 (or fp8) peak in large matrix products: 640 of an H200's 989 TFLOP/s, in its power."""
ATTENTION_SHARE = 0.60
"""Of the dense bf16 peak in fused attention: 600 of 989 TFLOP/s with cuDNN, 370 with FlashAttention 2."""
VAE_SHARE_32 = 0.16
"""Of the dense bf16 peak in the VAE's convolutions on 32-bit values, which run as TF32."""
VAE_SHARE_16 = 0.40
"""The same in bfloat16."""
MEMORY_SHARE = 0.90
"""Of the memory's bandwidth in elementwise work: 4.3 of an H200's 4.8 TB/s."""
LINK_SHARE = 0.80
"""Of one direction of the link to the host, from pinned memory."""
SWAP_SHARE = 0.1
"""Of the link's share, for weights that go to memory that is not pinned and come back; an estimate."""
DISK = 2e9
"""Bytes a second from a local NVMe disk, read in order; networked volumes have less."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What a device reaches, per second: FLOP of each kind of work, bytes of each kind of way.

    Args:
        linear: FLOP of matrix products in bf16.
        linear_fp8: FLOP of those in fp8; where the device has no fp8, as in bf16.
        attention: FLOP of attention.
        vae_32: FLOP of the VAE in 32 bits.
        vae_16: FLOP of the VAE in bfloat16.
        memory: Bytes of device memory read or written.
        link: Bytes between host and device, from pinned memory.
        swap: Bytes that leave the device for the host and come back, through memory that is not pinned.
        disk: Bytes from the disk the models lie on.
    """

    linear: float
    linear_fp8: float
    attention: float
    vae_32: float
    vae_16: float
    memory: float
    link: float
    swap: float
    disk: float = DISK

    def __post_init__(self) -> None:
        slow = [name for name in self.__slots__ if not getattr(self, name) > 0]
        if slow:
            raise ValueError(f"{', '.join(slow)} must be above 0")


def from_datasheet(*, bf16: float, fp8: float | None, memory: float, link: float) -> Rates:
    """Rates from a datasheet's dense peaks: FLOP/s of bf16 and fp8, B/s of memory and one way of the link."""
    return Rates(
        linear=LINEAR_SHARE * bf16,
        linear_fp8=LINEAR_SHARE * (fp8 or bf16),
        attention=ATTENTION_SHARE * bf16,
        vae_32=VAE_SHARE_32 * bf16,
        vae_16=VAE_SHARE_16 * bf16,
        memory=MEMORY_SHARE * memory,
        link=LINK_SHARE * link,
        swap=SWAP_SHARE * LINK_SHARE * link,
    )


DATASHEET: Mapping[str, Rates] = {
    # NVIDIA H200 datasheet, SXM: 989 and 1,979 TFLOP/s dense, 4.8 TB/s, PCIe 5 x16.
    "H200": from_datasheet(bf16=989e12, fp8=1979e12, memory=4.8e12, link=63e9),
    # NVIDIA H100 datasheet, SXM: 3.35 TB/s, the rest as above.
    "H100": from_datasheet(bf16=989e12, fp8=1979e12, memory=3.35e12, link=63e9),
    # NVIDIA A100 80GB datasheet, SXM: 312 TFLOP/s dense, no fp8, 2.039 TB/s, PCIe 4 x16.
    "A100": from_datasheet(bf16=312e12, fp8=None, memory=2.039e12, link=31.5e9),
    # NVIDIA L40S datasheet: 362 and 733 TFLOP/s dense, 864 GB/s, PCIe 4 x16.
    "L40S": from_datasheet(bf16=362e12, fp8=733e12, memory=0.864e12, link=31.5e9),
    # A server of 16 cores with AVX-512, an estimate: enough to tell minutes from days.
    "CPU": Rates(
        linear=5e11,
        linear_fp8=5e11,
        attention=2.5e11,
        vae_32=2.5e11,
        vae_16=2.5e11,
        memory=5e10,
        link=5e10,
        swap=5e10,
    ),
}
"""By device, as its name has it. Forecasts from these are within about 30 %; measured rates are better."""

UNKNOWN = "L40S"
"""Whose rates stand for a CUDA device that is not listed."""


SUSTAINED = 0.85
"""Of what a GPU reaches for milliseconds it keeps so much for minutes, in its power; an estimate."""


def probed(
    *, kind: str, linear: float, attention: float, vae: float, memory: float, link: float, swap: float
) -> Rates:
    """Rates from a short probe of a device.

    Args:
        kind: `cuda` or `cpu`; a processor has no margin that it loses after a moment.
        linear: FLOP a second of a matrix product, in the form the transformers are held in.
        attention: Of attention, likewise.
        vae: Of a convolution, in the form the VAE is held in.
        memory: Bytes a second of an elementwise pass, read and written.
        link: Bytes a second from the host's pinned memory to the device's.
        swap: Bytes a second that leave for other memory of the host and come back.
    """
    share = SUSTAINED if kind == "cuda" else 1.0
    return Rates(
        linear=share * linear,
        linear_fp8=share * linear,
        attention=share * attention,
        vae_32=share * vae,
        vae_16=share * vae,
        memory=memory,
        link=link,
        swap=swap,
    )


def rates_of(device: Device) -> Rates:
    """The rates of a device: as measured on it, else by its name; of an unknown one a careful guess.

    A slice of a device (`MIG 3g.71gb`) has as many sevenths of its rates as its name says.
    """
    if device.rates is not None:
        return device.rates
    if device.kind != "cuda":
        return DATASHEET["CPU"]
    name = device.name.upper()
    whole = DATASHEET[next((key for key in DATASHEET if key != "CPU" and key in name), UNKNOWN)]
    sevenths = re.search(r"MIG ([1-6])G\.", name)
    if sevenths is None:
        return whole
    share = int(sevenths[1]) / 7
    slower = {field: share * getattr(whole, field) for field in Rates.__slots__ if field != "disk"}
    return replace(whole, **slower)
