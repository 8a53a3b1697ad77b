"""What a scene is made of before it is a picture: a background, layers that come and go, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from services.media.clock import Rate
from services.story.look import Palette


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A drawn rectangle with its place and its times; positions in pixels, times in frames of the scene.

    It comes in from `enter` on: position and opacity follow a cubic ease-out for `enter_frames`
    (0: there at once), starting `dx, dy` away from its rest. At `leave` it is gone; the
    `leave_frames` before it fade it out where it rests.
    """

    image: Image.Image
    x: int
    y: int
    enter: int = 0
    enter_frames: int = 0
    dx: int = 0
    dy: int = 0
    leave: int | None = None
    leave_frames: int = 0

    def __post_init__(self) -> None:
        if self.image.mode != "RGBA":
            raise ValueError(f"a layer's image is RGBA, not {self.image.mode}")
        if self.enter < 0 or self.enter_frames < 0 or self.leave_frames < 0:
            raise ValueError(
                f"a layer's times are not negative: {self.enter}, {self.enter_frames}, {self.leave_frames}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """What a scene type draws.

    Args:
        background: uint8, shape (height, width, 3), RGB, already dithered.
        layers: The lowest first.
        unshown: Text that could not be shown, each with the reason.
    """

    background: npt.NDArray[np.uint8]
    layers: tuple[Layer, ...]
    unshown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cues:
    """The frame at which each element of a card comes in; made by `cues.cues`."""

    frames: Mapping[str, int]

    def enter(self, element: str) -> int:
        """The frame an element's first word is spoken.

        Elements that are not spoken stand in `frames` too, spread evenly over the first 60 % of the
        scene in reading order; a name the card does not have comes in with the first frame.
        """
        return self.frames.get(element, 0)


@dataclass(frozen=True, slots=True)
class Canvas:
    """What a scene type draws on: size in pixels, length in frames, the times of its elements, the colours.

    Args:
        width: Even.
        height: Even.
        rate: Frames per second.
        frames: The scene's length.
        cues: When each element comes in.
        palette: The colours.
        fonts: The theme's own font file of each weight that has one.
        logo: The theme's logo, an image file, and whether it stands where a line begins.
        language: Of the text, BCP 47; Han characters take their shapes from it.
    """

    width: int
    height: int
    rate: Rate
    frames: int
    cues: Cues
    palette: Palette
    language: str = "en"
    fonts: Mapping[str, Path] = field(default_factory=dict)
    logo: tuple[Path, bool] | None = None

    def frames_in(self, milliseconds: int) -> int:
        """A duration in frames, rounded to the nearest, at least 1."""
        per_second = self.rate.numerator / self.rate.denominator
        return max(1, round(milliseconds * per_second / 1000))
