"""Text is legible in every theme and accent, and the ground is dithered and always the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.cards.drawing import colouring
from services.cards.drawing.theme import CONTRAST_LEAST, background, contrast, luminance, theme
from services.story.look import Look, Palette, builtin, builtins

PALETTES = {f"{name}-{accent}": look.palette for name, accent, look in builtins()}
BLUE = builtin("dark", "blue").palette

every_palette = pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)


@every_palette
def test_text_is_legible_on_the_worst_point_of_the_ground(palette: Palette) -> None:
    colours = theme(palette)
    # Block means: what the eye sees, without the dither.
    blocks = background(480, 270, palette).reshape(54, 5, 96, 5, 3).mean((1, 3)).reshape(-1, 3)
    points = [(int(r), int(g), int(b)) for r, g, b in blocks]
    worst = max(points, key=luminance) if colours.dark else min(points, key=luminance)

    ratios = {part: contrast(getattr(colours, part), worst) for part in ("ink", "body", "calm", "accent")}

    assert min(ratios.values()) >= CONTRAST_LEAST, ratios


@every_palette
def test_text_is_legible_on_cards_and_pills(palette: Palette) -> None:
    colours = theme(palette)

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


@every_palette
def test_what_is_said_stands_out_from_what_was_said(palette: Palette) -> None:
    colours = theme(palette)

    assert contrast(colours.ink, colours.surface) > 1.8 * contrast(colours.calm, colours.surface)


@pytest.mark.parametrize(("name", "accent", "look"), list(builtins()))
def test_a_palette_is_dark_when_its_ground_is_darker_than_its_text(
    name: str, accent: str, look: Look
) -> None:
    assert theme(look.palette).dark is (name == "dark")


def test_an_opacity_is_the_strength_of_a_light_a_border_or_a_shadow() -> None:
    palette = replace(BLUE, field_from="#ff000033", edge="#00ff00", shade="#0000ff00")

    colours = theme(palette)

    assert colours.glows[0] == ((255, 0, 0), 0.2)
    assert colours.edge == ((0, 255, 0), 1.0)
    assert colours.shade == ((0, 0, 255), 0.0)


def test_a_ground_without_lights_goes_from_one_colour_to_the_other() -> None:
    palette = replace(
        BLUE, ground_from="#102030", ground_to="#405060", field_from="#ffffff00", field_to="#ffffff00"
    )

    ground = background(320, 180, palette).astype(int)

    assert np.abs(ground[0, 0] - (0x10, 0x20, 0x30)).max() <= 1
    assert np.abs(ground[-1, -1] - (0x40, 0x50, 0x60)).max() <= 1


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


def test_the_ground_is_the_same_every_time() -> None:
    first = background(320, 180, BLUE).copy()
    background.cache_clear()

    assert np.array_equal(first, background(320, 180, BLUE))


def test_the_ground_is_dithered_so_that_no_band_has_an_edge() -> None:
    row = background(1280, 720, BLUE)[400, :, 2].astype(int)

    longest = max(len(run) for run in np.split(row, np.flatnonzero(np.diff(row)) + 1))

    assert longest < 16


def test_the_ground_cannot_be_painted_over() -> None:
    with pytest.raises(ValueError, match="read-only"):
        background(320, 180, BLUE)[0, 0] = 0
