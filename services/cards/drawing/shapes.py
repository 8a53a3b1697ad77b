"""Rounded shapes with soft edges and shadows, cut to their size."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from services.cards.drawing.ink import Colour, Sprite

_FINE = 4
"""Masks are drawn so many times larger: Pillow's own edges are hard."""


@lru_cache(maxsize=64)
def _corner(radius: int) -> Image.Image:
    """The upper left quarter of a disc."""
    large = Image.new("L", (radius * _FINE, radius * _FINE), 0)
    ImageDraw.Draw(large).ellipse((0, 0, 2 * radius * _FINE - 1, 2 * radius * _FINE - 1), fill=255)
    return large.resize((radius, radius), Image.Resampling.BOX)


@lru_cache(maxsize=48)
def mask(width: int, height: int, radius: int) -> Image.Image:
    """A rounded rectangle's coverage; only its corners are drawn large. Do not change what it returns."""
    radius = max(0, min(radius, width // 2, height // 2))
    image = Image.new("L", (width, height), 255)
    if radius:
        corner = _corner(radius)
        image.paste(corner, (0, 0))
        image.paste(corner.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (width - radius, 0))
        image.paste(corner.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (0, height - radius))
        image.paste(corner.transpose(Image.Transpose.ROTATE_180), (width - radius, height - radius))
    return image


def rounded(width: int, height: int, radius: int, colour: Colour, opacity: float = 1.0) -> Image.Image:
    """A filled rounded rectangle."""
    image = Image.new("RGB", (width, height), colour)
    image.putalpha(_faded(mask(width, height, radius), opacity))
    return image


def disc(diameter: int, colour: Colour) -> Image.Image:
    """A filled circle."""
    return rounded(diameter, diameter, diameter // 2, colour)


def _faded(image: Image.Image, opacity: float) -> Image.Image:
    return image if opacity >= 1 else image.point(lambda value: round(value * opacity))


@lru_cache(maxsize=16)
def shadow(width: int, height: int, radius: int, blur: int) -> Image.Image:
    """A blurred rounded rectangle's coverage, `blur` pixels larger on each side.

    It is blurred at a quarter of its size, where nobody sees the difference.
    """
    whole = (width + 2 * blur, height + 2 * blur)
    small = (max(1, whole[0] // 4), max(1, whole[1] // 4))
    shape = Image.new("L", whole, 0)
    shape.paste(mask(width, height, radius), (blur, blur))
    reduced = shape.resize(small, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(blur / 10))
    return reduced.resize(whole, Image.Resampling.BICUBIC)


def card(
    width: int,
    height: int,
    radius: int,
    fill: Colour,
    *,
    edge: tuple[Colour, float],
    thickness: int = 1,
    shade: tuple[Colour, float] = ((0, 0, 0), 0.0),
    blur: int = 0,
    drop: int = 0,
) -> Sprite:
    """A rounded card with its border inside it and, if `blur`, its shadow around and `drop` below it.

    Returns:
        The card, placed so that its own corner is at (0, 0) and the shadow reaches beyond.
    """
    image = rounded(width, height, radius, fill)
    ring = _faded(outline(width, height, radius, thickness), edge[1])
    image.paste(
        Image.new("RGB", image.size, edge[0]), (0, 0), ImageChops.multiply(ring, image.getchannel("A"))
    )
    image.putalpha(mask(width, height, radius))
    if not blur:
        return Sprite(image, 0, 0)
    soft = _faded(shadow(width, height, radius, blur), shade[1])
    base = Image.new("L", (soft.width, soft.height + drop), 0)
    base.paste(soft, (0, drop))
    whole = Image.new("RGB", base.size, shade[0])
    whole.putalpha(base)
    whole.alpha_composite(image, (blur, blur))
    return Sprite(whole, -blur, -blur)


def outline(width: int, height: int, radius: int, thickness: int) -> Image.Image:
    """The coverage of a rounded rectangle's border, inside it."""
    inner = Image.new("L", (width, height), 0)
    within = (width - 2 * thickness, height - 2 * thickness)
    if min(within) > 0:
        inner.paste(mask(*within, max(0, radius - thickness)), (thickness, thickness))
    return ImageChops.subtract(mask(width, height, radius), inner)


@lru_cache(maxsize=8)
def rings(radius: int, spacing: int, thickness: int, count: int) -> Image.Image:
    """The coverage of concentric circles that grow fainter outwards, `2 * radius` wide."""
    fine = 2
    size = 2 * radius * fine
    large = Image.new("L", (size, size), 0)
    pen = ImageDraw.Draw(large)
    for n in range(count):
        away = (radius - n * spacing) * fine
        if away <= 0:
            break
        strength = round(255 * (n + 1) / count)
        box = (size // 2 - away, size // 2 - away, size // 2 + away - 1, size // 2 + away - 1)
        pen.ellipse(box, outline=strength, width=max(1, thickness * fine))
    return large.resize((2 * radius, 2 * radius), Image.Resampling.BOX)
