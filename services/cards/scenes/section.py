"""The chapter card: a large number, an accent bar, the chapter's title."""

from __future__ import annotations

from services.cards.drawing.heading import DISPLAY_TRACKING, title_block
from services.cards.drawing.ink import Sprite, paint
from services.cards.drawing.stage import Stage
from services.cards.typesetting.text import ASCENT, CAP_HEIGHT
from services.story.scene import SectionCard

SIZE, NUMBER = 96, 210


def build(stage: Stage, card: SectionCard) -> None:
    """Put the card on the stage."""
    stage.rings(0.86, 0.06, 640)
    enter = stage.cue("title")
    number = _number(stage, card.number)
    width = stage.width if stage.tall else round(stage.width * 0.92)
    gap, bar = stage.px(52) if number else 0, stage.px(10) + stage.px(48)
    high = number[0].image.height if number else 0
    room = stage.bottom - stage.top - high - gap - bar
    title = title_block(stage, card.title, SIZE, width=width, height=room, what="title")
    y = max(stage.top, (stage.canvas.height - high - gap - bar - title.height) // 2 - stage.px(16))
    for sprite in number:
        x = stage.from_start(0, sprite.image.width)
        stage.show(Sprite(sprite.image, x, y), enter=max(0, enter - stage.frames(150)), rise=28)
    y += high + gap
    stage.bar(y, stage.theme.accent, enter=enter, units=(112, 10))
    y += bar
    stage.show(
        paint(title, {0: stage.theme.ink}).at(stage.from_start(0, round(title.width)), y),
        enter=enter + stage.frames(80),
    )


def _number(stage: Stage, number: int) -> tuple[Sprite, ...]:
    """The chapter's number, cut to its digits; none where chapters are not counted."""
    if number <= 0:
        return ()
    style = stage.style("display", NUMBER, ASCENT + CAP_HEIGHT, 1.5 * DISPLAY_TRACKING)
    block = stage.setter.set(f"{number:02d}", style, stage.width, rtl=False)
    return (paint(block, {0: stage.theme.accent}),)
