"""What stands before the items of a list: their own numbers, or dots."""

from __future__ import annotations

import pytest

from services.cards.drawing.rows import numbers
from services.story.scene import ListCard, ListItem


@pytest.mark.parametrize(
    ("card", "labels"),
    [
        (
            ListCard("", (ListItem("a", number=3), ListItem("b", level=1), ListItem("c", level=1, number=1))),
            ["3", "", "1"],
        ),
        (ListCard("", (ListItem("a"), ListItem("b"))), ["", ""]),
        (ListCard("", (ListItem("a"), ListItem("b")), ordered=True, first_number=9), ["9", "10"]),
        (ListCard("", (ListItem("a", number=0), ListItem("b", number=1)), ordered=True), ["0", "1"]),
    ],
)
def test_an_item_shows_its_own_number_and_a_card_without_any_counts(
    card: ListCard, labels: list[str]
) -> None:
    assert numbers(card) == labels
