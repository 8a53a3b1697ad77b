"""Paints set text: one small transparent image, cut to its ink."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from services.cards.typesetting import shaping
from services.cards.typesetting.text import (
    UNTIED,
    X_HEIGHT,
    Block,
    Line,
    Run,
    Style,
    trackable,
    tracked,
    untied,
)

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """An image and where it lies, in pixels."""

    image: Image.Image
    x: int
    y: int

    @property
    def blank(self) -> bool:
        """Whether there is nothing to see."""
        return self.image.width <= 1 and self.image.getbbox() is None

    def at(self, x: float, y: float) -> Sprite:
        """The same image, moved."""
        return Sprite(self.image, self.x + round(x), self.y + round(y))


def paint(
    block: Block,
    colours: Mapping[int, Colour],
    *,
    width: float = 0.0,
    align: str = "start",
    strength: float = 1.0,
) -> Sprite:
    """Draw a block's runs in the colours of their marks.

    Args:
        block: What was set.
        colours: A colour for each mark; runs of other marks are left out.
        width: Of the box the lines are aligned in; by default the longest line's.
        align: `start` (of reading: right in right-to-left text), `center`, `left` or `right`.

    Returns:
        The ink, placed from the box's corner.
    """
    wanted = [n for n, line in enumerate(block.lines) if any(run.mark in colours for run in line.runs)]
    if not wanted:
        return Sprite(Image.new("RGBA", (1, 1)), 0, 0)
    style, first = block.style, wanted[0]
    pad, box = round(style.size * 0.5) + 2, round(width or block.width)
    size = (box + 2 * pad, round((wanted[-1] + 1 - first) * style.line_height) + 2 * pad)
    alpha, tint = Image.new("L", size, 0), Image.new("RGB", size, next(iter(colours.values())))
    pen, brush = ImageDraw.Draw(alpha), ImageDraw.Draw(tint)
    for n in wanted:
        x = pad + _indent(block.lines[n], box, align, block.rtl)
        top = pad + round(n * style.line_height) - round(first * style.line_height)
        for run in block.lines[n].runs:
            if run.mark in colours:
                area = (round(x + run.x), top, round(x + run.x + run.width), top + round(style.line_height))
                brush.rectangle(area, fill=colours[run.mark])
                _draw(pen, x + run.x, top + round(style.baseline), run, style)
                if run.struck:
                    _strike(pen, x + run.x, top + round(style.baseline), run, style)
    return cut(tint, alpha).at(-pad, round(first * style.line_height) - pad)


def _indent(line: Line, box: int, align: str, rtl: bool) -> float:
    right = align == "right" or (align == "start" and rtl)
    return (box - line.width) * (0.5 if align == "center" else float(right))


def cut(tint: Image.Image, alpha: Image.Image) -> Sprite:
    """Colours with their coverage, cut to where there is any."""
    bounds = alpha.getbbox()
    if bounds is None:
        return Sprite(Image.new("RGBA", (1, 1)), 0, 0)
    image = tint.crop(bounds)
    image.putalpha(alpha.crop(bounds))
    return Sprite(image, bounds[0], bounds[1])


def _draw(pen: ImageDraw.ImageDraw, x: float, y: float, run: Run, style: Style) -> None:
    font = run.face.at(style.size)
    if style.tracking and not run.rtl and trackable(run.text):
        for char, step in tracked(run.text, run.face, style):
            pen.text((x, y), char, font=font, fill=255, anchor="ls")
            x += step
        return
    features = UNTIED if untied(run.text, run.face) else None
    shaped = shaping.options(rtl=run.rtl, features=features)
    pen.text((x, y), run.text, font=font, fill=255, anchor="ls", **shaped)


def _strike(pen: ImageDraw.ImageDraw, x: float, y: float, run: Run, style: Style) -> None:
    """A line through the middle of small letters."""
    middle, half = y - X_HEIGHT * style.size / 2, max(0.5, style.size / 32)
    pen.rectangle((round(x), round(middle - half), round(x + run.width), round(middle + half)), fill=255)


def merged(sprites: Sequence[Sprite]) -> Sprite:
    """Several sprites as one, the first lowest."""
    seen = [sprite for sprite in sprites if not sprite.blank]
    if not seen:
        return Sprite(Image.new("RGBA", (1, 1)), 0, 0)
    left, top = min(sprite.x for sprite in seen), min(sprite.y for sprite in seen)
    right = max(sprite.x + sprite.image.width for sprite in seen)
    bottom = max(sprite.y + sprite.image.height for sprite in seen)
    image = Image.new("RGBA", (right - left, bottom - top))
    for sprite in seen:
        image.alpha_composite(sprite.image, (sprite.x - left, sprite.y - top))
    return Sprite(image, left, top)
