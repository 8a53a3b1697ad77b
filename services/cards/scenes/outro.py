"""The closing card: a title, a message, and the links as chips of text."""

from __future__ import annotations

from collections.abc import Iterator

from services.cards.drawing.emphasis import fragments
from services.cards.drawing.fitting import fitted
from services.cards.drawing.heading import title_block
from services.cards.drawing.ink import Sprite, paint
from services.cards.drawing.shapes import card as plate
from services.cards.drawing.stage import Stage
from services.cards.typesetting.text import Block
from services.story.scene import OutroCard

SIZE, LINK = 104, 30
MESSAGE = ((44, 4), (40, 5), (36, 7), (32, 9))
LINKS_MOST = 6


def build(stage: Stage, card: OutroCard) -> None:
    """Put the card on the stage."""
    stage.rings(0.86, 0.06, 640)
    links = [_link(stage, text) for text in card.links[:LINKS_MOST] if text.strip()]
    for text in card.links[LINKS_MOST:]:
        stage.lose("link", text)
    rows = list(_rows(links, stage.width, stage.px(20)))
    chips = len(rows) * stage.px(84)
    width = stage.width if stage.tall else round(stage.width * 0.88)
    bar, gaps = stage.px(10) + stage.px(48), stage.px(32) + stage.px(52)
    room = stage.bottom - stage.top - bar - gaps - chips
    title = title_block(stage, card.title, SIZE, width=width, height=round(room * 0.6), what="title")
    message = fitted(
        stage,
        fragments(card.message),
        "regular",
        MESSAGE,
        width=round(width * 0.9),
        height=room - title.height,
        leading=1.4,
        what="message",
    )
    below = (stage.px(32) if message.lines else 0) + (stage.px(52) if rows else 0)
    total = bar + title.height + message.height + below + chips
    y = max(stage.top, (stage.canvas.height - total) // 2 - stage.px(16))
    enter = stage.cue("title") if card.title else 0
    stage.bar(y, stage.theme.accent, enter=max(0, enter - stage.frames(120)), units=(112, 10))
    y += bar
    stage.show(paint(title, {0: stage.theme.ink}).at(stage.from_start(0, round(title.width)), y), enter=enter)
    y += title.height + (stage.px(32) if message.lines else 0)
    said = max(enter, min(stage.cue("message"), enter + stage.frames(1500))) if card.message else enter
    x = stage.from_start(0, round(message.width))
    stage.show(paint(message, {0: stage.theme.body}).at(x, y), enter=said)
    _chips(stage, rows, y + message.height + stage.px(52), said + stage.frames(350))


def _link(stage: Stage, text: str) -> Block:
    short = text.removeprefix("https://").removeprefix("http://").removesuffix("/")
    style = stage.style("medium", LINK, 1.35)
    block = stage.setter.set(short, style, stage.width - 2 * stage.px(32), rtl=False)
    return stage.keep(block, style.line_height, "link")


def _rows(links: list[Block], width: int, gap: int) -> Iterator[list[Block]]:
    """Chips side by side as long as they fit."""
    row: list[Block] = []
    used = 0.0
    for block in links:
        wide = block.width + 3.2 * gap
        if row and used + gap + wide > width:
            yield row
            row, used = [], 0.0
        row.append(block)
        used += wide + gap
    if row:
        yield row


def _chips(stage: Stage, rows: list[list[Block]], y: int, enter: int) -> None:
    height, gap, inner, n = stage.px(64), stage.px(20), stage.px(32), 0
    for row in rows:
        indent = 0
        for block in row:
            wide = round(block.width) + 2 * inner
            x = stage.from_start(indent, wide)
            chip = plate(wide, height, height // 2, stage.theme.surface, edge=(stage.theme.accent, 0.55),
                         thickness=stage.px(2)).image  # fmt: skip
            text = paint(block, {0: stage.theme.accent}).at(inner, (height - block.height) / 2)
            chip.alpha_composite(text.image, (text.x, text.y))
            stage.show(Sprite(chip, x, y), enter=enter + stage.frames(90) * n, rise=24)
            indent += wide + gap
            n += 1
        y += stage.px(84)
