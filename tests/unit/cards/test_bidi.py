"""Directions follow UAX #9 for what documents hold."""

from __future__ import annotations

import pytest

from services.cards.typesetting import bidi


@pytest.mark.parametrize(
    ("text", "base"), [("abc א", 0), ("א abc", 1), ("12 (سلام)", 1), ("12.5 %", 0), ("", 0)]
)
def test_the_first_strong_character_sets_the_base_direction(text: str, base: int) -> None:
    assert bidi.base_level(text) == base


def test_a_left_to_right_text_has_one_level() -> None:
    assert set(bidi.levels("Frames, 12.5 % (of it)", 0)) == {0}


def test_numbers_run_left_to_right_inside_right_to_left_text() -> None:
    levels = bidi.levels("אב 12.5 ג", 1)

    assert levels == [1, 1, 1, 2, 2, 2, 2, 1, 1]


def test_arabic_turns_european_digits_into_arabic_numbers_and_separators_stay_inside() -> None:
    levels = bidi.levels("س 1,5", 1)

    assert levels == [1, 1, 2, 2, 2]


def test_a_latin_word_with_brackets_keeps_both_of_them_in_a_right_to_left_text() -> None:
    text = "א gRPC (fast)"

    levels = bidi.levels(text, 1)

    assert levels[text.index("(")] == levels[text.index(")")] == 2


def test_brackets_around_hebrew_stay_with_the_left_to_right_paragraph() -> None:
    text = "see (שלום) there"

    levels = bidi.levels(text, 0)

    assert levels[text.index("(")] == levels[text.index(")")] == 0
    assert levels[text.index("ש")] == 1


def test_a_percent_sign_belongs_to_its_number() -> None:
    assert bidi.levels("א 5%", 1) == [1, 1, 2, 2]


def test_embedding_characters_of_a_document_steer_nothing() -> None:
    assert set(bidi.levels("\u202eabc\u202c def", 0)) == {0}


def test_runs_are_turned_around_level_by_level() -> None:
    assert bidi.visual("abcde", [0, 1, 2, 1, 0]) == ["a", "d", "c", "b", "e"]


def test_an_hour_of_brackets_ends() -> None:
    levels = bidi.levels("(" * 3000 + "א" + ")" * 3000, 0)

    assert len(levels) == 6001
