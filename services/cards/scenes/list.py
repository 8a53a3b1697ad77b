"""The list card: a plate or a bullet for each item, which comes in, and is brightest, when it is spoken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.cards.drawing.fitting import pages
from services.cards.drawing.heading import heading, pager
from services.cards.drawing.ink import Sprite
from services.cards.drawing.rows import Row, Shape, ghost, kept, lit, rest, row_of, stretched
from services.cards.drawing.stage import Stage
from services.story.scene import ListCard

SHARES = (1.3, 1.15, 1.0, 0.9, 0.8)
"""Shares of the sizes that are tried; the list is spread over pages where none will do."""

ROWS_MOST, BULLETS_MOST = 6, 9
"""On a page: plates, and items without plates."""

GRID = (4, 6, *range(7, 13))
"""How many items stand in two columns where they are short; the more of them, the lower their plates."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """The items, set, and which of them stand together on a page."""

    shape: Shape
    rows: Sequence[Row]
    spread: Sequence[range]
    element: str = "item"

    @property
    def between(self) -> int:
        """Pixels between items."""
        return self.shape.between


def build(stage: Stage, card: ListCard, *, element: str = "item") -> None:
    """Put the card on the stage; its items are spoken as `<element>/<n>`."""
    top = heading(stage, card.header, introduced=card.introduces_header)
    room = stage.bottom - top
    plan = replace(_plan(stage, card, room), element=element)
    for n, shown in enumerate(plan.spread):
        turn = stage.cue(f"{element}/{shown.stop}") if shown.stop < len(plan.rows) else None
        enter = stage.cue(f"{element}/{shown.start}") if n else _first(stage, card)
        stage.hurry(f"{element}s {shown.start + 1} to {shown.stop}", enter, turn)
        pager(stage, n, len(plan.spread), enter=enter, turn=turn)
        _page(stage, plan, shown, top, room, enter, turn)


def _first(stage: Stage, card: ListCard) -> int:
    """When the empty places of the first page appear: once the header stands."""
    return stage.cue("header") + stage.frames(350) if card.introduces_header and card.header else 0


def _plan(stage: Stage, card: ListCard, room: int) -> _Plan:
    if any(item.level for item in card.items):
        return _column(stage, card, room, Shape.bullets(stage), BULLETS_MOST)
    single = Shape.plates(stage)
    if len(card.items) in GRID and not stage.tall and stage.width > stage.canvas.height:
        many = len(card.items) > ROWS_MOST
        double = Shape.plates(stage, columns=2, pad=24 if many else 36)
        for share in SHARES[1:3]:
            rows = [row_of(stage, card, n, double, share) for n in range(len(card.items))]
            high = max(row.height for row in rows)
            lines = -(-len(rows) // 2)
            brief = all(len(row.head.lines) == 1 and len(row.text.lines) <= 3 for row in rows)
            if brief and lines * high + (lines - 1) * double.between <= room:
                high = max(high, min(stage.px(210), (room - (lines - 1) * double.between) // lines))
                return _Plan(double, stretched(rows, high), [range(len(rows))])
    return _column(stage, card, room, single, ROWS_MOST)


def _column(stage: Stage, card: ListCard, room: int, shape: Shape, most: int) -> _Plan:
    """Items under each other, as large as a page holds; else at the size that needs the fewest pages."""
    plans = []
    for share in SHARES:
        rows = [row_of(stage, card, n, shape, share) for n in range(len(card.items))]
        spread = pages([row.height for row in rows], room, shape.between, most)
        plan = _Plan(shape, rows, spread)
        filled = sum(row.height + shape.between for row in rows)
        airy = filled < (0.85 if stage.tall else 0.72) * room and all(
            len(row.head.lines) == 1 for row in rows
        )
        if len(spread) < 2 and max((row.height for row in rows), default=0) <= room and (share <= 1 or airy):
            return _Plan(shape, _padded(stage, rows, shape, room), spread)
        if share <= 1:
            plans.append((any(row.height > room for row in rows), len(spread), -share, plan))
    return min(plans, key=lambda entry: entry[:3])[3]


def _padded(stage: Stage, rows: Sequence[Row], shape: Shape, room: int) -> Sequence[Row]:
    """Plates with more air in them, where there is room."""
    spare = 0.78 * room - sum(row.height + shape.between for row in rows)
    more = min(stage.px(22), round(spare / (2 * max(1, len(rows)))))
    if not shape.plated or more <= 0:
        return rows
    return [replace(row, height=row.height + 2 * more, inset=row.inset + more) for row in rows]


def _page(stage: Stage, plan: _Plan, shown: range, top: int, room: int, enter: int, turn: int | None) -> None:
    """Empty places first, then the items calm, then, above all that stays, the items bright in their time."""
    columns = plan.shape.columns
    rows = [kept(stage, plan.rows[n], room, f"{plan.element} {n + 1}") for n in shown]
    lines = [rows[n : n + columns] for n in range(0, len(rows), columns)]
    total = sum(line[0].height + plan.between for line in lines) - plan.between
    y = top + max(0, round((room - total) * 0.4))
    places: list[tuple[Row, int, int]] = []
    for line in lines:
        places.extend((row, column * (plan.shape.width + plan.between), y) for column, row in enumerate(line))
        y += line[0].height + plan.between
    empty: dict[int, Sprite] = {}
    for k, (n, (row, x, y)) in enumerate(zip(shown, places, strict=True)):
        appears = enter + stage.frames(70) * k
        if plan.shape.plated and appears < stage.cue(f"{plan.element}/{n}"):
            place = empty.setdefault(row.height, ghost(stage, row, plan.shape))
            left = stage.from_start(x, plan.shape.width)
            stage.show(place.at(left, y), enter=appears, rise=20, turn=turn)
    for n, (row, x, y) in zip(shown, places, strict=True):
        stage.show(
            rest(stage, row, plan.shape, x).at(0, y), enter=stage.cue(f"{plan.element}/{n}"), turn=turn
        )
    for n, (row, x, y) in zip(shown, places, strict=True):
        until = stage.cue(f"{plan.element}/{n + 1}") if n + 1 < len(plan.rows) else None
        stage.show(
            lit(stage, row, plan.shape, x).at(0, y),
            enter=stage.cue(f"{plan.element}/{n}"),
            leave=until,
            turn=turn,
        )
