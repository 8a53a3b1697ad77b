"""Sets text: finds fonts and directions, breaks lines that fit, remembers what no font has."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from services.cards.typesetting import bidi, breaking, faces, scripts
from services.cards.typesetting.faces import Face
from services.cards.typesetting.text import Block, Fragment, Line, Run, Style, advance

CHARACTERS_MOST = 6_000
"""What one block takes; a screen holds less than a third of it."""


@dataclass(frozen=True, slots=True)
class _Glyph:
    """A character, the font it is drawn with, and what is drawn: a stand-in where no font has it."""

    char: str
    face: Face
    mark: int
    drawn: str
    struck: bool


@dataclass(slots=True)
class Typesetter:
    """Sets the texts of one card and remembers what it could not: characters no font has, overlong texts.

    Args:
        han: Which shapes unified Han characters take: SC, TC, JP or KR.
        fonts: The theme's own font of each weight that has one.
    """

    han: str = "SC"
    fonts: Mapping[str, Path] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)
    overlong: dict[str, int] = field(default_factory=dict)

    def set(
        self,
        content: str | Sequence[Fragment],
        style: Style,
        width: float,
        *,
        balance: bool = False,
        rtl: bool | None = None,
    ) -> Block:
        """Break a text into lines of at most `width` pixels.

        Args:
            content: Text, or fragments; white space is collapsed.
            style: Size and weight; a fragment may have another weight.
            width: Of the longest line allowed.
            balance: Make the lines about equally long, in as few lines.
            rtl: The base direction; by default that of the first strong character.
        """
        fragments = [Fragment(content)] if isinstance(content, str) else content
        glyphs = self._glyphs(fragments, style)
        text = "".join(glyph.char for glyph in glyphs)
        drawn = "".join(glyph.drawn for glyph in glyphs)
        base = bidi.base_level(text) if rtl is None else int(rtl)
        paragraph = _Paragraph(glyphs, text, drawn, bidi.levels(text, base), style)
        ends = paragraph.wrap(width)
        if balance and len(ends) > 1:
            ends = paragraph.balance(width, ends)
        lines = tuple(paragraph.line(start, end, base) for start, end in pairwise((0, *ends)))
        return Block(lines, style, bool(base), text, torn=paragraph.torn(ends))

    def face(self, char: str, weight: str) -> Face | None:
        """The font that draws a character; None where no font has it."""
        return faces.face_of(char, weight, self.han, self.fonts.get(weight))

    def first(self, weight: str) -> Face:
        """The font of a weight that is tried first."""
        return faces.chain(weight, self.fonts.get(weight))[0]

    def _glyphs(self, fragments: Sequence[Fragment], style: Style) -> list[_Glyph]:
        glyphs: list[_Glyph] = []
        more = sum(len(fragment.text) for fragment in fragments) - CHARACTERS_MOST
        if more > 0:
            self.overlong["".join(fragment.text for fragment in fragments[:3])[:40]] = more
        left_out: list[_Glyph] = []
        before, last = None, ""
        for fragment in fragments:
            weight = fragment.weight or style.weight
            before = before if weight == last else None
            last = weight
            for char in unicodedata.normalize("NFC", fragment.text):
                if len(glyphs) >= CHARACTERS_MOST:
                    return glyphs
                kept = " " if char.isspace() else char
                if kept == " " and (not glyphs or glyphs[-1].char == " "):
                    continue
                glyph = self._glyph(kept, weight, fragment, before)
                if glyph is None:
                    continue
                before = glyph
                (glyphs if _kept(glyph) else left_out).append(glyph)
        while glyphs and glyphs[-1].char == " ":
            glyphs.pop()
        return glyphs or left_out  # a text of nothing but signs is not left empty

    def _glyph(self, char: str, weight: str, fragment: Fragment, before: _Glyph | None) -> _Glyph | None:
        """How a character is drawn; None where it has no shape of its own."""
        if before is not None and (char == " " or breaking.clings(char)):
            if before.drawn == scripts.PLACEHOLDER != before.char and char != " ":
                return None  # the letter's placeholder stands for its marks too
            if ord(char) in before.face.covered:
                return _Glyph(char, before.face, fragment.mark, char, fragment.struck)
        if char != " " and faces.invisible(char):
            return None
        face = self.face(char, weight)
        if face is not None:
            return _Glyph(char, face, fragment.mark, char, fragment.struck)
        drawn = scripts.STAND_INS.get(char, "")
        if not drawn:
            self.missing[char] = None
            if breaking.clings(char):
                return None
            drawn = scripts.PLACEHOLDER
        face = self.face(drawn, weight) or self.first(weight)
        return _Glyph(char, face, fragment.mark, drawn, fragment.struck)


def _kept(glyph: _Glyph) -> bool:
    """Whether a character, drawn or not, keeps its place; a sign that is not a letter leaves no gap."""
    return glyph.drawn != scripts.PLACEHOLDER or glyph.char.isalnum() or scripts.is_cjk(glyph.char)


@dataclass(frozen=True, slots=True)
class _Atom:
    """Characters that stay together, [start, end), and their width without and with the space behind."""

    start: int
    end: int
    bare: float
    full: float


@dataclass(slots=True)
class _Paragraph:
    """Characters with their fonts and levels, about to become lines."""

    glyphs: list[_Glyph]
    text: str
    drawn: str
    levels: list[int]
    style: Style
    _atoms: list[_Atom] = field(default_factory=list)

    def wrap(self, limit: float) -> list[int]:
        """Where each line ends, filling one after the other."""
        self._atoms = self._atoms or [self._atom(start, end) for start, end in breaking.atoms(self.text)]
        ends: list[int] = []
        start, used = 0, 0.0
        for atom in self._pieces(limit):
            if atom.start > start and used + atom.bare > limit:
                ends.append(atom.start)
                start, used = atom.start, 0.0
            used += atom.full
        return [*ends, len(self.glyphs)] if self.glyphs else []

    def balance(self, limit: float, ends: list[int]) -> list[int]:
        """The narrowest setting with the same number of lines."""
        low, high = max(limit / 2, *(min(atom.bare, limit) for atom in self._atoms)), limit
        for _ in range(7):
            middle = (low + high) / 2
            tried = self.wrap(middle)
            if len(tried) <= len(ends):
                high, ends = middle, tried
            else:
                low = middle
        return ends

    def torn(self, ends: Sequence[int]) -> bool:
        """Whether a line ends inside a word, and not after a sign that it is read by."""
        starts = {atom.start for atom in self._atoms}
        return any(end not in starts and not breaking.gentle(self.text, end) for end in ends[:-1])

    def _atom(self, start: int, end: int) -> _Atom:
        bare = end - (self.text[end - 1] == " ")
        width = self._width(start, bare)
        return _Atom(start, end, width, width + (self._width(bare, end) if end > bare else 0.0))

    def _pieces(self, limit: float) -> Iterator[_Atom]:
        """Atoms; those wider than a line come in parts."""
        for atom in self._atoms:
            if atom.bare <= limit:
                yield atom
            else:
                yield from self._torn(atom, limit)

    def _torn(self, atom: _Atom, limit: float) -> Iterator[_Atom]:
        """A long word in parts: after a sign like `/` where one is near, else where the line is full."""
        start, soft, used, last = atom.start, atom.start, 0.0, atom.start
        for at in (*breaking.splits(self.text, atom.start, atom.end), atom.end):
            step = self._width(last, at)
            if used + step > limit and last > start:
                tear = soft if soft > start and last - soft < 24 else last
                yield self._atom(start, tear)
                start, used = tear, self._width(tear, last)
            used, last = used + step, at
            if at < atom.end and breaking.gentle(self.text, at):
                soft = at
        yield self._atom(start, atom.end)

    def _runs(self, start: int, end: int) -> Iterator[tuple[str, _Glyph, int]]:
        """(text, its first glyph, level) in logical order."""
        i = start
        while i < end:
            glyph, level, j = self.glyphs[i], self.levels[i], i + 1
            while j < end and self.levels[j] == level and self._alike(self.glyphs[j], glyph):
                j += 1
            yield self.drawn[i:j], glyph, level
            i = j

    @staticmethod
    def _alike(one: _Glyph, other: _Glyph) -> bool:
        return (one.face is other.face, one.mark, one.struck) == (True, other.mark, other.struck)

    def _width(self, start: int, end: int) -> float:
        return sum(
            advance(text, glyph.face, self.style, bool(level % 2))
            for text, glyph, level in self._runs(start, end)
        )

    def line(self, start: int, end: int, base: int) -> Line:
        """One line's runs in visual order; spaces at its end are left out."""
        bare = end - (self.text[end - 1] == " ")
        runs = list(self._runs(start, bare))
        placed, x = [], 0.0
        for text, glyph, level in bidi.visual(runs, [level for _, _, level in runs]):
            width = advance(text, glyph.face, self.style, bool(level % 2))
            placed.append(Run(text, glyph.face, bool(level % 2), glyph.mark, x, width, glyph.struck))
            x += width
        return Line(tuple(placed), x, start)
