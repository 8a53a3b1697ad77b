"""The place a scene is built on: its margins, its units, and the layers put on it so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from PIL import Image

from services.cards.drawing import shapes
from services.cards.drawing.ink import Colour, Sprite
from services.cards.drawing.layers import Canvas, Drawing, Layer
from services.cards.drawing.theme import Theme, background, theme
from services.cards.images import logo
from services.cards.typesetting import bidi, scripts
from services.cards.typesetting.text import Block, Style
from services.cards.typesetting.typesetter import CHARACTERS_MOST, Typesetter

RISE = 36
"""How far, in units, things rise as they come in."""

LOGO = (320, 52)
"""Units that a logo is wide and high at most."""

LOGO_TOP, LOGO_TALL = 26, 170
"""Units above a logo; in tall pictures players cover the top."""

ENTER, FADE = 600, 260
"""Milliseconds of an entrance and of a farewell."""

EXCERPT = 80
"""Characters of a text that could not be shown which its report repeats."""


@dataclass(slots=True)
class Stage:
    """Collects the layers of one scene.

    Lengths are given in units: a unit is 1/1080 of the shorter side. `left`, `right`,
    `top` and `bottom` bound the content, in pixels; the band below `bottom` is left to captions.
    """

    canvas: Canvas
    theme: Theme
    setter: Typesetter
    rtl: bool
    layers: list[Layer] = field(default_factory=list)
    unshown: list[str] = field(default_factory=list)

    @property
    def unit(self) -> float:
        """Pixels to a unit."""
        return min(self.canvas.width, self.canvas.height) / 1080

    def px(self, units: float) -> int:
        """Units in whole pixels, at least 1."""
        return max(1, round(units * self.unit))

    @property
    def tall(self) -> bool:
        """Whether the picture is higher than wide: there, players cover its top and bottom."""
        return self.canvas.height > 1.2 * self.canvas.width

    @property
    def left(self) -> int:
        """The left margin."""
        return self.px(160 if self.canvas.width > 1.2 * self.canvas.height else 80)

    @property
    def right(self) -> int:
        """Where the right margin begins."""
        return self.canvas.width - self.left

    @property
    def width(self) -> int:
        """Between the margins."""
        return self.right - self.left

    @property
    def top(self) -> int:
        """Where content begins."""
        return self.px(250 if self.tall else 100)

    @property
    def bottom(self) -> int:
        """Where content ends."""
        return self.canvas.height - (self.px(320) if self.tall else round(0.12 * self.canvas.height))

    def style(self, weight: str, units: float, leading: float = 1.35, tracking: float = 0.0) -> Style:
        """A style whose size is given in units."""
        return Style(weight, round(units * self.unit * 4) / 4, leading, tracking)

    def from_start(self, indent: int, width: int) -> int:
        """The left edge of a box that stands `indent` pixels from where reading begins."""
        return self.right - indent - width if self.rtl else self.left + indent

    def cue(self, element: str) -> int:
        """The frame an element is spoken."""
        return max(0, min(self.canvas.cues.enter(element), self.canvas.frames - 1))

    def frames(self, milliseconds: int) -> int:
        """A duration in frames."""
        return self.canvas.frames_in(milliseconds)

    def show(
        self,
        sprite: Sprite,
        *,
        enter: int = 0,
        milliseconds: int = ENTER,
        rise: float = RISE,
        slide: float = 0,
        leave: int | None = None,
        turn: int | None = None,
    ) -> None:
        """Put an image on top of what is there.

        Args:
            sprite: With its place in pixels.
            enter: The frame it begins to come in.
            milliseconds: Of its entrance; 0 is at once.
            rise: Units from below which it comes.
            slide: Units from before its place, in reading direction, from which it comes.
            leave: The frame from which it fades away; it stays by default.
            turn: The frame at which its page is turned: by then it has faded, so that two pages never mix.
        """
        gone, fade = self._end(enter, leave, turn)
        if sprite.blank or (gone is not None and gone <= enter):
            return
        self.layers.append(
            Layer(
                sprite.image,
                sprite.x,
                sprite.y,
                enter=enter,
                enter_frames=self.frames(milliseconds) if milliseconds else 0,
                dx=round(slide * self.unit) * (1 if self.rtl else -1),
                dy=round(rise * self.unit),
                leave=gone,
                leave_frames=fade,
            )
        )

    def _end(self, enter: int, leave: int | None, turn: int | None) -> tuple[int | None, int]:
        """The frame at which a layer is gone, None for never, and how long it fades before."""
        fade = self.frames(FADE)
        if leave is not None and leave < self.canvas.frames and (turn is None or leave + fade <= turn):
            return (leave + fade, fade) if leave > enter else (enter, 0)
        if turn is not None and turn < self.canvas.frames:
            return turn, min(fade, max(0, turn - enter) // 2)
        return None, 0

    def bar(self, y: int, colour: Colour, *, enter: int = 0, units: tuple[float, float] = (96, 10)) -> int:
        """The accent bar at the start margin; the y below it."""
        width, height = self.px(units[0]), self.px(units[1])
        image = shapes.rounded(width, height, height // 2, colour)
        self.show(Sprite(image, self.from_start(0, width), y), enter=enter, rise=0, slide=48)
        return y + height

    def rings(self, x: float, y: float, units: float) -> None:
        """Faint circles about a point (shares of width and height): the ornament of opening cards."""
        radius = self.px(units)
        coverage = shapes.rings(radius, self.px(units / 7), max(1, self.px(2)), 7)
        centre = (round((1 - x if self.rtl else x) * self.canvas.width), round(y * self.canvas.height))
        box = (centre[0] - radius, centre[1] - radius)
        seen = (
            max(0, -box[0]),
            max(0, -box[1]),
            min(2 * radius, self.canvas.width - box[0]),
            min(2 * radius, self.canvas.height - box[1]),
        )
        share = 0.30 if self.theme.dark else 0.26
        image = Image.new("RGB", (seen[2] - seen[0], seen[3] - seen[1]), self.theme.accent)
        image.putalpha(coverage.crop(seen).point(lambda value: round(value * share)))
        self.show(Sprite(image, box[0] + seen[0], box[1] + seen[1]), milliseconds=0, rise=0)

    def lose(self, what: str, text: str) -> None:
        """Report text for which there is no room."""
        if text.strip():
            kept = text if len(text) <= EXCERPT else text[: EXCERPT - 1].rstrip() + "…"
            noun = "character" if len(text) == 1 else "characters"
            self.unshown.append(f"{what}: no room for {len(text)} {noun}: {kept}")

    def hurry(self, what: str, enter: int, leave: int | None) -> None:
        """Report a page whose time is over when it comes."""
        if leave is not None and leave <= enter:
            self.unshown.append(f"{what}: no time; it comes and goes with frame {enter}")

    def keep(self, block: Block, height: float, what: str) -> Block:
        """A block cut to a height in pixels; what is cut off is reported."""
        kept, rest = block.first(max(1, int(height / block.style.line_height + 0.01)))
        self.lose(what, rest)
        return kept

    def drawing(self) -> Drawing:
        """What was built."""
        size = (self.canvas.width, self.canvas.height)
        ground = background(*size, self.canvas.palette)
        unshown = (*self.unshown, *self._overlong(), *scripts.lacking(self.setter.missing))
        return Drawing(ground, tuple(self.layers), unshown)

    def _overlong(self) -> Iterator[str]:
        for start, more in self.setter.overlong.items():
            yield f"{start}…: only the first {CHARACTERS_MOST} characters are shown, {more} more are not"


def stage(canvas: Canvas, texts: Iterable[str]) -> Stage:
    """A stage with nothing but the theme's logo; a card's texts decide its direction and its Han shapes.

    Raises:
        InvalidRequest: The logo is not an image that can be shown.
    """
    whole = " ".join(texts)[:20_000]
    built = Stage(
        canvas=canvas,
        theme=theme(canvas.palette),
        setter=Typesetter(han=_han(canvas.language, whole), fonts=canvas.fonts),
        rtl=bool(bidi.base_level(whole)),
    )
    if canvas.logo is not None:
        file, at_start = canvas.logo
        image = logo(file, built.px(LOGO[0]), built.px(LOGO[1]))
        x = built.from_start(0 if at_start else built.width - image.width, image.width)
        y = built.px(LOGO_TALL if built.tall else LOGO_TOP)
        built.show(Sprite(image, x, y), milliseconds=0, rise=0)
    return built


def _han(language: str, text: str) -> str:
    """Which shapes Han characters take: the language's, else those of the script they stand among."""
    main, _, rest = language.lower().partition("-")
    if main == "zh":
        return "TC" if any(part in ("hant", "tw", "hk", "mo") for part in rest.split("-")) else "SC"
    if main == "ja" or any("぀" <= char <= "ヿ" for char in text):
        return "JP"
    return "KR" if main == "ko" or any("가" <= char <= "힣" for char in text) else "SC"
