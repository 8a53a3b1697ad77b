"""Code on a grid: lines of cells, wrapped where they are long, spread over pages, with their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from services.cards.drawing import colouring
from services.cards.drawing.ink import Colour, Sprite, cut
from services.cards.drawing.stage import Stage
from services.cards.typesetting import breaking, scripts, shaping
from services.cards.typesetting.faces import Face
from services.cards.typesetting.text import ASCENT, DESCENT

SIZES = (64, 56, 50, 44, 38, 36, 34, 32, 30, 28, 26)
"""Units of the type that are tried; at the last one long lines are wrapped."""

LARGE, SHARE = 38, 0.7
"""Type above so many units is for short listings: it takes this share of the room at most."""

COMMANDS, COMMANDS_MOST = 44, 3
"""Units at which so few lines are rather wrapped than set small."""

UNNUMBERED_MOST = 2
"""Lines of a whole listing whose numbers would say nothing."""

LINE = 1.47
"""Line height in em."""

LINES_MOST = 16
"""Lines on a page."""

PAD, GUTTER_GAP = 26, 30
HANGING = "↪"


@dataclass(frozen=True, slots=True)
class Cell:
    """One character of a line and how many columns it takes."""

    char: str
    colour: Colour
    bold: bool
    columns: int


@dataclass(frozen=True, slots=True)
class Row:
    """A line, or a part of a wrapped one, whose `number` is 0 from the second part on."""

    number: int
    cells: tuple[Cell, ...]
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Grid:
    """The type's measures in pixels; `gap` is between numbers and code, 0 where lines have no numbers."""

    size: float
    cell: float
    line: int
    gutter: int
    pad: int
    gap: int


def cells_of(stage: Stage, line: Sequence[tuple[str, Colour, bool]]) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for text, colour, bold in line:
        for char in text:
            if not char.isprintable():
                continue
            columns = 0 if breaking.clings(char) else 2 if breaking.wide(char) else 1
            if stage.setter.face(char, "mono") is None:
                stage.setter.missing[char] = None
                if not columns:
                    continue
                char = scripts.STAND_INS.get(char, scripts.PLACEHOLDER)
            cells.append(Cell(char, colour, bold, columns))
    return tuple(cells)


def laid(
    stage: Stage, lines: Sequence[tuple[Cell, ...]], first: int, digits: int, room: int
) -> tuple[Grid, list[Row]]:
    """The largest type at which every line fits its width and a page its height; else the least, wrapped.

    Args:
        stage: Where the listing will stand.
        lines: Their cells.
        first: The number of the first line.
        digits: Of the largest number; 0 where lines are not numbered.
        room: Of a page, in pixels.
    """
    widest = max((sum(cell.columns for cell in line) for line in lines), default=0)
    for units in SIZES:
        grid = _grid(stage, units, digits)
        columns = _columns(stage, grid)
        rows = [row for n, line in enumerate(lines) for row in _wrapped(line, first + n, columns)]
        high = min(len(rows), LINES_MOST) * grid.line + 2 * grid.pad
        whole = widest <= columns or (units <= COMMANDS and len(lines) <= COMMANDS_MOST)
        if whole and high <= room * (SHARE if units > LARGE else 1):
            break
    return grid, rows


def numbered(first: int, count: int, total: int) -> bool:
    """Whether the lines of a listing have numbers: not where all there is are one or two."""
    return first > 1 or max(count, total) > UNNUMBERED_MOST


def _grid(stage: Stage, units: float, digits: int) -> Grid:
    size = round(units * stage.unit * 4) / 4
    cell = stage.setter.first("mono").at(size).getlength("0")
    gap = stage.px(max(GUTTER_GAP, units * 0.75)) if digits else 0
    gutter = stage.px(40) + round(digits * cell * 0.85) + gap
    return Grid(size, cell, round(size * LINE), gutter, stage.px(max(PAD, units * 0.75)), gap)


def _columns(stage: Stage, grid: Grid) -> int:
    return max(8, int((stage.width - grid.gutter - stage.px(40)) / grid.cell))


