"""The nouns that cards, footage and muxing share: the size and rate of a video, and a clip without sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.artifacts.store import Artifact
from services.media.clock import Rate

FrameTiming = Literal["constant", "sparse"]
"""Which frames are written: all of the rate's grid, or those that differ and one a second."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The size and rate of a video; pixels, both even."""

    width: int
    height: int
    rate: Rate

    def __post_init__(self) -> None:
        if self.width < 2 or self.height < 2 or self.width % 2 or self.height % 2:
            raise ValueError(f"{self.width}x{self.height} is not a size of even numbers")

    def __str__(self) -> str:
        return f"{self.width}x{self.height} at {self.rate.numerator}/{self.rate.denominator}"


@dataclass(frozen=True, slots=True)
class Clip:
    """A video track without sound: its file, its length on the rate's grid, its size and rate."""

    video: Artifact
    frames: int
    picture: Picture
