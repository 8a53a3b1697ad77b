"""The opening card: an accent bar, the title in display type, the subtitle under it."""

from __future__ import annotations

from services.cards.drawing.emphasis import fragments
from services.cards.drawing.heading import title_block
from services.cards.drawing.ink import paint
from services.cards.drawing.stage import Stage
from services.story.scene import TitleCard

SIZE, SUBTITLE = 112, 44


def build(stage: Stage, card: TitleCard) -> None:
    """Put the card on the stage."""
    stage.rings(0.86, 0.06, 640)
    width = stage.width if stage.tall else round(stage.width * 0.92)
    room = stage.bottom - stage.top
    bar = stage.px(10) + stage.px(52)
    subtitle_style = stage.style("regular", SUBTITLE, 1.4)
    words = fragments(card.subtitle)
    subtitle = stage.setter.set(words, subtitle_style, round(width * 0.86), balance=True)
    subtitle = stage.keep(subtitle, 4 * subtitle_style.line_height, "subtitle")
    gap = stage.px(36) if subtitle.lines else 0
    title = title_block(
        stage, card.title, SIZE, width=width, height=room - bar - gap - subtitle.height, what="title"
    )
    total = bar + title.height + gap + subtitle.height
    y = max(stage.top, (stage.canvas.height - total) // 2 - stage.px(16))
    enter = stage.cue("title")
    stage.bar(y, stage.theme.accent, enter=max(0, enter - stage.frames(120)), units=(112, 10))
    y += bar
    stage.show(paint(title, {0: stage.theme.ink}).at(stage.from_start(0, round(title.width)), y), enter=enter)
    y += title.height + gap
    x = stage.from_start(0, round(subtitle.width))
    # The eye needs the whole of an opening card before the voice has got to its end.
    soon = min(stage.cue("subtitle"), enter + stage.frames(700))
    stage.show(paint(subtitle, {0: stage.theme.body}).at(x, y), enter=max(enter, soon))
