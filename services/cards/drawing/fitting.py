"""Makes text fit: the largest size whose lines have room, then pages, then a report of what is left."""

from __future__ import annotations

from collections.abc import Sequence

from services.cards.drawing.stage import Stage
from services.cards.typesetting.text import Block, Fragment


def fitted(
    stage: Stage,
    content: str | Sequence[Fragment],
    weight: str,
    sizes: Sequence[tuple[float, int]],
    *,
    width: int,
    height: float,
    leading: float,
    what: str,
    tracking: float = 0.0,
) -> Block:
    """Set balanced text at the first of `sizes` (units, lines allowed) that fits.

    What does not fit at the last one is cut off and reported.
    """
    block = Block((), stage.style(weight, sizes[0][0], leading), False, "")
    for units, most in sizes:
        style = stage.style(weight, units, leading, tracking)
        block = stage.setter.set(content, style, width, balance=True)
        if len(block.lines) <= most and block.height <= height:
            return block
    return stage.keep(block, height, what)


def pages(heights: Sequence[float], room: float, gap: float, most: int) -> list[range]:
    """Spread rows over as few pages as hold them, each about equally full.

    Args:
        heights: Of the rows, in pixels.
        room: Of a page, in pixels; a row higher than it has a page of its own.
        gap: Between rows, in pixels.
        most: Rows on a page.

    Returns:
        The rows of each page.
    """
    fewest = _fill(heights, room, gap, most)
    if len(fewest) < 2:
        return fewest
    low, high = 0.0, room
    for _ in range(8):
        middle = (low + high) / 2
        tried = _fill(heights, middle, gap, most)
        if len(tried) <= len(fewest):
            high, fewest = middle, tried
        else:
            low = middle
    return fewest


def _fill(heights: Sequence[float], room: float, gap: float, most: int) -> list[range]:
    found: list[range] = []
    start, used = 0, 0.0
    for n, height in enumerate(heights):
        if n > start and (used + gap + height > room or n - start >= most):
            found.append(range(start, n))
            start, used = n, 0.0
        used += height + (gap if n > start else 0)
    return [*found, range(start, len(heights))] if heights else []
