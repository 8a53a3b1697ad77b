"""Items are said with their leads, rows of a table with the names of their columns once."""

from __future__ import annotations

import pytest

from services.script.items import spoken_item, spoken_rows
from services.story.scene import ListItem, TableCard, TableColumn
from services.story.text import Text


def said(names: str, *rows: str, english: bool = True, first: int = 1) -> list[str]:
    """What is said of rows whose cells are separated by bars."""
    columns = tuple(TableColumn(Text(name)) for name in names.split("|"))
    cells = tuple(tuple(map(Text, row.split("|"))) for row in rows)
    card = TableCard(Text(), columns, cells, first_row=first)
    return [text.text for text in spoken_rows(card, english=english)]


def test_the_first_row_names_the_columns_and_the_others_say_their_values() -> None:
    rows = said("Thing|Price|Colour", "Lamp|5 €|red", "Oil|7 €|green", "Wick||")

    assert rows == ["Lamp: Price: 5 €; Colour: red", "Oil: 7 €; green", "Wick"]


def test_a_row_with_empty_cells_names_its_columns_and_so_does_the_next_full_one() -> None:
    rows = said("|x|y", "a|1|2", "b||3", "c||4", "d|5|6")

    assert rows == ["a: x: 1; y: 2", "b: y: 3", "c: 4", "d: x: 5; y: 6"]


def test_what_goes_on_below_a_row_is_said_with_its_column_alone() -> None:
    assert said("|x", "a|1", "|and more", "b|2") == ["a: x: 1", "and more", "b: 2"]


def test_a_column_without_a_name_is_said_by_its_values() -> None:
    assert said("Thing|", "Lamp|red", "Oil|green") == ["Lamp: red", "Oil: green"]


def test_the_number_of_a_row_leads_its_second_cell_on_each_card_of_the_table() -> None:
    assert said("#|Stage|Time", "1|In|5", "2|Out|6") == ["1. In: Time: 5", "2. Out: 6"]
    assert said("#|Stage|Time", "7|In|5", "8|Out|6", first=7) == ["7. In: Time: 5", "8. Out: 6"]
    assert said("#|Stage|Time", "7|In|5", "8|Out|6") == ["7: Stage: In; Time: 5", "8: Out; 6"]


def test_a_list_that_looks_like_a_table_keeps_its_words() -> None:
    items = [ListItem(Text("a"), Text("Note: 1")), ListItem(Text("b"), Text("Note: 2"))]

    assert [spoken_item(item).text for item in items] == ["a: Note: 1", "b: Note: 2"]


@pytest.mark.parametrize(("lead", "said"), [("a", "a: b"), ("a?", "a? b"), ("", "b")])
def test_a_lead_pauses_before_its_rest(lead: str, said: str) -> None:
    assert spoken_item(ListItem(Text(lead), Text("b"))).text == said


def test_a_tick_or_a_cross_as_a_value_is_said_in_english() -> None:
    rows = ("|Linux|Mac", "a|✅|❌", "b|✔️|✓ later")

    assert said(*rows) == ["a: Linux: yes; Mac: no", "b: yes; ✓ later"]
    assert said(*rows, english=False) == ["a: Linux: ✅; Mac: ❌", "b: ✔️; ✓ later"]
