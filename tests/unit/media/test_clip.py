"""A picture has a size that an encoder takes."""

from __future__ import annotations

import pytest

from services.media.clip import Picture
from services.media.clock import Rate


@pytest.mark.parametrize("size", [(321, 240), (320, 241), (0, 240), (320, 0)])
def test_a_picture_has_even_sides(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="even"):
        Picture(*size, Rate(30))


def test_a_picture_is_told_with_its_rate() -> None:
    assert str(Picture(1080, 1920, Rate(30000, 1001))) == "1080x1920 at 30000/1001"
