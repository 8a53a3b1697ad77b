"""The rows of a list: set, and drawn empty, calm or bright."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.cards.drawing import shapes
from services.cards.drawing.emphasis import fragments
from services.cards.drawing.ink import Colour, Sprite, merged, paint
from services.cards.drawing.stage import Stage
from services.cards.typesetting.text import X_HEIGHT, Block
from services.story.scene import ListCard, ListItem
from services.story.text import NOTHING

TITLE, TEXT, ALONE = 42, 34, 42
"""Units of an item's lead, of the text under it, and of an item that has only one of them."""

INDENT, INDENTS_MOST = 56, 4
RADIUS = 20


@dataclass(frozen=True, slots=True)
class Shape:
    """How items stand: on plates or bare, their width, padding and distance in pixels."""

    plated: bool
    columns: int
    width: int
    side: int
    pad: int
    between: int

    @classmethod
    def plates(cls, stage: Stage, *, columns: int = 1, pad: float = 26) -> Shape:
        """Each item on a plate, `pad` units above and below it."""
        between = stage.px(18 if columns == 1 else 24)
        width = (stage.width - (columns - 1) * between) // columns
        return cls(True, columns, width, stage.px(40), stage.px(pad), between)

    @classmethod
    def bullets(cls, stage: Stage) -> Shape:
        """Items with markers on the ground; for lists with lists in them."""
        return cls(False, 1, stage.width, 0, stage.px(9), stage.px(18))


@dataclass(frozen=True, slots=True)
class Row:
    """One item, set: its lead over its text, its number if any; lengths in pixels."""

    head: Block
    text: Block
    number: Block
    share: float
    start: int
    column: int
    height: int
    pad: int
    gap: int
    inset: int

    @property
    def content(self) -> int:
        """The height of what is written."""
        return self.head.height + self.gap + self.text.height


def row_of(stage: Stage, card: ListCard, n: int, shape: Shape, share: float) -> Row:
    """Set one item at a share of the full size."""
    item = card.items[n]
    start = shape.side + stage.px(INDENT) * min(item.level, INDENTS_MOST) * (item.level > 0)
    size = (TITLE if item.title and item.text else ALONE) * (0.9 if item.level else 1.0)
    counted = stage.style("bold", size * share, 1.3)
    labels = numbers(card)
    number = stage.setter.set(labels[n], counted, stage.width, rtl=False)
    column = stage.px(46 * share)
    if longest := max(labels, key=len):
        widest = stage.setter.set(longest, counted, stage.width, rtl=False)
        column = round(widest.width) + stage.px(32 * share)
    width = shape.width - start - column - shape.side
    weight = "semibold" if item.title else "medium"
    lead = fragments(item.title or item.text, fixed="mono-bold" if item.title else "mono")
    head = stage.setter.set(lead, stage.style(weight, size * share, 1.3), width)
    under = fragments(item.text if item.title else NOTHING)
    text = stage.setter.set(under, stage.style("regular", TEXT * share, 1.38), width)
    pad, gap = round(shape.pad * share), stage.px(6 * share) if text.lines else 0
    height = head.height + gap + text.height + 2 * pad
    return Row(head, text, number, share, start, column, height, pad, gap, pad)


def numbers(card: ListCard) -> list[str]:
    """What stands before each item: its own number, "" for a bullet; a card without any counts itself."""
    if any(item.number is not None for item in card.items):
        return ["" if item.number is None else str(item.number) for item in card.items]
    if not card.ordered:
        return [""] * len(card.items)
    return [str(card.first_number + _position(card.items, n)) for n in range(len(card.items))]


def _position(items: Sequence[ListItem], n: int) -> int:
    """How many items of the same level, under the same one, stand before an item."""
    count = 0
    for other in reversed(items[:n]):
        if other.level < items[n].level:
            break
        count += other.level == items[n].level
    return count


def kept(stage: Stage, row: Row, room: int, what: str) -> Row:
    """A row no higher than `room` pixels; what is cut off is reported."""
    if row.height <= room:
        return row
    head = stage.keep(row.head, room - 2 * row.pad, what)
    left = room - 2 * row.pad - head.height - row.gap
    if left < row.text.style.line_height:
        stage.lose(what, row.text.text)
        text = row.text.first(0)[0]
    else:
        text = stage.keep(row.text, left, what)
    height = head.height + row.gap + text.height + 2 * row.pad
    return replace(row, head=head, text=text, height=height, inset=row.pad)


def stretched(rows: Sequence[Row], height: int) -> list[Row]:
    """Rows of the same height whose texts begin equally far down."""
    content = max(row.content for row in rows)
    return [replace(row, height=height, inset=(height - content) // 2) for row in rows]


def ghost(stage: Stage, row: Row, shape: Shape) -> Sprite:
    """The empty place of an item that has not been spoken, at the origin."""
    theme, size = stage.theme, (shape.width, row.height)
    plate = shapes.card(*size, stage.px(RADIUS), theme.surface, edge=theme.edge, thickness=stage.px(1.5))
    plate.image.putalpha(plate.image.getchannel("A").point(lambda value: round(value * 0.45)))
    return plate


def rest(stage: Stage, row: Row, shape: Shape, indent: int) -> Sprite:
    """An item that has been said."""
    theme = stage.theme
    calm = _written(stage, row, shape, indent, (theme.calm, theme.calm, theme.calm))
    if not shape.plated:
        return calm
    plate = shapes.card(
        shape.width,
        row.height,
        stage.px(RADIUS),
        theme.surface,
        edge=theme.edge,
        thickness=stage.px(1.5),
        shade=theme.shade,
        blur=stage.px(30),
        drop=stage.px(12),
    )
    return merged([plate.at(stage.from_start(indent, shape.width), 0), calm])


def lit(stage: Stage, row: Row, shape: Shape, indent: int) -> Sprite:
    """An item that is being said."""
    theme = stage.theme
    bright = _written(stage, row, shape, indent, (theme.ink, theme.body, theme.accent))
    if not shape.plated:
        return bright
    plate = shapes.card(
        shape.width,
        row.height,
        stage.px(RADIUS),
        theme.lit,
        edge=(theme.accent, 0.8),
        thickness=stage.px(2.5),
    )
    return merged([plate.at(stage.from_start(indent, shape.width), 0), bright])


def _written(
    stage: Stage, row: Row, shape: Shape, indent: int, colours: tuple[Colour, Colour, Colour]
) -> Sprite:
    """An item's texts and marker (head, text, marker), from its plate's upper edge."""
    head, text, marker = colours
    width = shape.width - row.start - row.column - shape.side
    start, side = indent + row.start, "right" if stage.rtl else "left"
    y = row.inset
    if row.number.lines:
        wide = round(row.number.width)
        sign = paint(row.number, {0: marker}).at(stage.from_start(start, wide), y)
    else:
        size, style = stage.px(15 * row.share), row.head.style
        middle = y + style.baseline - X_HEIGHT * style.size / 2
        dot = shapes.rounded(size, size, max(1, size // 3), marker)
        sign = Sprite(dot, stage.from_start(start, size), round(middle - size / 2))
    x = stage.from_start(start + row.column, width)
    return merged(
        [
            sign,
            paint(row.head, {0: head}, width=width, align=side).at(x, y),
            paint(row.text, {0: text}, width=width, align=side).at(x, y + row.head.height + row.gap),
        ]
    )
