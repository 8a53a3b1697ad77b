"""The size and rate of a video."""

from __future__ import annotations

from dataclasses import dataclass

from services.media.clock import Rate


@dataclass(frozen=True, slots=True)
class Picture:
    """The size and rate of a video; pixels, both even."""

    width: int
    height: int
    rate: Rate

    def __post_init__(self) -> None:
        if self.width < 2 or self.height < 2 or self.width % 2 or self.height % 2:
            raise ValueError(f"{self.width}x{self.height} is not a size of even numbers")
