"""Words on the audio's clock."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.story.narration import Word, WordSource
from services.tts.words import Event, speakable, timed, tokens

EVENT, SHARED, ESTIMATED = WordSource.EVENT, WordSource.SHARED, WordSource.ESTIMATED


def spans(words: tuple[Word, ...]) -> list[tuple[str, int, int, WordSource]]:
    return [(word.text, word.start_sample, word.end_sample, word.source) for word in words]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one two", ["one", "two"]),
        ("  users — like  us!", ["users —", "like", "us!"]),
        ("— and so", ["— and", "so"]),
        ("视频，由。", ["视", "频，", "由。"]),
        ("かな と GPU", ["か", "な", "と", "GPU"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("I 😀 like it 🎉", ["I 😀", "like", "it 🎉"]),
        ("snake_case() https://a.b/c", ["snake_case()", "https://a.b/c"]),
        ("… — 🎉", []),
        ("안녕하세요 세계", ["안녕하세요", "세계"]),
    ],
)
def test_words_are_what_captions_show_one_by_one(text: str, words: list[str]) -> None:
    assert [text[token.start : token.end] for token in tokens(text)] == words


def test_a_word_with_an_event_of_its_own_is_exact() -> None:
    words = timed("one two", [Event(0, 0, 50), Event(4, 60, 90)], samples=100)

    assert spans(words) == [("one", 0, 50, EVENT), ("two", 60, 90, EVENT)]


def test_several_events_of_a_number_are_one_word() -> None:
    events = [Event(0, 0, 10), Event(1, 10, 20), Event(2, 20, 40), Event(6, 40, 60)]

    words = timed("1,250 items", events, samples=60)

    assert spans(words) == [("1,250", 0, 40, EVENT), ("items", 40, 60, EVENT)]


def test_one_event_for_two_words_is_shared_by_letters() -> None:
    words = timed("use of the tool", [Event(0, 0, 30), Event(4, 30, 80), Event(11, 80, 100)], samples=100)

    assert spans(words) == [
        ("use", 0, 30, EVENT),
        ("of", 30, 50, SHARED),
        ("the", 50, 80, SHARED),
        ("tool", 80, 100, EVENT),
    ]


def test_an_event_at_a_dash_is_the_next_words() -> None:
    words = timed("tool - and", [Event(0, 0, 40), Event(5, 40, 90)], samples=100)

    assert spans(words) == [("tool -", 0, 40, EVENT), ("and", 40, 90, EVENT)]


def test_a_spoken_picture_stays_with_the_word_before_it() -> None:
    events = [Event(0, 0, 10), Event(2, 10, 20), Event(3, 20, 30), Event(4, 30, 50)]

    words = timed("I 😀 like", events, samples=50)

    assert spans(words) == [("I 😀", 0, 30, EVENT), ("like", 30, 50, EVENT)]


def test_without_events_letters_decide() -> None:
    words = timed("ab abcd", [], samples=60)

    assert spans(words) == [("ab", 0, 20, ESTIMATED), ("abcd", 20, 60, ESTIMATED)]


def test_events_that_run_backwards_or_past_the_end_are_put_right() -> None:
    events = [Event(4, 0, 40), Event(0, 50, 70), Event(8, 80, 500)]

    words = timed("one two six", events, samples=100)

    assert [word.text for word in words] == ["one", "two", "six"]
    assert all(a.end_sample <= b.start_sample for a, b in pairwise(words))
    assert words[-1].end_sample <= 100


def test_only_letters_and_digits_are_speakable() -> None:
    assert not speakable("… — 🎉 !")
    assert speakable("— 7")


@given(
    st.text(max_size=60),
    st.lists(st.tuples(st.integers(-2, 70), st.integers(-5, 2000), st.integers(-5, 2000)), max_size=30),
)
def test_whatever_is_reported_words_are_in_order_and_inside(
    text: str, reports: list[tuple[int, int, int]]
) -> None:
    words = timed(text, [Event(*report) for report in reports], samples=1000)

    edges = [0, *(edge for word in words for edge in (word.start_sample, word.end_sample)), 1000]
    assert edges == sorted(edges)
    assert [text[word.char_start : word.char_end] for word in words] == [word.text for word in words]
    covered = {position for word in words for position in range(word.char_start, word.char_end)}
    assert all(position in covered for position, sign in enumerate(text) if sign.isalnum())
