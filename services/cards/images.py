"""The images on cards, opened where a card is drawn."""

from __future__ import annotations

import warnings
from pathlib import Path

from PIL import ExifTags, Image

from services.chassis.errors import InvalidRequest, Violation
from services.story.footage import IMAGE_PIXELS_MOST

FORMATS = ("PNG", "JPEG", "WEBP")
LOGO_SIDE = 4096
"""Pixels of a logo on a side, at most."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes an image upright, by its EXIF orientation."""


def logo(path: Path, width: int, height: int) -> Image.Image:
    """A theme's logo, RGBA, in `width` by `height` pixels at most.

    Raises:
        InvalidRequest: It is not a PNG, or larger than LOGO_SIDE on a side.
    """
    try:
        with Image.open(path, formats=("PNG",)) as image:
            if max(image.size) <= LOGO_SIDE:
                whole = image.convert("RGBA")
                whole.thumbnail((width, height), Image.Resampling.LANCZOS)
                return whole
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        pass
    raise InvalidRequest(
        f"The logo is not a PNG of at most {LOGO_SIDE} pixels on a side.",
        violations=[
            Violation("spec.look.logo.image", f"is not a PNG of at most {LOGO_SIDE} pixels on a side")
        ],
    )


def upright(path: Path, width: int, height: int) -> Image.Image | None:
    """An image turned as its EXIF data say, RGBA, in `width` by `height` pixels at most; None if it is none.

    A smaller image stays as it is.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its size, which is looked at next
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > IMAGE_PIXELS_MOST:
                    return None
                orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
                small = image if image.mode in ("RGB", "RGBA", "L") else image.convert("RGBA")
                longest = max(width, height)  # what is turned later needs it in both directions
                small.thumbnail((longest, longest), Image.Resampling.LANCZOS)
                turned = _turned(small.convert("RGBA"), orientation)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    turned.thumbnail((width, height), Image.Resampling.LANCZOS)
    return turned


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image
