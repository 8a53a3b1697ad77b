"""Pictures are BT.709 in limited range, and their rectangles do not overlap."""

from __future__ import annotations

import numpy as np
import pytest

from services.media.planes import Box, Planes, apart


@pytest.mark.parametrize(
    ("rgb", "yuv"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 255, 0), (173, 42, 26)),
        ((0, 0, 255), (32, 240, 118)),
        ((128, 128, 128), (126, 128, 128)),
    ],
)
def test_colours_are_those_of_bt709(rgb: tuple[int, int, int], yuv: tuple[int, int, int]) -> None:
    picture = Planes(8, 6)

    picture.fill(np.full((6, 8, 3), rgb, np.uint8))

    assert [int(plane[1, 1]) for plane in picture.planes] == list(yuv)


def test_the_planes_are_views_of_one_buffer_in_the_encoders_order() -> None:
    picture = Planes(8, 4)

    picture.planes[0][...] = 1
    picture.planes[1][...] = 2
    picture.planes[2][...] = 3

    assert picture.buffer.shape == (6, 8)
    assert picture.buffer.reshape(-1).tolist() == [1] * 32 + [2] * 8 + [3] * 8


def test_chroma_is_the_mean_of_four_pixels() -> None:
    rgb = np.zeros((2, 2, 3), np.uint8)
    rgb[0, 0] = (0, 0, 255)
    picture = Planes(2, 2)

    picture.fill(rgb)

    assert int(picture.planes[1][0, 0]) == round((240 + 3 * 128) / 4)


def test_a_rectangle_is_copied_and_nothing_else() -> None:
    source, target = Planes(8, 8), Planes(8, 8)
    source.buffer[...] = 9

    target.copy(source, Box(2, 4, 6, 8))

    assert int(target.planes[0].sum()) == 9 * 16
    assert np.all(target.planes[0][4:8, 2:6] == 9)
    assert np.all(target.planes[2][2:4, 1:3] == 9)


def test_rectangles_that_meet_are_joined_until_none_do() -> None:
    boxes = [Box(0, 0, 4, 4), Box(10, 0, 14, 4), Box(2, 2, 12, 6), Box(20, 20, 24, 24)]

    assert sorted(apart(boxes), key=lambda box: box.left) == [Box(0, 0, 14, 6), Box(20, 20, 24, 24)]


def test_rectangles_that_only_touch_stay_apart() -> None:
    boxes = [Box(0, 0, 4, 4), Box(4, 0, 8, 4)]

    assert apart(boxes) == boxes
