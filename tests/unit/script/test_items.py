"""Items are said with their leads, rows of a table with the names of their columns once."""

from __future__ import annotations

import pytest

from services.script.items import spoken_items
from services.story.scene import ListItem


def said(*items: tuple[str, str], english: bool = True) -> list[str]:
    return list(spoken_items([ListItem(title, text) for title, text in items], english=english))


def test_the_first_row_names_the_columns_and_the_others_say_their_values() -> None:
    rows = said(("Lamp", "Price: 5 €; Colour: red"), ("Oil", "Price: 7 €; Colour: green"), ("Wick", ""))

    assert rows == ["Lamp: Price: 5 €; Colour: red", "Oil: 7 €; green", "Wick"]


def test_a_row_with_empty_cells_names_its_columns_and_so_does_the_next_full_one() -> None:
    rows = said(("a", "x: 1; y: 2"), ("b", "y: 3"), ("c", "y: 4"), ("d", "x: 5; y: 6"))

    assert rows == ["a: x: 1; y: 2", "b: y: 3", "c: 4", "d: x: 5; y: 6"]


def test_what_goes_on_below_a_row_is_said_as_it_is() -> None:
    assert said(("a", "x: 1"), ("", "and more"), ("b", "x: 2")) == ["a: x: 1", "and more", "b: 2"]


@pytest.mark.parametrize(
    "items",
    [
        [("a", "x: 1"), ("b", "words only")],
        [("a", "x: 1"), ("b", "y: 2")],
        [("a", "x: 1; y: 2"), ("b", "y: 2; x: 1")],
        [("a", "x: 1; 2"), ("b", "x: 1; 2")],
        [("", "x: 1"), ("", "x: 2")],
    ],
)
def test_a_list_that_is_no_table_keeps_its_words(items: list[tuple[str, str]]) -> None:
    assert said(*items) == [f"{title}: {text}" if title else text for title, text in items]


def test_numbered_items_are_no_rows() -> None:
    items = [ListItem("a", "Note: 1", number=1), ListItem("b", "Note: 2", number=2)]

    assert list(spoken_items(items, english=True)) == ["a: Note: 1", "b: Note: 2"]


def test_a_tick_or_a_cross_as_a_value_is_said_in_english() -> None:
    rows = [("a", "Linux: ✅; Mac: ❌"), ("b", "Linux: ✔️; Mac: ✓ later")]

    assert said(*rows) == ["a: Linux: yes; Mac: no", "b: yes; ✓ later"]
    assert said(*rows, english=False) == ["a: Linux: ✅; Mac: ❌", "b: ✔️; ✓ later"]


def test_no_items_are_no_words() -> None:
    assert said() == []
