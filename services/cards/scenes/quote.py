"""The quotation card: a large mark, the words, who said them."""

from __future__ import annotations

from services.cards.drawing.emphasis import fragments
from services.cards.drawing.fitting import fitted
from services.cards.drawing.heading import DISPLAY_TRACKING
from services.cards.drawing.ink import Sprite, paint
from services.cards.drawing.shapes import rounded
from services.cards.drawing.stage import Stage
from services.cards.typesetting.text import X_HEIGHT
from services.story.scene import QuoteCard

SIZES = ((88, 2), (76, 3), (68, 4), (60, 5), (54, 7), (48, 9), (42, 12), (36, 16))
"""Units, each with the lines it may take."""

MARK, ATTRIBUTION = 260, 36


def build(stage: Stage, card: QuoteCard) -> None:
    """Put the card on the stage."""
    enter = stage.cue("quote")
    mark = paint(
        stage.setter.set("“", stage.style("display", MARK, 1.3), stage.width, rtl=stage.rtl),
        {0: stage.theme.accent},
    )
    by_style = stage.style("semibold", ATTRIBUTION, 1.35)
    dash, between = stage.px(56), stage.px(26)
    by = stage.setter.set(
        fragments(card.attribution, fixed="mono-bold"), by_style, stage.width - dash - between
    )
    by = stage.keep(by, 2 * by_style.line_height, "attribution")
    head, gap = mark.image.height + stage.px(44), stage.px(56) if by.lines else 0
    room = stage.bottom - stage.top - head - gap - by.height
    text = fitted(
        stage,
        fragments(card.text),
        "medium",
        SIZES,
        width=stage.width,
        height=room,
        leading=1.3,
        what="quote",
        tracking=DISPLAY_TRACKING / 2,
    )
    y = max(stage.top, (stage.canvas.height - head - text.height - gap - by.height) // 2 - stage.px(20))
    stage.show(
        Sprite(mark.image, stage.from_start(0, mark.image.width), y),
        enter=max(0, enter - stage.frames(120)),
        rise=0,
        slide=40,
    )
    y += head
    stage.show(paint(text, {0: stage.theme.ink}).at(stage.from_start(0, round(text.width)), y), enter=enter)
    y += text.height + gap
    if by.lines:
        height = stage.px(6)
        line = rounded(dash, height, height // 2, stage.theme.accent)
        middle = y + by_style.baseline - X_HEIGHT * by_style.size / 2
        spoken = stage.cue("attribution")
        stage.show(
            Sprite(line, stage.from_start(0, dash), round(middle - height / 2)),
            enter=spoken,
            rise=0,
            slide=36,
        )
        x = stage.from_start(dash + between, round(by.width))
        stage.show(paint(by, {0: stage.theme.body}).at(x, y), enter=spoken, rise=20)
