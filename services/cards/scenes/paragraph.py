"""The text card: a paragraph in large type, the spoken sentence bright, what is set off in the accent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from services.cards.drawing.emphasis import fragments
from services.cards.drawing.fitting import pages
from services.cards.drawing.heading import heading, pager
from services.cards.drawing.ink import paint
from services.cards.drawing.stage import Stage
from services.cards.typesetting import breaking
from services.cards.typesetting.text import Block, Fragment, Style
from services.cards.typesetting.typesetter import CHARACTERS_MOST
from services.story.scene import ParagraphCard

SIZES = ((84, 1), (72, 2), (64, 4), (58, 6), (54, 8), (50, 9), (46, 20))
"""Units, each with the lines it may take; the last one is that of pages too."""

LEADING = 1.42


@dataclass(frozen=True, slots=True)
class _Part:
    """What is bright at one time: a sentence, or a piece of one too long for a page."""

    fragments: tuple[Fragment, ...]
    enter: int


def build(stage: Stage, card: ParagraphCard) -> None:
    """Put the card on the stage."""
    top = heading(stage, card.header, introduced=card.introduces_header)
    room = stage.bottom - top
    parts = [
        _Part(tuple(fragments(text, key=True)), stage.cue(f"text/{n}"))
        for n, text in enumerate(card.sentences)
    ]
    if not parts:
        return
    long = sum(len(sentence) for sentence in card.sentences) > CHARACTERS_MOST
    for units, most in () if long else SIZES:
        block = _set(stage, parts, stage.style("medium", units, LEADING))
        if len(block.lines) <= most and block.height <= room:
            _page(stage, parts, block, top, room, enter=_first(stage, card, parts), turn=None)
            return
    style = stage.style("medium", SIZES[-1][0], LEADING)
    parts = list(_torn(stage, parts, style, int(room / style.line_height)))
    heights = [_set(stage, [part], style).height for part in parts]
    spread = pages(heights, room - style.line_height, 0, len(parts))
    for n, rows in enumerate(spread):
        shown = [parts[i] for i in rows]
        enter = shown[0].enter if n else _first(stage, card, parts)
        turn = parts[rows.stop].enter if rows.stop < len(parts) else None
        stage.hurry(f"sentences on page {n + 1}", enter, turn)
        pager(stage, n, len(spread), enter=enter, turn=turn)
        _page(stage, shown, _set(stage, shown, style), top, room, enter=enter, turn=turn)


def _first(stage: Stage, card: ParagraphCard, parts: Sequence[_Part]) -> int:
    """Text is there to be read as soon as the header has come."""
    if card.header and card.introduces_header:
        return min(parts[0].enter, stage.cue("header") + stage.frames(300))
    return min(parts[0].enter, stage.frames(100))


def _set(stage: Stage, parts: Sequence[_Part], style: Style) -> Block:
    """The parts as one paragraph; part n has the marks 2n and, for what is set off, 2n + 1."""
    whole: list[Fragment] = []
    for n, part in enumerate(parts):
        whole.extend(replace(fragment, mark=2 * n + fragment.mark) for fragment in part.fragments)
        if whole and whole[-1].text and not breaking.wide(whole[-1].text[-1]):
            whole.append(Fragment(" ", 2 * n))
    return stage.setter.set(whole, style, stage.width)


def _torn(stage: Stage, parts: Sequence[_Part], style: Style, lines: int) -> Iterator[_Part]:
    """Parts that fit a page; a longer one in pieces that share its time."""
    for n, part in enumerate(parts):
        block = _set(stage, [part], style)
        pieces = -(-len(block.lines) // max(1, lines - 1))
        until = parts[n + 1].enter if n + 1 < len(parts) else stage.canvas.frames
        if pieces < 2:
            yield part
            continue
        each = -(-len(block.lines) // pieces)
        for k in range(pieces):
            rows = block.lines[k * each : (k + 1) * each]
            start, end = rows[0].start, _start(block, (k + 1) * each)
            yield _Part(
                tuple(_slice(part.fragments, start, end)), part.enter + (until - part.enter) * k // pieces
            )


def _start(block: Block, line: int) -> int:
    return block.lines[line].start if line < len(block.lines) else len(block.text) + 1


def _slice(fragments: Sequence[Fragment], start: int, end: int) -> Iterator[Fragment]:
    at = 0
    for fragment in fragments:
        low, high = max(start - at, 0), min(end - at, len(fragment.text))
        if low < high:
            yield replace(fragment, text=fragment.text[low:high])
        at += len(fragment.text)


def _page(
    stage: Stage, parts: Sequence[_Part], block: Block, top: int, room: int, *, enter: int, turn: int | None
) -> None:
    y = top + max(0, round((room - block.height) * 0.4))
    x = stage.left
    theme = stage.theme
    calm = dict.fromkeys(range(2 * len(parts)), theme.calm)
    stage.show(paint(block, calm, width=stage.width).at(x, y), enter=enter, turn=turn)
    for n, part in enumerate(parts):
        bright = paint(block, {2 * n: theme.ink, 2 * n + 1: theme.accent}, width=stage.width).at(x, y)
        until = parts[n + 1].enter if n + 1 < len(parts) else None
        starts = max(enter, part.enter)
        together = starts - enter < stage.frames(600)
        stage.show(bright, enter=enter if together else starts, milliseconds=600 if together else 240,
                   rise=36 if together else 0, leave=until, turn=turn)  # fmt: skip
