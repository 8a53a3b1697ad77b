"""Every cell and column of a table is told, or dropped with a reason that is true."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.parsing.backends.markdown import COLUMNS, COUNTED, EMPTY_COLUMN, MANY_COLUMNS, SURPLUS, outline
from services.parsing.outline import Dropped, Outline, Table
from services.story.scene import TableCard
from services.story.table import cell as named
from services.story.table import led, numbered
from services.story.text import Text

name = st.one_of(st.from_regex("n[a-z]{3,6}", fullmatch=True), st.just("#"), st.just("No."), st.just(""))
cell = st.one_of(st.integers(1, 9999).map(str), st.from_regex("c[a-z]{3,6}", fullmatch=True), st.just(""))


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 5))
    rows = draw(st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=6))
    if draw(st.booleans()):
        rows = [[str(number), *row[1:]] for number, row in enumerate(rows, start=1)]
    return [draw(st.lists(name, min_size=width, max_size=width)), *rows]


def markdown(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["--"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def told(found: Outline) -> list[tuple[str, str]]:
    """Each row as its lead, and its other cells with their names."""
    tables = (node for node in found.nodes if isinstance(node, Table))
    cards = (TableCard(Text(), table.columns, tuple(row.cells for row in table.rows)) for table in tables)
    return [
        (lead.text, "; ".join(named(*each).text for each in cells))
        for card in cards
        for lead, cells in led(card)
    ]


def dropped(found: Outline) -> list[tuple[str, str]]:
    return [(node.source.text, node.reason) for node in found.nodes if isinstance(node, Dropped)]


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(table=tables())
def test_each_cell_and_each_name_beside_the_lead_is_told_or_its_column_is_empty(
    table: list[list[str]],
) -> None:
    header, *rows = table

    found = outline(markdown(header, rows), language="en")

    shown = " ".join(" ".join(item) for item in told(found))
    assert [text for row in rows for text in row if text not in shown] == []
    leads = 2 if (" | ".join(header), COUNTED) in dropped(found) else 1
    without = [text for text in header[leads:] if text not in shown]
    assert [text for text in without if (text, EMPTY_COLUMN) not in dropped(found)] == []


def test_a_year_leads_its_row_like_any_other_first_cell() -> None:
    found = outline("| Year | Sales | Cost |\n|-|-|-|\n| 2020 | 5 | 6 |\n| 2021 | 7 | 8 |", language="en")

    assert told(found) == [("2020", "Sales: 5; Cost: 6"), ("2021", "Sales: 7; Cost: 8")]
    assert dropped(found) == [("Year | Sales | Cost", COLUMNS)]


@pytest.mark.parametrize(
    ("header", "rows", "numbers"),
    [
        (["#", "Stage", "Time"], [["1", "In", "5"], ["2", "Out", "6"]], True),
        (["No.", "Stage", "Time"], [["0.", "In", "5"], ["1.", "Out", "6"]], True),
        (["Year", "Stage", "Time"], [["1", "In", "5"], ["2", "Out", "6"]], False),
        (["#", "Stage", "Time"], [["1", "In", "5"], ["3", "Out", "6"]], False),
        (["#", "Stage", "Time"], [["1", "In", "5"], ["a", "Out", "6"]], False),
        (["#", "Stage", "Time"], [["1", "", "5"], ["2", "Out", "6"]], False),
        (["#", "Stage"], [["1", "In"], ["2", "Out"]], False),
    ],
)
def test_only_a_column_that_counts_the_rows_numbers_them(
    header: list[str], rows: list[list[str]], numbers: bool
) -> None:
    assert numbered([Text(n) for n in header], [[Text(cell) for cell in row] for row in rows]) is numbers


def test_a_column_without_values_is_dropped_by_its_name() -> None:
    found = outline("| Name | Use | Note |\n|-|-|-|\n| oil | lamp | |", language="en")

    assert ("Note", EMPTY_COLUMN) in dropped(found)


@pytest.mark.parametrize("line", ["| 1 | a\\|b | more | |", "1 | a\\|b | more"])
def test_a_cell_that_no_column_takes_is_dropped_with_that_reason(line: str) -> None:
    found = outline(f"| Name | Use |\n|-|-|\n{line}\n| 2 | c |", language="en")

    assert told(found) == [("1", "Use: a|b"), ("2", "Use: c")]
    assert [text for text, reason in dropped(found) if reason == SURPLUS] == ["more"]


def test_a_column_knows_where_its_cells_stand() -> None:
    found = outline("| a | b | c | d |\n|-|:-|:-:|-:|\n| 1 | 2 | 3 | 4 |", language="en")

    (table,) = (node for node in found.nodes if isinstance(node, Table))
    assert [column.alignment for column in table.columns] == [None, "left", "center", "right"]


def test_a_row_too_long_to_listen_to_goes_on_in_another() -> None:
    long = " ".join(["One more word here."] * 40)

    found = outline(f"| Name | Use | Note |\n|-|-|-|\n| oil | {long} | new |", language="en")

    (table,) = (node for node in found.nodes if isinstance(node, Table))
    first, second = (row.cells for row in table.rows)
    assert (first[0].text, second[0].text, second[2].text) == ("oil", "", "new")
    assert f"{first[1]} {second[1]}" == long
    assert table.rows[0].source is table.rows[1].source


def test_of_very_many_columns_those_that_no_card_shows_are_dropped_by_cell() -> None:
    row = "|".join(f"c{n}" for n in range(1002))

    found = outline(f"{row}\n{'|'.join(['-'] * 1002)}\n{row}\n", language="en")

    (table,) = (node for node in found.nodes if isinstance(node, Table))
    assert len(table.columns) == len(table.rows[0].cells) == 1000
    assert [text for text, reason in dropped(found) if reason == MANY_COLUMNS] == ["c1000", "c1001"] * 2
