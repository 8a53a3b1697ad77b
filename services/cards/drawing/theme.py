"""The colours of a scene and the ground it stands on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from services.cards.drawing.ink import Colour
from services.story.look import Palette, opacity, rgb

CONTRAST_LEAST = 4.5
"""Of text against what it stands on (WCAG 2.2, success criterion 1.4.3)."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A palette as it is drawn with.

    `ink` is for titles and what is being said, `body` for running text, `calm` for what
    has been said or waits, `accent` for what stands out. Cards are filled with `surface`,
    the one being spoken of with `lit`; `edge` and `shade` are their border and shadow,
    each a colour and its opacity from 0 to 1.
    """

    dark: bool
    ground: tuple[Colour, Colour]
    glows: tuple[tuple[Colour, float], tuple[Colour, float]]
    ink: Colour
    body: Colour
    calm: Colour
    accent: Colour
    on_accent: Colour
    surface: Colour
    lit: Colour
    edge: tuple[Colour, float]
    shade: tuple[Colour, float]


@cache
def theme(palette: Palette) -> Theme:
    """A palette as numbers."""

    def tint(code: str) -> tuple[Colour, float]:
        return rgb(code), opacity(code)

    ground = (rgb(palette.ground_from), rgb(palette.ground_to))
    return Theme(
        dark=luminance(ground[0]) < luminance(rgb(palette.ink)),
        ground=ground,
        glows=(tint(palette.field_from), tint(palette.field_to)),
        ink=rgb(palette.ink),
        body=rgb(palette.body),
        calm=rgb(palette.calm),
        accent=rgb(palette.accent),
        on_accent=rgb(palette.on_accent),
        surface=rgb(palette.surface),
        lit=rgb(palette.lit),
        edge=tint(palette.edge),
        shade=tint(palette.shade),
    )


@lru_cache(maxsize=4)
def background(width: int, height: int, palette: Palette) -> npt.NDArray[np.uint8]:
    """The ground with its two lights, dithered by a triangular ±1 so that it does not band; read-only.

    Returns:
        RGB, uint8, shape (height, width, 3); the same for the same arguments.
    """
    colours = theme(palette)
    x = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    slope = (x + y) / 2
    unit = max(width, height)
    lights = [
        (_light(x, y, width / unit, height / unit, at, radius) * np.float32(strength), glow)
        for (glow, strength), (at, radius) in zip(
            colours.glows, (((0.86, 0.06), 0.62), ((0.98, 1.04), 0.52)), strict=True
        )
    ]
    noise = np.random.default_rng(20240229).triangular(-1, 0, 1, (height, width)).astype(np.float32)
    picture = np.empty((height, width, 3), np.uint8)
    for channel in range(3):
        low, high = (float(colour[channel]) for colour in colours.ground)
        plane = low + (high - low) * slope
        for light, glow in lights:
            plane += (glow[channel] - plane) * light
        picture[..., channel] = np.clip(np.rint(plane + noise), 0, 255)
    picture.setflags(write=False)
    return picture


def _light(
    x: npt.NDArray[np.float32],
    y: npt.NDArray[np.float32],
    wide: float,
    high: float,
    at: tuple[float, float],
    radius: float,
) -> npt.NDArray[np.float32]:
    """A round light that fades without an edge: 1 in its middle, 0 from `radius` (of the longer side) on."""
    away = np.hypot((x - np.float32(at[0])) * np.float32(wide), (y - np.float32(at[1])) * np.float32(high))
    near = np.clip(1 - away / np.float32(radius), 0, 1).astype(np.float32)
    return np.asarray(near * near * (3 - 2 * near), np.float32)


def luminance(colour: Colour) -> float:
    """Relative luminance of an sRGB colour, 0 to 1 (WCAG 2.2)."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
