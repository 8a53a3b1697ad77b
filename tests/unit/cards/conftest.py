"""Drawings for the tests of what turns layers into clips."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image, ImageDraw

from services.cards.drawing.layers import Drawing, Layer
from services.cards.typesetting import faces

WIDTH, HEIGHT = 322, 240


def blob(width: int, height: int, colour: tuple[int, int, int], seed: int = 0) -> Image.Image:
    """An ellipse with soft noise in its alpha: every opacity occurs."""
    image = Image.new("RGBA", (width, height), (*colour, 0))
    ImageDraw.Draw(image).ellipse((0, 0, width - 1, height - 1), fill=(*colour, 255))
    noise = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    alpha = np.minimum(np.asarray(image.getchannel("A")), noise | 0x80)
    image.putalpha(Image.fromarray(alpha))
    return image


@pytest.fixture
def drawing() -> Callable[[], Drawing]:
    """Makes a drawing with all that can happen: overlaps, odd places, edges, pages, fades, a hard cut."""

    def make() -> Drawing:
        ramp = np.add.outer(np.arange(HEIGHT), np.arange(WIDTH))
        background = np.stack([ramp // 4, ramp // 5, ramp // 3], axis=-1).astype(np.uint8)
        layers = (
            Layer(blob(201, 101, (250, 180, 40)), 11, 7),
            Layer(blob(90, 45, (20, 200, 240), 1), 33, 21, enter=3, enter_frames=9, dx=-15, dy=7),
            Layer(blob(61, 61, (240, 240, 240), 2), 150, 90, enter=5, enter_frames=6, dy=36, leave=30),
            Layer(blob(80, 33, (90, 20, 160), 3), 140, 100, enter=8, enter_frames=4, dx=9),
            Layer(blob(120, 50, (0, 0, 0), 4), -40, 200, enter=10, enter_frames=7, dx=-60),
            Layer(blob(70, 70, (200, 30, 30), 5), 290, 190, enter=12, leave=40, leave_frames=8),
            Layer(blob(50, 20, (30, 200, 30), 6), 100, 20, enter=31, enter_frames=5, dy=-11),
            Layer(Image.new("RGBA", (40, 40)), 60, 60, enter=2),
            Layer(blob(30, 30, (255, 255, 255), 7), 900, 900, enter=1, enter_frames=20, dx=-40),
        )
        return Drawing(background, layers)

    return make


def font(path: Path, chars: str) -> Path:
    """Write a font in which each of some characters is a square."""
    names = [f"u{ord(char):04X}" for char in chars]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names])
    builder.setupCharacterMap(dict(zip(map(ord, chars), names, strict=True)))
    pen = TTGlyphPen(None)
    for n, at in enumerate(((100, 0), (100, 700), (800, 700), (800, 0))):
        (pen.lineTo if n else pen.moveTo)(at)
    pen.closePath()
    square = pen.glyph()
    builder.setupGlyf(dict.fromkeys((".notdef", *names), square))
    builder.setupHorizontalMetrics(dict.fromkeys((".notdef", *names), (900, 100)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": path.stem, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """A machine without any fonts but the vendored ones, on which fonts can be installed."""
    there: list[Path] = []

    def install(path: Path) -> None:
        there.append(path)
        faces.face_of.cache_clear()

    monkeypatch.setattr(faces, "installed", lambda: tuple(there))
    faces.face_of.cache_clear()
    yield install
    faces.face_of.cache_clear()
