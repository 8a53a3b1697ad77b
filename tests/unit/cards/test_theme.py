"""Text is legible in every theme and accent, and the ground is dithered and always the same."""

from __future__ import annotations

import numpy as np
import pytest

from services.cards.drawing import colouring
from services.cards.drawing.theme import (
    ACCENTS,
    CONTRAST_LEAST,
    THEMES,
    background,
    contrast,
    luminance,
    theme,
)

ALL = [(name, accent) for name in THEMES for accent in ACCENTS]


@pytest.mark.parametrize(("name", "accent"), ALL)
def test_text_is_legible_on_the_worst_point_of_the_ground(name: str, accent: str) -> None:
    colours = theme(name, accent)
    # Block means: what the eye sees, without the dither.
    blocks = background(480, 270, name, accent).reshape(54, 5, 96, 5, 3).mean((1, 3)).reshape(-1, 3)
    points = [(int(r), int(g), int(b)) for r, g, b in blocks]
    worst = max(points, key=luminance) if name == "dark" else min(points, key=luminance)

    ratios = {part: contrast(getattr(colours, part), worst) for part in ("ink", "body", "calm", "accent")}

    assert min(ratios.values()) >= CONTRAST_LEAST, ratios


@pytest.mark.parametrize(("name", "accent"), ALL)
def test_text_is_legible_on_cards_and_pills(name: str, accent: str) -> None:
    colours = theme(name, accent)

    ratios = [
        contrast(colours.calm, colours.surface),
        contrast(colours.accent, colours.surface),
        contrast(colours.ink, colours.lit),
        contrast(colours.body, colours.lit),
        contrast(colours.accent, colours.lit),
        contrast(colours.on_accent, colours.accent),
    ]

    assert min(ratios) >= CONTRAST_LEAST


def test_code_is_legible_in_its_window() -> None:
    colours = {colouring.NUMBERS, colouring.LABEL, *colouring.COLOURS.values()}

    assert min(contrast(colour, colouring.WINDOW) for colour in colours) >= CONTRAST_LEAST


def test_what_is_said_stands_out_from_what_was_said() -> None:
    for name, accent in ALL:
        colours = theme(name, accent)
        assert contrast(colours.ink, colours.surface) > 1.8 * contrast(colours.calm, colours.surface)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


def test_the_ground_is_the_same_every_time() -> None:
    first = background(320, 180, "dark", "blue").copy()
    background.cache_clear()

    assert np.array_equal(first, background(320, 180, "dark", "blue"))


def test_the_ground_is_dithered_so_that_no_band_has_an_edge() -> None:
    row = background(1280, 720, "dark", "blue")[400, :, 2].astype(int)

    longest = max(len(run) for run in np.split(row, np.flatnonzero(np.diff(row)) + 1))

    assert longest < 16


def test_the_ground_cannot_be_painted_over() -> None:
    with pytest.raises(ValueError, match="read-only"):
        background(320, 180, "dark", "blue")[0, 0] = 0


def test_an_unknown_accent_says_which_there_are() -> None:
    with pytest.raises(ValueError, match="orange, blue, purple, green, pink, cyan"):
        theme("dark", "mauve")
