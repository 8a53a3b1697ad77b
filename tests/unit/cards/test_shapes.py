"""Shapes have soft corners, crisp sides and shadows that fade."""

from __future__ import annotations

import numpy as np

from services.cards.drawing import shapes


def coverage(image: object) -> np.ndarray:
    """A mask as numbers."""
    return np.asarray(image, dtype=int)


def test_a_rounded_rectangle_is_soft_at_its_corners_and_full_inside() -> None:
    mask = coverage(shapes.mask(60, 40, 12))

    assert mask[0, 0] == 0
    assert mask[20, 0] == mask[0, 30] == mask[20, 30] == 255
    assert ((mask[:12, :12] > 0) & (mask[:12, :12] < 255)).sum() >= 8


def test_a_rounded_rectangle_is_the_same_from_all_sides() -> None:
    mask = coverage(shapes.mask(61, 41, 12))

    assert np.array_equal(mask, mask[::-1])
    assert np.array_equal(mask, mask[:, ::-1])


def test_a_radius_too_large_makes_a_pill() -> None:
    assert shapes.mask(40, 10, 100).getpixel((20, 5)) == 255


def test_a_disc_has_the_area_of_one() -> None:
    alpha = coverage(shapes.disc(40, (1, 2, 3)).getchannel("A"))

    assert abs(alpha.sum() / 255 - np.pi * 400) < 12


def test_a_shadow_fades_to_nothing_at_its_edge() -> None:
    shadow = coverage(shapes.shadow(200, 100, 20, 30))

    assert shadow.shape == (160, 260)
    assert shadow[0].max() <= 2
    assert shadow[80, 130] >= 250
    assert np.all(np.diff(shadow[80, :60]) >= -1)


def test_a_card_has_its_corner_at_the_origin_and_its_shadow_around() -> None:
    card = shapes.card(
        100, 60, 10, (20, 30, 50), edge=((255, 255, 255), 0.1), shade=((0, 0, 0), 0.5), blur=16, drop=6
    )

    assert (card.x, card.y) == (-16, -16)
    assert card.image.size == (132, 98)
    assert card.image.getpixel((66, 46)) == (20, 30, 50, 255)
    below, above = card.image.getpixel((66, 16 + 60 + 5)), card.image.getpixel((66, 11))
    assert isinstance(below, tuple)
    assert isinstance(above, tuple)
    assert below[3] > above[3]


def test_a_border_lies_inside_its_card() -> None:
    outline = coverage(shapes.outline(50, 30, 8, 2))

    assert outline[15, 0] == outline[15, 1] == 255
    assert outline[15, 2] == outline[15, 25] == 0


def test_rings_grow_fainter_outwards() -> None:
    row = coverage(shapes.rings(70, 10, 2, 7))[70]

    assert 0 < row[:4].max() < row[58:72].max()
