"""A film shows at every frame what drawing that frame alone would show."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from services.cards.drawing.layers import Drawing, Layer
from services.cards.film import Film, Ground

Make = Callable[[], Drawing]
FRAMES = 55


def fresh(drawing: Drawing, frame: int) -> np.ndarray:
    film = Film(drawing, Ground().of(drawing))
    film.show(frame)
    return film.picture.buffer


def flat(*layers: Layer) -> Drawing:
    return Drawing(np.full((64, 64, 3), 30, np.uint8), layers)


def square(size: int = 10) -> Image.Image:
    return Image.new("RGBA", (size, size), (200, 100, 50, 255))


def test_every_frame_is_the_picture_that_drawing_it_alone_gives(drawing: Make) -> None:
    film = Film(drawing(), Ground().of(drawing()))

    for frame in range(FRAMES):
        film.show(frame)

        assert np.array_equal(film.picture.buffer, fresh(drawing(), frame)), f"frame {frame}"


def test_frames_may_be_skipped(drawing: Make) -> None:
    film = Film(drawing(), Ground().of(drawing()))

    for frame in (0, 4, 7, 29, 31, 33, 50):
        film.show(frame)

        assert np.array_equal(film.picture.buffer, fresh(drawing(), frame)), f"frame {frame}"


def test_it_tells_exactly_the_frames_that_differ_from_the_one_before(drawing: Make) -> None:
    film = Film(drawing(), Ground().of(drawing()))
    film.show(0)

    for frame in range(1, FRAMES):
        before = film.picture.buffer.copy()
        changed = film.show(frame)

        assert changed or np.array_equal(film.picture.buffer, before), f"frame {frame} changed unseen"
        if frame > 45:
            assert not changed, f"nothing moves at frame {frame}"


def test_the_first_frame_has_always_changed() -> None:
    drawing = flat()

    assert Film(drawing, Ground().of(drawing)).show(0)


def test_an_entrance_ends_at_rest_with_full_opacity_in_its_last_frame() -> None:
    drawing = flat(Layer(square(), 20, 20, enter=5, enter_frames=4, dx=-8, dy=6))
    there = flat(Layer(square(), 20, 20))

    assert np.array_equal(fresh(drawing, 4), fresh(flat(), 4))
    assert not np.array_equal(fresh(drawing, 7), fresh(there, 7))
    assert np.array_equal(fresh(drawing, 8), fresh(there, 8))


def test_a_layer_is_gone_at_the_frame_it_leaves() -> None:
    drawing = flat(Layer(square(), 20, 20, leave=9))

    assert np.array_equal(fresh(drawing, 8), fresh(flat(Layer(square(), 20, 20)), 8))
    assert np.array_equal(fresh(drawing, 9), fresh(flat(), 9))


def test_a_fade_begins_its_frames_before_the_layer_leaves() -> None:
    drawing = flat(Layer(square(), 20, 20, leave=9, leave_frames=3))
    whole = fresh(flat(Layer(square(), 20, 20)), 0)

    shares = [np.abs(fresh(drawing, n).astype(int) - whole).max() for n in range(4, 10)]

    assert shares[:2] == [0, 0]
    assert 0 < shares[2] < shares[3] < shares[4] < shares[5]


def test_a_layer_with_odd_place_lies_where_it_belongs() -> None:
    buffer = fresh(flat(Layer(square(), 21, 33)), 0)
    luma = buffer[:64] != buffer[0, 0]

    rows, columns = np.nonzero(luma)

    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (33, 42, 21, 30)


def test_a_later_layer_covers_an_earlier_one_that_comes_in_after_it() -> None:
    low = Layer(Image.new("RGBA", (30, 30), (0, 0, 255, 255)), 10, 10, enter=5, enter_frames=6, dx=12)
    high = Layer(square(20), 15, 15)

    late = fresh(flat(low, high), 20)

    film = Film(drawing := flat(low, high), Ground().of(drawing))
    for frame in range(21):
        film.show(frame)
    assert np.array_equal(film.picture.buffer, late)
    assert np.array_equal(late[20:30, 20:30], fresh(flat(high), 0)[20:30, 20:30])


def test_frames_are_not_shown_backwards() -> None:
    drawing = flat()
    film = Film(drawing, Ground().of(drawing))
    film.show(3)

    with pytest.raises(ValueError, match="after frame 3"):
        film.show(3)


def test_scenes_that_share_a_background_convert_it_once() -> None:
    first, other = flat(), flat()
    same = Drawing(first.background, other.layers)
    ground = Ground()

    picture = ground.of(first)

    assert ground.of(same) is picture
    assert ground.of(other) is not picture
