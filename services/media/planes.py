"""A frame as the encoder wants it: YUV 4:2:0, BT.709, limited range, in one buffer, and rectangles of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

Plane = npt.NDArray[np.uint8]


def _bt709() -> tuple[float, ...]:
    """RGB (0 to 255) to YCbCr in limited range, as rows of three factors and an offset (ITU-R BT.709)."""
    red, green, blue = 0.2126, 0.7152, 0.0722
    luma, chroma = 219 / 255, 224 / 255
    to_blue, to_red = chroma / (2 * (1 - blue)), chroma / (2 * (1 - red))
    return (
        *(red * luma, green * luma, blue * luma, 16.0),
        *(-red * to_blue, -green * to_blue, (1 - blue) * to_blue, 128.0),
        *((1 - red) * to_red, -green * to_red, -blue * to_red, 128.0),
    )


BT709 = _bt709()
"""For `Image.convert("RGB", BT709)`, which rounds to the nearest."""


def quads(plane: npt.NDArray[np.integer]) -> npt.NDArray[np.uint32]:
    """The sum of each 2 by 2 square."""
    rows = np.add(plane[0::2], plane[1::2], dtype=np.uint32)
    squares: npt.NDArray[np.uint32] = rows[:, 0::2] + rows[:, 1::2]
    return squares


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in luma pixels on even borders, right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    def meets(self, other: Box) -> bool:
        """Tell whether they share a pixel."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def join(self, other: Box) -> Box:
        """The smallest rectangle around both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def cut(self, other: Box) -> Box:
        """What both share; they must meet."""
        return Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )


def apart(boxes: list[Box]) -> list[Box]:
    """Rectangles around the given ones of which no two meet, so that no pixel is blended twice."""
    done: list[Box] = []
    for box in boxes:
        while clash := next((other for other in done if box.meets(other)), None):
            done.remove(clash)
            box = box.join(clash)
        done.append(box)
    return done


class Planes:
    """One frame; `buffer` has the shape (height · 3 / 2, width), `planes` are views of it: Y, U, V."""

    __slots__ = ("buffer", "planes")

    def __init__(self, width: int, height: int) -> None:
        self.buffer: Plane = np.zeros((height * 3 // 2, width), np.uint8)
        flat, luma, chroma = self.buffer.reshape(-1), width * height, width * height // 4
        self.planes: tuple[Plane, Plane, Plane] = (
            flat[:luma].reshape(height, width),
            flat[luma : luma + chroma].reshape(height // 2, width // 2),
            flat[luma + chroma :].reshape(height // 2, width // 2),
        )

    def fill(self, rgb: Plane) -> None:
        """Take over a whole image, uint8, shape (height, width, 3)."""
        yuv = np.asarray(Image.fromarray(rgb).convert("RGB", BT709))
        self.planes[0][...] = yuv[..., 0]
        for plane, channel in zip(self.planes[1:], (1, 2), strict=True):
            plane[...] = (quads(yuv[..., channel]) + 2) >> 2

    def copy(self, other: Planes, box: Box | None = None) -> None:
        """Take over another picture, or a rectangle of it."""
        if box is None:
            self.buffer[...] = other.buffer
            return
        for shift, mine, its in zip((0, 1, 1), self.planes, other.planes, strict=True):
            part = np.s_[box.top >> shift : box.bottom >> shift, box.left >> shift : box.right >> shift]
            mine[part] = its[part]
