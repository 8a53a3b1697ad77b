"""Opens the images a clip begins and ends with; what they hold is not trusted."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image, ImageOps

from services.chassis.errors import InvalidRequest, Violation
from services.media.conform import covering
from services.story.footage import IMAGE_PIXELS_MOST

Field: TypeAlias = Literal["image", "last_image"]

FORMATS = ("PNG", "JPEG", "WEBP")


def fitted(path: Path, field: Field, *, width: int, height: int) -> Image.Image:
    """An image upright, in RGB, cropped around its middle and scaled to a size.

    Args:
        path: PNG, JPEG or WebP.
        field: Where it stands in the wish.
        width: Pixels.
        height: Pixels.

    Raises:
        InvalidRequest: It is no such image, is damaged, or is too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > IMAGE_PIXELS_MOST:
                    raise _refused(
                        field, f"It has {image.width}x{image.height} pixels, more than {IMAGE_PIXELS_MOST:,}."
                    )
                upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _refused(field, "It is not a whole PNG, JPEG or WebP image.") from error
    return Image.fromarray(covering(np.asarray(upright), width, height))


def _refused(field: str, why: str) -> InvalidRequest:
    return InvalidRequest(
        f"The {field.replace('_', ' ')} cannot be used. {why}",
        violations=[Violation(f"footage.{field}", why)],
    )
