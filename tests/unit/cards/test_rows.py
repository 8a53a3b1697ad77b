"""What stands before the items of a list: their own numbers, or dots."""

from __future__ import annotations

import pytest

from services.cards.drawing.rows import numbers
from services.story.scene import ListCard, ListItem
from services.story.text import Text


@pytest.mark.parametrize(
    ("card", "labels"),
    [
        (
            ListCard(
                Text(""),
                (
                    ListItem(Text("a"), number=3),
                    ListItem(Text("b"), level=1),
                    ListItem(Text("c"), level=1, number=1),
                ),
            ),
            ["3", "", "1"],
        ),
        (ListCard(Text(""), (ListItem(Text("a")), ListItem(Text("b")))), ["", ""]),
        (
            ListCard(Text(""), (ListItem(Text("a")), ListItem(Text("b"))), ordered=True, first_number=9),
            ["9", "10"],
        ),
        (
            ListCard(Text(""), (ListItem(Text("a"), number=0), ListItem(Text("b"), number=1)), ordered=True),
            ["0", "1"],
        ),
    ],
)
def test_an_item_shows_its_own_number_and_a_card_without_any_counts(
    card: ListCard, labels: list[str]
) -> None:
    assert numbers(card) == labels
