"""The line above content cards, and titles that grow smaller until they fit."""

from __future__ import annotations

from collections.abc import Sequence

from services.cards.drawing import shapes
from services.cards.drawing.emphasis import fragments
from services.cards.drawing.ink import Sprite, paint
from services.cards.drawing.stage import Stage
from services.cards.typesetting.text import Block, trackable
from services.story.text import Text

DISPLAY_TRACKING = -0.02
KICKER_TRACKING = 0.1
"""In em: display type is set tight, small capitals wide."""

STEPS: Sequence[tuple[float, int]] = (
    (1.0, 2), (1.0, 3), (0.9, 3), (0.8, 3), (0.7, 4), (0.6, 5), (0.5, 6), (0.42, 8),
)  # fmt: skip
"""How a title gives way: shares of its size, each with the lines it may then take."""


def title_block(stage: Stage, text: Text, units: float, *, width: int, height: int, what: str) -> Block:
    """Set a display title as large as its length and the height (pixels) allow, its words whole if it can."""
    block = Block((), stage.style("display", units), False, "")
    words = fragments(text, fixed="mono-bold")
    torn: Block | None = None
    for share, most in STEPS:
        style = stage.style("display", units * share, 1.1 if share > 0.65 else 1.2, DISPLAY_TRACKING * share)
        block = stage.setter.set(words, style, width, balance=True)
        if len(block.lines) <= most and block.height <= height:
            if not block.torn:
                return block
            torn = torn or block
    return torn or stage.keep(block, height, what)


def heading(stage: Stage, header: Text, *, introduced: bool) -> int:
    """Draw a card's header: large where it is new, a small line where the chapter goes on.

    Returns:
        The y, in pixels, below which content may stand.
    """
    if not header:
        return stage.top
    if introduced:
        enter = stage.cue("header")
        y = stage.bar(stage.top - stage.px(20), stage.theme.accent, enter=enter, units=(72, 8)) + stage.px(26)
        room = (stage.bottom - stage.top) // 3
        block = title_block(stage, header, 68, width=stage.width, height=room, what="header")
        stage.show(
            paint(block, {0: stage.theme.ink}, width=block.width).at(
                stage.from_start(0, round(block.width)), y
            ),
            enter=enter,
        )
        return y + block.height + stage.px(40)
    return kicker(stage, header.text) + stage.px(40)


def kicker(stage: Stage, text: str) -> int:
    """Draw the small letter-spaced line that names the chapter, there from the first frame.

    Returns:
        The y, in pixels, below it.
    """
    # Scripts that are not letter-spaced have no capitals either: a larger size makes up for both.
    style = stage.style("semibold", 28 if trackable(text) else 34, 1.35, KICKER_TRACKING)
    dash, gap = stage.px(44), stage.px(22)
    width = stage.width - dash - gap - stage.px(160)  # the page number stands at the other end
    y = stage.top - stage.px(14)
    block = stage.setter.set(text.upper(), style, width, balance=True)
    block = stage.keep(block, 2 * style.line_height, "header")
    middle = y + style.baseline - 0.727 * style.size / 2
    height = stage.px(6)
    mark = _dash(stage, dash, height).at(stage.from_start(0, dash), middle - height / 2)
    stage.show(mark, milliseconds=0)
    x = stage.from_start(dash + gap, round(block.width))
    stage.show(paint(block, {0: stage.theme.accent}).at(x, y), milliseconds=0)
    return y + block.height


def _dash(stage: Stage, width: int, height: int) -> Sprite:
    return Sprite(shapes.rounded(width, height, height // 2, stage.theme.accent), 0, 0)


def pager(stage: Stage, page: int, pages: int, *, enter: int, turn: int | None) -> None:
    """Draw which page of a card this is, across from the kicker; nothing where there is one."""
    if pages < 2:
        return
    style = stage.style("semibold", 26, 1.35, 0.04)
    block = stage.setter.set(f"{page + 1} / {pages}", style, stage.width, rtl=False)
    width = round(block.width)
    x = stage.left if stage.rtl else stage.right - width
    stage.show(
        paint(block, {0: stage.theme.calm}).at(x, stage.top - stage.px(13)), enter=enter, rise=0, turn=turn
    )
