"""Plays a drawing frame by frame into one picture, touching only what changes."""

from __future__ import annotations

import numpy as np

from services.cards.drawing.layers import Drawing
from services.cards.drawing.sprite import Place, Sprite
from services.media.planes import Box, Planes, apart


class Ground:
    """The last background as planes, kept because the scenes of a video share one array."""

    def __init__(self) -> None:
        self._source: np.ndarray[tuple[int, ...], np.dtype[np.uint8]] | None = None
        self._picture = Planes(2, 2)

    def of(self, drawing: Drawing) -> Planes:
        """The drawing's background; not to be written to."""
        if drawing.background is not self._source:
            height, width, _ = drawing.background.shape
            self._picture = Planes(width, height)
            self._picture.fill(drawing.background)
            self._source = drawing.background
        return self._picture


class Film:
    """A drawing in motion; `picture` holds the frame last shown.

    Each frame restores and blends only the rectangles of layers that moved, came or went. A layer that
    has settled sinks into the base once nothing below it can change any more. Every frame is the very
    picture that drawing it alone from scratch would give.
    """

    def __init__(self, drawing: Drawing, ground: Planes) -> None:
        height, width, _ = drawing.background.shape
        self.picture = Planes(width, height)
        self._screen = Box(0, 0, width, height)
        self._base = Planes(width, height)
        self._base.copy(ground)
        self.picture.copy(ground)
        self._sprites = [Sprite(layer) for layer in drawing.layers]
        self._places: dict[int, Place] = {}
        self._frame = -1
        self._calm_until = 0

    def show(self, frame: int) -> bool:
        """Bring the picture to a later frame; tell whether it changed (the first always has)."""
        first = self._frame < 0
        if frame <= self._frame:
            raise ValueError(f"frame {frame} was asked for after frame {self._frame}")
        self._frame = frame
        if frame < self._calm_until:
            return False
        changed = self._draw(frame)
        self._sink(frame)
        self._calm_until = self._next_change(frame)
        return changed or first

    def _draw(self, frame: int) -> bool:
        before, self._places = self._places, {}
        dirty: list[Box] = []
        for sprite in self._sprites:
            key, place = id(sprite), sprite.at(frame)
            if place is not None:
                self._places[key] = place
            if place != (old := before.get(key)):
                dirty += [sprite.box(p) for p in (old, place) if p is not None]
        boxes = apart([box.cut(self._screen) for box in dirty if box.meets(self._screen)])
        for box in boxes:
            self.picture.copy(self._base, box)
            for sprite in self._sprites:
                place = self._places.get(id(sprite))
                if place is not None and sprite.box(place).meets(box):
                    sprite.blend(self.picture, place, box)
        return bool(boxes)

    def _sink(self, frame: int) -> None:
        """Blend settled layers into the base, unless one below them may still change under them."""
        staying: list[Sprite] = []
        for sprite in self._sprites:
            if not sprite.settled(frame):
                if sprite.layer.leave is None or sprite.layer.leave > frame:
                    staying.append(sprite)
                continue
            place = self._places.pop(id(sprite))
            box = sprite.box(place)
            if any(box.meets(lower.reach()) for lower in staying):
                self._places[id(sprite)] = place
                staying.append(sprite)
            elif box.meets(self._screen):
                sprite.blend(self._base, place, self._screen)
        self._sprites = staying

    def _next_change(self, frame: int) -> int:
        """The next frame at which some layer may look different; far away if none does."""
        return min(
            (
                max(first, frame + 1)
                for sprite in self._sprites
                for first, last in sprite.changes()
                if last > frame
            ),
            default=1 << 62,
        )
