"""Text that has been set, and how wide it is: runs of one font and direction in lines, all in pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from services.cards.typesetting import shaping
from services.cards.typesetting.faces import Face

ASCENT, DESCENT = 0.969, 0.242
"""Inter's, in em: every line is as high as the chain's first font says, whatever stands in it."""

CAP_HEIGHT, X_HEIGHT = 0.727, 0.546
"""Inter's, in em: what shapes beside text are centred on."""


@dataclass(frozen=True, slots=True)
class Style:
    """A weight (a key of `faces.CHAINS`), a size in pixels, line height and tracking in em."""

    weight: str
    size: float
    leading: float = 1.35
    tracking: float = 0.0

    @property
    def line_height(self) -> float:
        """From baseline to baseline, in pixels."""
        return self.size * self.leading

    @property
    def baseline(self) -> float:
        """From a line's top to its baseline, in pixels."""
        return (self.line_height - (ASCENT + DESCENT) * self.size) / 2 + ASCENT * self.size


@dataclass(frozen=True, slots=True)
class Fragment:
    """Text that is painted alike: `mark` is what the painter is given a colour for."""

    text: str
    mark: int = 0
    weight: str = ""
    struck: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one font, direction and mark, struck out or not; `x` and `width` in pixels."""

    text: str
    face: Face
    rtl: bool
    mark: int
    x: float
    width: float
    struck: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """Runs from left to right; `start` is the place of its first character in the block's text."""

    runs: tuple[Run, ...]
    width: float
    start: int


@dataclass(frozen=True, slots=True)
class Block:
    """Lines under each other; `rtl` is the base direction, `torn` tells that a line ends inside a word."""

    lines: tuple[Line, ...]
    style: Style
    rtl: bool
    text: str
    torn: bool = False

    @property
    def width(self) -> float:
        """Of the longest line."""
        return max((line.width for line in self.lines), default=0.0)

    @property
    def height(self) -> int:
        """Of all lines, in whole pixels."""
        return round(len(self.lines) * self.style.line_height)

    def first(self, lines: int) -> tuple[Block, str]:
        """The block's first lines, and the text that is left."""
        if lines >= len(self.lines):
            return self, ""
        return replace(self, lines=self.lines[:lines]), self.text[self.lines[lines].start :]


def trackable(text: str) -> bool:
    """Whether letters may be spaced: not where they join or stack (Arabic, Indic and their like)."""
    return all(ord(char) < 0x0590 or 0x1E00 <= ord(char) <= 0x2BFF or ord(char) >= 0x2E80 for char in text)


def advance(text: str, face: Face, style: Style, rtl: bool) -> float:
    """How wide a run is, in pixels."""
    spaced = bool(style.tracking) and not rtl and trackable(text)
    width = _measured(text, face, rtl, spaced or untied(text, face)) * style.size / REFERENCE
    return width + (style.tracking * style.size * len(text) if spaced else 0.0)


def untied(text: str, face: Face) -> bool:
    """Whether signs stay apart as they were written: in code, and where `->` would become an arrow."""
    return face.fixed or ((">" in text or "<" in text) and any(sign in text for sign in "-=~|"))


def tracked(text: str, face: Face, style: Style) -> Iterator[tuple[str, float]]:
    """Each character with the way to the next one: its advance, kerning and the tracking."""
    for char, following in pairwise((*text, "")):
        yield char, (_pair(char, following, face) / REFERENCE + style.tracking) * style.size


REFERENCE = 256
"""Pixels at which everything is measured, once: advances are not hinted, so that they scale."""

UNTIED = ("-liga", "-calt", "-clig")
"""The features of letters that stand apart: letter-spaced ones, and code."""


@lru_cache(maxsize=16_384)
def _measured(text: str, face: Face, rtl: bool, untied: bool) -> float:
    shaped = shaping.options(rtl=rtl, features=UNTIED if untied else None)
    return float(face.at(REFERENCE).getlength(text, **shaped))


@lru_cache(maxsize=16_384)
def _pair(char: str, following: str, face: Face) -> float:
    font = face.at(REFERENCE)
    shaped = shaping.options(features=UNTIED)
    alone = float(font.getlength(following, **shaped)) if following else 0.0
    return float(font.getlength(char + following, **shaped)) - alone
