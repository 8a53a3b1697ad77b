"""The code card: a dark window with the file's language, numbered lines and quiet colours."""

from __future__ import annotations

from PIL import Image

from services.cards.drawing import colouring
from services.cards.drawing.heading import heading, pager
from services.cards.drawing.ink import Sprite, paint
from services.cards.drawing.listing import LINES_MOST, cells_of, laid, listing, numbered, paged
from services.cards.drawing.shapes import card as plate
from services.cards.drawing.shapes import disc
from services.cards.drawing.stage import Stage
from services.story.scene import CodeCard

LINES_TOTAL_MOST = 400
"""Lines of one card that are drawn."""

BAR, TAB = 66, 4


def build(stage: Stage, card: CodeCard) -> None:
    """Put the card on the stage."""
    top = heading(stage, card.header, introduced=card.introduces_header)
    code = card.code.expandtabs(TAB).strip("\n")
    cells = [cells_of(stage, line) for line in colouring.lines(code, card.language)]
    if len(cells) > LINES_TOTAL_MOST:
        stage.lose("code", "\n".join(code.split("\n")[LINES_TOTAL_MOST:]))
        cells = cells[:LINES_TOTAL_MOST]
    room = stage.bottom - top - stage.px(BAR)
    last = card.first_line + len(cells) - 1
    digits = len(str(last)) if numbered(card.first_line, len(cells), card.total_lines) else 0
    grid, rows = laid(stage, cells, card.first_line, digits, room)
    each = min(LINES_MOST, max(1, (room - 2 * grid.pad) // grid.line))
    spread = list(paged(rows, each))
    enter = stage.cue("code")
    if card.introduces_header and card.header:
        enter = min(enter, stage.cue("header") + stage.frames(500))
    height = stage.px(BAR) + 2 * grid.pad + max(map(len, spread), default=1) * grid.line
    y = top + max(0, round((stage.bottom - top - height) * 0.42))
    stage.show(_window(stage, card, height).at(stage.left, y), enter=enter)
    span, done = stage.canvas.frames - enter, 0
    for n, shown in enumerate(spread):
        starts = enter + span * done // len(rows) + (0 if n else stage.frames(160))
        done += len(shown)
        turn = enter + span * done // len(rows) if n + 1 < len(spread) else None
        lines = listing(stage, shown, grid).at(stage.left, y + stage.px(BAR) + grid.pad)
        stage.show(lines, enter=starts, rise=24, turn=turn)
        pager(stage, n, len(spread), enter=starts, turn=turn)


def _window(stage: Stage, card: CodeCard, height: int) -> Sprite:
    """The window without its code."""
    theme, width, bar = stage.theme, stage.width, stage.px(BAR)
    radius = stage.px(20)
    base = plate(
        width,
        height,
        radius,
        colouring.WINDOW,
        edge=((255, 255, 255), 0.10),
        thickness=stage.px(1.5),
        shade=(theme.shade[0], min(0.6, theme.shade[1] * 1.9)),
        blur=stage.px(44),
        drop=stage.px(18),
    )
    image, x, y = base.image, -base.x, -base.y
    rule = Image.new("RGBA", (width - 2 * stage.px(1.5), stage.px(1.5)), (*colouring.RULE, 255))
    image.alpha_composite(rule, (x + stage.px(1.5), y + bar))
    size = stage.px(17)
    for n, colour in enumerate(colouring.DOTS):
        image.alpha_composite(
            disc(size, colour), (x + stage.px(32) + n * stage.px(30), y + (bar - size) // 2)
        )
    style = stage.style("medium", 26, 1.3)
    name = stage.setter.set(colouring.label(card.language), style, width / 2, rtl=False).first(1)[0]
    written = [
        paint(name, {0: colouring.LABEL}).at(x + (width - name.width) / 2, y + (bar - name.height) / 2)
    ]
    last = card.first_line + card.code.strip("\n").count("\n")
    if card.total_lines > last - card.first_line + 1:
        part = stage.setter.set(f"{card.first_line}–{last} / {card.total_lines}", style, width / 3, rtl=False)
        left = x + width - stage.px(32) - part.width
        written.append(paint(part, {0: colouring.LABEL}).at(left, y + (bar - part.height) / 2))
    for sprite in written:
        if not sprite.blank:
            image.alpha_composite(sprite.image, (sprite.x, sprite.y))
    return base
