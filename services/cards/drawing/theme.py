"""The colours of a scene and the ground it stands on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from services.cards.drawing.ink import Colour

ACCENTS = ("orange", "blue", "purple", "green", "pink", "cyan")
THEMES = ("dark", "light")

CONTRAST_LEAST = 4.5
"""Of text against what it stands on (WCAG 2.2, success criterion 1.4.3)."""

_DARK = {
    "orange": "fdba74",
    "blue": "93c5fd",
    "purple": "d8b4fe",
    "green": "86efac",
    "pink": "f9a8d4",
    "cyan": "67e8f9",
}
_LIGHT = {
    "orange": "9a3412",
    "blue": "1d4ed8",
    "purple": "6d28d9",
    "green": "166534",
    "pink": "9d174d",
    "cyan": "155e75",
}

# The two lights behind a scene, above and below; deep hues, so that text stays legible on them.
_GLOWS_DARK = {
    "orange": ("b8420c", "86195f"),
    "blue": ("1d5fd6", "4c2fb8"),
    "purple": ("6d34d4", "1e40af"),
    "green": ("047857", "0b5a83"),
    "pink": ("b81f6b", "5b21b6"),
    "cyan": ("0782a6", "2743b5"),
}
_GLOWS_LIGHT = {
    "orange": ("fdc58a", "fbcfe0"),
    "blue": ("a9cdfd", "d6cbfd"),
    "purple": ("d3bdfd", "bcd7fe"),
    "green": ("a4ebc0", "b5e3f8"),
    "pink": ("fbb9da", "dccffe"),
    "cyan": ("98e6f5", "c3d4fe"),
}


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours by what they are for.

    `ink` is for titles and what is being said, `body` for running text, `calm` for what
    has been said or waits, `accent` for what stands out. Cards are filled with `surface`,
    the one being spoken of with `lit`; `edge` and `shade` are their border and shadow,
    each a colour and its opacity from 0 to 1.
    """

    name: str
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


def rgb(code: str) -> Colour:
    """A colour from its six hexadecimal digits."""
    return int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16)


def mix(low: Colour, high: Colour, share: float) -> Colour:
    """A colour between two: `share` of the second, 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(low, high, strict=True))
    return red, green, blue


@cache
def theme(name: str, accent: str) -> Theme:
    """The colours of a theme and an accent.

    Raises:
        ValueError: There is no such theme or accent; the message lists those there are.
    """
    if name not in THEMES or accent not in ACCENTS:
        raise ValueError(
            f"{name} with {accent}: themes are {', '.join(THEMES)}, accents {', '.join(ACCENTS)}"
        )
    if name == "dark":
        colour = rgb(_DARK[accent])
        high, low = (rgb(code) for code in _GLOWS_DARK[accent])
        surface = mix(rgb("151f38"), high, 0.06)
        return Theme(
            name="dark",
            ground=(rgb("0b1120"), rgb("111c3a")),
            glows=((high, 0.46), (low, 0.40)),
            ink=rgb("f8fafc"),
            body=rgb("d3dce8"),
            calm=rgb("a6b3c6"),
            accent=colour,
            on_accent=rgb("0b1120"),
            surface=surface,
            lit=mix(surface, high, 0.24),
            edge=(rgb("ffffff"), 0.09),
            shade=(rgb("02040b"), 0.55),
        )
    colour = rgb(_LIGHT[accent])
    high, low = (rgb(code) for code in _GLOWS_LIGHT[accent])
    return Theme(
        name="light",
        ground=(rgb("f8fafc"), rgb("e2e8f0")),
        glows=((high, 0.68), (low, 0.60)),
        ink=rgb("0f172a"),
        body=rgb("2c3a4f"),
        calm=rgb("4b5870"),
        accent=colour,
        on_accent=rgb("ffffff"),
        surface=mix(rgb("ffffff"), rgb("e2e8f0"), 0.22),
        lit=rgb("ffffff"),
        edge=(rgb("0f172a"), 0.07),
        shade=(rgb("0f172a"), 0.14),
    )


@lru_cache(maxsize=4)
def background(width: int, height: int, name: str, accent: str) -> npt.NDArray[np.uint8]:
    """The ground with its two lights, dithered by a triangular ±1 so that it does not band; read-only.

    Returns:
        RGB, uint8, shape (height, width, 3); the same for the same arguments.
    """
    colours = theme(name, accent)
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
