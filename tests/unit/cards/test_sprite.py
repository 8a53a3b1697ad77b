"""Sprites are where their layer says, and blend as exactly as eight bits allow."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from services.cards.drawing.layers import Layer
from services.cards.drawing.sprite import OPAQUE, Place, Sprite
from services.media.planes import Box, Planes


def image(colour: tuple[int, int, int, int], size: int = 8) -> Image.Image:
    return Image.new("RGBA", (size, size), colour)


def test_what_is_transparent_is_cut_away() -> None:
    whole = Image.new("RGBA", (100, 100))
    whole.paste((255, 0, 0, 255), (30, 40, 50, 44))

    sprite = Sprite(Layer(whole, 10, 20))

    assert sprite.box(Place(sprite.x, sprite.y, OPAQUE)) == Box(40, 60, 60, 64)


def test_an_entrance_eases_out() -> None:
    sprite = Sprite(Layer(image((1, 2, 3, 255)), 100, 100, enter=10, enter_frames=4, dx=-64, dy=32))

    places = [sprite.at(frame) for frame in range(9, 15)]

    assert places == [
        None,
        Place(73, 114, 148),  # (3/4)³ of the way is left
        Place(92, 104, 224),
        Place(99, 101, 252),
        Place(100, 100, OPAQUE),
        Place(100, 100, OPAQUE),
    ]


def test_without_an_entrance_it_is_there_at_once() -> None:
    sprite = Sprite(Layer(image((1, 2, 3, 255)), 4, 6, enter=2, dx=50))

    assert [sprite.at(1), sprite.at(2)] == [None, Place(4, 6, OPAQUE)]


@pytest.mark.parametrize("alpha", [0, 1, 63, 127, 128, 200, 254, 255])
@pytest.mark.parametrize("opacity", [1, 100, 255, OPAQUE])
def test_a_blend_is_within_two_levels_of_the_exact_one(alpha: int, opacity: int) -> None:
    picture = Planes(16, 16)
    picture.fill(np.full((16, 16, 3), 90, np.uint8))
    ground = int(picture.planes[0][0, 0])
    sprite = Sprite(Layer(image((255, 255, 255, alpha)), 4, 4))

    sprite.blend(picture, Place(4, 4, opacity), Box(0, 0, 16, 16))

    share = alpha / 255 * opacity / 256 if alpha else 0
    assert abs(int(picture.planes[0][6, 6]) - (ground + (235 - ground) * share)) <= 2
    assert int(picture.planes[0][2, 2]) == ground


def test_an_opaque_sprite_covers_completely() -> None:
    picture = Planes(16, 16)
    picture.buffer[...] = 255
    sprite = Sprite(Layer(image((0, 0, 0, 255)), 4, 4))

    sprite.blend(picture, Place(4, 4, OPAQUE), Box(0, 0, 16, 16))

    assert np.all(picture.planes[0][4:12, 4:12] == 16)
    assert np.all(picture.planes[1][2:6, 2:6] == 128)


def test_the_colour_of_unseen_pixels_does_not_fringe_the_edge() -> None:
    holed = image((0, 0, 255, 255))
    holed.putpixel((3, 3), (255, 0, 0, 0))
    picture = Planes(8, 8)
    picture.fill(np.full((8, 8, 3), 128, np.uint8))

    Sprite(Layer(holed, 0, 0)).blend(picture, Place(0, 0, OPAQUE), Box(0, 0, 8, 8))

    blue, red = picture.planes[1], picture.planes[2]
    assert (int(blue[0, 0]), int(red[0, 0])) == (240, 118)
    assert (int(blue[1, 1]), int(red[1, 1])) == (212, 121)  # three quarters blue, one quarter ground


def test_its_reach_holds_every_place_of_its_entrance() -> None:
    sprite = Sprite(Layer(image((1, 2, 3, 255)), 11, 13, enter_frames=9, dx=-31, dy=17))

    reach = sprite.reach()

    for frame in range(12):
        place = sprite.at(frame)
        assert place is not None
        assert sprite.box(place).cut(reach) == sprite.box(place)
