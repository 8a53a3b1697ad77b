"""Images that a document shows: whether they can be, and how large they are; nothing is unpacked."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from services.story.footage import IMAGE_PIXELS_MOST

FORMATS = ("PNG", "JPEG", "WEBP")


class UnusableError(ValueError):
    """An image cannot be shown; the text says why, and what to do."""


def measured(file: Path | BinaryIO) -> tuple[int, int]:
    """Width and height of an image as its head tells them.

    Raises:
        UnusableError: It is not a whole PNG, JPEG or WebP image, or has more than 64 megapixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its size, which is looked at next
            with Image.open(file, formats=FORMATS) as image:
                width, height = image.size
    except Image.DecompressionBombError:
        raise UnusableError("it has too many pixels; make it smaller") from None
    except (OSError, ValueError, SyntaxError):
        raise UnusableError("it is not a whole PNG, JPEG or WebP image; export it again") from None
    if width * height > IMAGE_PIXELS_MOST:
        raise UnusableError(
            f"it has {width} x {height} pixels, more than {IMAGE_PIXELS_MOST:,}; make it smaller"
        )
    return width, height