def _wrapped(line: tuple[Cell, ...], number: int, columns: int) -> Iterator[Row]:
    """A line in parts; later ones hang under the code's own indentation."""
    blank = next((i for i, cell in enumerate(line) if cell.char != " "), 0)
    hang = min(blank + 2, columns // 2)
    start, indent, first = 0, 0, True
    while True:
        end, used = start, indent
        while end < len(line) and used + line[end].columns <= columns:
            used += line[end].columns
            end += 1
        if end < len(line):
            end = _tear(line, start, end)
        yield Row(number if first else 0, line[start:end], indent)
        start, indent, first = end, hang, False
        if start >= len(line):
            return


def _tear(line: tuple[Cell, ...], start: int, end: int) -> int:
    """Where a line too long ends: after a space near its end, else after a sign, else where it is full."""
    near = range(end, max(start + 1, end - 30), -1)
    for signs in (" ", ",(|&;", ".-/_"):
        for at in near:
            if line[at - 1].char in signs:
                return at
    return end


def paged(rows: Sequence[Row], most: int) -> Iterator[list[Row]]:
    """Pages about equally full; a wrapped line stays together unless it is longer than a page."""
    count = -(-len(rows) // most)
    each = max(1, -(-len(rows) // max(1, count)))
    page: list[Row] = []
    for n, row in enumerate(rows):
        group = (
            next((k for k in range(n + 1, len(rows)) if rows[k].number), len(rows)) - n if row.number else 1
        )
        if page and (
            (row.number and len(page) + group > most) or len(page) >= (each if row.number else most)
        ):
            yield page
            page = []
        page.append(row)
    if page:
        yield page


def listing(stage: Stage, rows: Sequence[Row], grid: Grid) -> Sprite:
    """The numbered lines, every character on its column, all of a line on one baseline."""
    box = (stage.width, len(rows) * grid.line)
    alpha, tint = Image.new("L", box, 0), Image.new("RGB", box, colouring.NUMBERS)
    pen, brush = ImageDraw.Draw(alpha), ImageDraw.Draw(tint)
    small = stage.setter.first("mono").at(grid.size * 0.85)
    rise = (grid.line - (ASCENT + DESCENT) * grid.size) / 2 + ASCENT * grid.size
    for n, row in enumerate(rows):
        y = round(n * grid.line + rise)
        x = grid.gutter + row.indent * grid.cell
        if row.number and grid.gap:
            right = grid.gutter - grid.gap
            pen.text((right, y), f"{row.number}", font=small, fill=255, anchor="rs")
        elif not row.number:
            sign = _face(stage, Cell(HANGING, colouring.NUMBERS, False, 1))
            pen.text((x - 2 * grid.cell, y), HANGING, font=sign.at(grid.size * 0.85), fill=255, anchor="ls")
        for text, colour, face, columns in _runs(stage, row.cells):
            area = (round(x), n * grid.line, round(x + columns * grid.cell), (n + 1) * grid.line)
            brush.rectangle(area, fill=colour)
            untied = shaping.options(features=["-calt", "-liga"])
            pen.text((x, y), text, font=face.at(grid.size), fill=255, anchor="ls", **untied)
            x += columns * grid.cell
    return cut(tint, alpha)


def _runs(stage: Stage, cells: Sequence[Cell]) -> Iterator[tuple[str, Colour, Face, int]]:
    """Characters of one colour and face together, with the columns they take; wide ones alone."""
    i = 0
    while i < len(cells):
        face, j = _face(stage, cells[i]), i + 1
        while j < len(cells) and _joins(cells[i], cells[j]) and _face(stage, cells[j]) == face:
            j += 1
        yield (
            "".join(cell.char for cell in cells[i:j]),
            cells[i].colour,
            face,
            sum(c.columns for c in cells[i:j]),
        )
        i = j


def _joins(first: Cell, other: Cell) -> bool:
    if other.columns == 0:
        return True
    return (first.colour, first.bold, first.columns) == (
        other.colour,
        other.bold,
        other.columns,
    ) and other.columns == 1


def _face(stage: Stage, cell: Cell) -> Face:
    face = stage.setter.face(cell.char, "mono-bold" if cell.bold else "mono")
    return face or stage.setter.first("mono")
