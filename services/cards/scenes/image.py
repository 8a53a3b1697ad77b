"""The image card: the image as large as the content area takes it, its caption and its credit below."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from services.cards.drawing import shapes
from services.cards.drawing.emphasis import fragments
from services.cards.drawing.heading import heading
from services.cards.drawing.ink import Sprite, paint
from services.cards.drawing.stage import Stage
from services.cards.images import upright
from services.cards.typesetting.text import Block
from services.story.scene import ImageCard
from services.story.text import Text

CAPTION, CREDIT = 34, 26
GAP, RADIUS = 28, 20

GROWS = 2.0
"""An image of few pixels is shown at most at so many units a pixel: larger it would be seen to be small."""

PAPER = (255, 255, 255)
"""Behind what is transparent: drawings are made for light pages."""


def build(stage: Stage, card: ImageCard, file: Path | None) -> None:
    """Put the card on the stage."""
    top = heading(stage, card.header, introduced=card.introduces_header)
    caption = _set(stage, card.image.caption, CAPTION, lines=2, what="caption")
    credit = _set(stage, Text(card.image.credit), CREDIT, lines=1, what="credit")
    below = [block for block in (caption, credit) if block.lines]
    texts = sum(block.height for block in below) + stage.px(GAP) * bool(below)
    room = max(1, stage.bottom - top - texts)
    image = upright(file, stage.width, room) if file else None
    if image is None:
        stage.unshown.append("image: its file cannot be read as a PNG, JPEG or WebP image")
        image = Image.new("RGBA", (1, 1))
    picture = _rounded(stage, _grown(stage, image, room))
    y = top + max(0, (room - picture.height) // 2)
    enter = min(_first(stage, card), stage.cue("image"))
    stage.show(Sprite(picture, (stage.canvas.width - picture.width) // 2, y), enter=enter)
    y += picture.height + stage.px(GAP)
    for block, colour in ((caption, stage.theme.body), (credit, stage.theme.calm)):
        if block.lines:
            x = (stage.canvas.width - round(block.width)) // 2
            stage.show(paint(block, {0: colour}, align="center").at(x, y), enter=enter, rise=20)
            y += block.height


def _first(stage: Stage, card: ImageCard) -> int:
    """An image is there to be looked at as soon as the header has come."""
    return stage.cue("header") + stage.frames(300) if card.introduces_header and card.header else 0


def _set(stage: Stage, text: Text, units: float, *, lines: int, what: str) -> Block:
    style = stage.style("regular", units, 1.4)
    block = stage.setter.set(fragments(text), style, stage.width, balance=True)
    return stage.keep(block, lines * style.line_height, what)


def _grown(stage: Stage, image: Image.Image, room: int) -> Image.Image:
    """The image as large as its place, and as its pixels, allow."""
    scale = min(stage.width / image.width, room / image.height, max(1.0, GROWS * stage.unit))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)


def _rounded(stage: Stage, image: Image.Image) -> Image.Image:
    """The image on paper, with the corners of the other plates."""
    whole = Image.new("RGBA", image.size, PAPER)
    whole.alpha_composite(image)
    radius = min(stage.px(RADIUS), min(image.size) // 2)
    whole.putalpha(shapes.mask(*image.size, radius))
    return whole
