"""A layer made ready to blend: converted to the picture's planes, with its place at every frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from services.cards.drawing.layers import Layer
from services.media.planes import BT709, Box, Plane, Planes, quads

OPAQUE = 256
"""Opacities and alphas are 0 to 256, so that a blend divides by a shift; v·a + w·(256-a) fits 16 bits."""

_EIGHT = np.uint16(8)
_HALF = np.uint16(128)

_BAND_PIXELS = 65_536
"""Pixels blended at once: what is in between stays in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a layer stands and how opaque it is (1 to 256)."""

    x: int
    y: int
    opacity: int


@dataclass(frozen=True, slots=True)
class _Part:
    """One plane of a layer: its values, and its alphas from 0 to 256."""

    value: Plane
    alpha: npt.NDArray[np.uint16]

    def onto(self, target: Plane, top: int, left: int, opacity: int) -> None:
        """Blend what starts at (top, left) of this part and is as large as the target."""
        height, width = target.shape
        band = max(1, _BAND_PIXELS // max(1, width))
        for row in range(0, height, band):
            rows = target[row : row + band]
            part = np.s_[top + row : top + row + len(rows), left : left + width]
            alpha = self.alpha[part]
            if opacity != OPAQUE:
                alpha = (alpha * np.uint16(opacity)) >> _EIGHT
            total = self.value[part] * alpha
            total += _HALF
            total += rows * (OPAQUE - alpha)
            total >>= _EIGHT
            rows[...] = total


class Sprite:
    """A layer cut to what shows, converted once.

    Luma moves by single pixels; chroma follows, converted for each of the (at most four) parities of a place.
    """

    __slots__ = ("_chroma", "_image", "_luma", "layer", "x", "y")

    def __init__(self, layer: Layer) -> None:
        seen = layer.image.getchannel("A").getbbox() or (0, 0, 1, 1)
        self.layer = layer
        self.x = layer.x + seen[0]
        self.y = layer.y + seen[1]
        self._image = layer.image if seen == (0, 0, *layer.image.size) else layer.image.crop(seen)
        self._luma: _Part | None = None
        self._chroma: dict[tuple[int, int], tuple[_Part, _Part]] = {}

    def at(self, frame: int) -> Place | None:
        """Its place at a frame, or None while it does not show."""
        layer = self.layer
        if frame < layer.enter or (layer.leave is not None and frame >= layer.leave):
            return None
        opacity, dx, dy = OPAQUE, 0, 0
        if (age := frame - layer.enter) < layer.enter_frames:
            # Cubic ease-out in integers, so that no platform's rounding shows: what is left is (1 - t)³.
            left, whole = (layer.enter_frames - age - 1) ** 3, layer.enter_frames**3
            opacity = OPAQUE * (whole - left) // whole
            dx, dy = _share(layer.dx, left, whole), _share(layer.dy, left, whole)
        if layer.leave is not None and layer.leave - frame <= layer.leave_frames:
            opacity = opacity * (layer.leave - frame) // (layer.leave_frames + 1)
        return Place(self.x + dx, self.y + dy, opacity) if opacity else None

    def settled(self, frame: int) -> bool:
        """Tell whether it shows from this frame on as it is, for ever."""
        return self.layer.leave is None and frame >= self.layer.enter + max(0, self.layer.enter_frames - 1)

    def changes(self) -> tuple[tuple[int, int], ...]:
        """The frames at which it may differ from the frame before, as ranges [first, last]."""
        entrance = (self.layer.enter, self.layer.enter + max(0, self.layer.enter_frames - 1))
        if self.layer.leave is None:
            return (entrance,)
        return (entrance, (self.layer.leave - self.layer.leave_frames, self.layer.leave))

    def box(self, place: Place) -> Box:
        """Where it lies, on even borders; it may reach over the picture's edge."""
        width, height = self._image.size
        return Box(place.x & ~1, place.y & ~1, (place.x + width + 1) & ~1, (place.y + height + 1) & ~1)

    def reach(self) -> Box:
        """All it can ever touch: between where it comes from and where it rests it moves straight."""
        rest = Place(self.x, self.y, OPAQUE)
        start = Place(self.x + self.layer.dx, self.y + self.layer.dy, OPAQUE)
        return self.box(rest).join(self.box(start))

    def blend(self, picture: Planes, place: Place, within: Box) -> None:
        """Blend it onto a picture, inside a rectangle of the picture that it meets."""
        if self._luma is None:
            self._luma = _luma(self._image)
        cut, (width, height) = self.box(place).cut(within), self._image.size
        top, bottom = max(cut.top, place.y), min(cut.bottom, place.y + height)
        left, right = max(cut.left, place.x), min(cut.right, place.x + width)
        self._luma.onto(
            picture.planes[0][top:bottom, left:right], top - place.y, left - place.x, place.opacity
        )
        parity = (place.x & 1, place.y & 1)
        if parity not in self._chroma:
            self._chroma[parity] = _chroma(self._image, *parity)
        target = np.s_[cut.top // 2 : cut.bottom // 2, cut.left // 2 : cut.right // 2]
        top, left = cut.top // 2 - place.y // 2, cut.left // 2 - place.x // 2
        for plane, part in zip(picture.planes[1:], self._chroma[parity], strict=True):
            part.onto(plane[target], top, left, place.opacity)


def _share(way: int, left: int, whole: int) -> int:
    """way · left / whole, to the nearest integer, halves away from zero."""
    size = (2 * abs(way) * left + whole) // (2 * whole)
    return size if way >= 0 else -size


def _luma(image: Image.Image) -> _Part:
    alpha = np.asarray(image.getchannel("A")).astype(np.uint16)
    value = np.asarray(image.convert("RGB").convert("L", BT709[:4]))
    return _Part(value, alpha * np.uint16(OPAQUE) // np.uint16(255))


def _chroma(image: Image.Image, odd_x: int, odd_y: int) -> tuple[_Part, _Part]:
    width, height = (image.width + odd_x + 1) & ~1, (image.height + odd_y + 1) & ~1
    if (width, height) != image.size:
        padded = Image.new("RGBA", (width, height))
        padded.paste(image, (odd_x, odd_y))
        image = padded
    alpha = np.asarray(image.getchannel("A")).astype(np.uint16)
    whole = quads(alpha)
    divisor, half = np.maximum(whole, 1), whole // 2
    fade = ((whole * OPAQUE + 510) // 1020).astype(np.uint16)
    rgb = image.convert("RGB")
    parts = []
    for row in (4, 8):
        # Weighted by alpha: the colour under what is not seen must not fringe the edge.
        channel = np.asarray(rgb.convert("L", BT709[row : row + 4]))
        value = (quads(channel * alpha) + half) // divisor
        parts.append(_Part(value.astype(np.uint8), fade))
    return parts[0], parts[1]
