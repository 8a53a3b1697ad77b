"""What is spoken otherwise than it is written can be written again."""

from __future__ import annotations

import pytest

from services.story.narration import Narration, Segment
from services.story.spelling import Spelling, fit, places, written

SAID = "Open guide dot mp4 at 40 percent"
SPELLINGS = (Spelling(10, 15, "."), Spelling(22, 32, "40%"))


def test_spellings_put_back_give_what_is_written() -> None:
    assert written(SAID, SPELLINGS) == "Open guide.mp4 at 40%"
    assert written(SAID, ()) == SAID


def test_places_move_with_the_spellings_before_them_and_are_none_within_one() -> None:
    found = list(places([0, 5, 10, 11, 15, 19, 22, 25, 32], SPELLINGS))

    assert found == [0, 5, 10, -1, 11, 15, 18, -1, 21]


@pytest.mark.parametrize(
    "spellings",
    [
        (Spelling(3, 3, "x"),),
        (Spelling(4, 3, "x"),),
        (Spelling(30, 33, "x"),),
        (Spelling(5, 9, "x"), Spelling(8, 10, "y")),
        (Spelling(8, 10, "x"), Spelling(2, 4, "y")),
    ],
)
def test_spellings_out_of_order_or_out_of_the_text_do_not_fit(spellings: tuple[Spelling, ...]) -> None:
    assert fit(SPELLINGS, SAID)
    assert not fit(spellings, SAID)


def test_a_narration_counts_its_spellings_over_all_segments() -> None:
    narration = Narration(
        "en",
        (
            Segment("Title.", "title"),
            Segment("40 percent.", "text/0", (Spelling(0, 10, "40%"),)),
            Segment("a dot b.", "text/1", (Spelling(1, 6, "."),)),
        ),
    )

    assert narration.spellings == (Spelling(7, 17, "40%"), Spelling(20, 25, "."))
    assert narration.written == "Title. 40%. a.b."
