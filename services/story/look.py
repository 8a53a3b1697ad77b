"""How cards look: a theme as data, and the built-in themes as values of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from services.artifacts.store import Artifact

THEMES = ("dark", "light")
ACCENTS = ("orange", "blue", "purple", "green", "pink", "cyan")

Corner = Literal["top_start", "top_end"]
Colour = tuple[int, int, int]

# What stands out: an accent's colour, then the two lights behind a scene, above and below; the lights are
# deep hues, so that text stays legible on them.
_DARK = {
    "orange": ("#fdba74", "#b8420c", "#86195f"),
    "blue": ("#93c5fd", "#1d5fd6", "#4c2fb8"),
    "purple": ("#d8b4fe", "#6d34d4", "#1e40af"),
    "green": ("#86efac", "#047857", "#0b5a83"),
    "pink": ("#f9a8d4", "#b81f6b", "#5b21b6"),
    "cyan": ("#67e8f9", "#0782a6", "#2743b5"),
}
_LIGHT = {
    "orange": ("#9a3412", "#fdc58a", "#fbcfe0"),
    "blue": ("#1d4ed8", "#a9cdfd", "#d6cbfd"),
    "purple": ("#6d28d9", "#d3bdfd", "#bcd7fe"),
    "green": ("#166534", "#a4ebc0", "#b5e3f8"),
    "pink": ("#9d174d", "#fbb9da", "#dccffe"),
    "cyan": ("#155e75", "#98e6f5", "#c3d4fe"),
}


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by what they are for, each `#rrggbb` or `#rrggbbaa` (sRGB and opacity).

    Args:
        ground_from: The ground at the top left.
        ground_to: The ground at the bottom right.
        field_from: The light on the ground, above; its opacity is its strength.
        field_to: The light on the ground, below; its opacity is its strength.
        ink: Titles, and what is being said.
        body: Running text.
        calm: What has been said, or waits.
        accent: What stands out.
        on_accent: Text on the accent.
        surface: The filling of boxes.
        lit: The filling of the box that is being spoken of.
        edge: The border of boxes.
        shade: The shadow of boxes.
    """

    ground_from: str
    ground_to: str
    field_from: str
    field_to: str
    ink: str
    body: str
    calm: str
    accent: str
    on_accent: str
    surface: str
    lit: str
    edge: str
    shade: str


@dataclass(frozen=True, slots=True)
class Fonts:
    """A font file for each kind of text, tried before the built-in ones; None: those alone."""

    regular: Artifact | None = None
    medium: Artifact | None = None
    semibold: Artifact | None = None
    bold: Artifact | None = None
    display: Artifact | None = None
    code: Artifact | None = None
    code_bold: Artifact | None = None


@dataclass(frozen=True, slots=True)
class Logo:
    """An image, PNG, in a corner of every card."""

    image: Artifact
    corner: Corner = "top_end"


@dataclass(frozen=True, slots=True)
class Look:
    """How cards look: colours, fonts, a logo."""

    palette: Palette
    fonts: Fonts = Fonts()
    logo: Logo | None = None


@cache
def builtin(theme: str = "dark", accent: str = "blue") -> Look:
    """A built-in theme with an accent.

    Raises:
        ValueError: There is no such theme or accent; the message lists those there are.
    """
    if theme not in THEMES or accent not in ACCENTS:
        raise ValueError(
            f"{theme} with {accent}: themes are {', '.join(THEMES)}, accents {', '.join(ACCENTS)}"
        )
    if theme == "dark":
        colour, high, low = _DARK[accent]
        surface = mixed("#151f38", high, 0.06)
        return Look(
            Palette(
                ground_from="#0b1120",
                ground_to="#111c3a",
                field_from=high + _opacity(0.46),
                field_to=low + _opacity(0.40),
                ink="#f8fafc",
                body="#d3dce8",
                calm="#a6b3c6",
                accent=colour,
                on_accent="#0b1120",
                surface=surface,
                lit=mixed(surface, high, 0.24),
                edge="#ffffff" + _opacity(0.09),
                shade="#02040b" + _opacity(0.55),
            )
        )
    colour, high, low = _LIGHT[accent]
    return Look(
        Palette(
            ground_from="#f8fafc",
            ground_to="#e2e8f0",
            field_from=high + _opacity(0.68),
            field_to=low + _opacity(0.60),
            ink="#0f172a",
            body="#2c3a4f",
            calm="#4b5870",
            accent=colour,
            on_accent="#ffffff",
            surface=mixed("#ffffff", "#e2e8f0", 0.22),
            lit="#ffffff",
            edge="#0f172a" + _opacity(0.07),
            shade="#0f172a" + _opacity(0.14),
        )
    )


def builtins() -> Iterator[tuple[str, str, Look]]:
    """Every built-in theme with every accent: their names, and the look."""
    for theme in THEMES:
        for accent in ACCENTS:
            yield theme, accent, builtin(theme, accent)


def rgb(code: str) -> Colour:
    """The red, green and blue of `#rrggbb` or `#rrggbbaa`, 0 to 255."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def opacity(code: str) -> float:
    """The opacity of `#rrggbbaa`, 0 to 1; 1 for `#rrggbb`."""
    return int(code[7:9], 16) / 255 if len(code) > 7 else 1.0


def mixed(low: str, high: str, share: float) -> str:
    """A colour between two: `share` of the second, 0 to 1."""
    return "#" + "".join(
        f"{round(a + (b - a) * share):02x}" for a, b in zip(rgb(low), rgb(high), strict=True)
    )


def _opacity(share: float) -> str:
    return f"{round(share * 255):02x}"
