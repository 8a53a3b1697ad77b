"""Captions fit their lines, their words, and their time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.muxing.cues import SHORTEST, Cue, cut
from services.muxing.tokens import LINE, joined, tokens, width
from services.story.narration import SpeechTiming, Word, WordSource
from tests.unit.muxing.reel import timed

SECOND = 48_000


def captions(text: str, seconds: float = 20, *, voice: int = 0, room: float = 1) -> list[Cue]:
    samples = round(seconds * SECOND)
    timing = timed(text, samples)
    return cut(tokens(timing, voice=voice, samples=samples), until=voice + samples + round(room * SECOND))


def texts(cues: list[Cue]) -> list[list[str]]:
    return [[joined(line) for line in cue.lines] for cue in cues]


def test_short_text_is_one_caption_on_one_line() -> None:
    assert texts(captions("Hello there.", 1)) == [["Hello there."]]


def test_a_sentence_becomes_two_lines_of_about_equal_width() -> None:
    (lines,) = texts(captions("The workflow restarts every scene that failed and keeps the others", 5))

    assert lines == ["The workflow restarts every scene", "that failed and keeps the others"]


def test_a_line_breaks_after_a_comma_where_one_is_near() -> None:
    (lines,) = texts(captions("When a worker dies halfway, the others go on as before", 5))

    assert lines == ["When a worker dies halfway,", "the others go on as before"]


def test_a_caption_ends_with_its_sentence() -> None:
    shown = texts(captions("This is the first sentence here. And this is the second one.", 8))

    assert [" ".join(lines) for lines in shown] == [
        "This is the first sentence here.",
        "And this is the second one.",
    ]


def test_a_pause_ends_a_caption() -> None:
    words = (
        Word("one", 0, 3, 0, SECOND, WordSource.EVENT),
        Word("two", 4, 7, 2 * SECOND, 3 * SECOND, WordSource.EVENT),
    )

    shown = cut(tokens(SpeechTiming("one two", words), voice=0, samples=3 * SECOND), until=4 * SECOND)

    assert texts(shown) == [["one"], ["two"]]
    assert [cue.start for cue in shown] == [0, 2 * SECOND]


def test_a_short_caption_stays_long_enough_where_there_is_room() -> None:
    (alone,) = captions("Hi.", 0.2, voice=5 * SECOND, room=2)
    (cramped,) = captions("Hi.", 0.2, voice=5 * SECOND, room=0.1)

    assert (alone.start, alone.end - alone.start) == (5 * SECOND, SHORTEST)
    assert cramped.end - cramped.start == round(0.3 * SECOND)


def test_chinese_lines_have_twenty_characters_at_most() -> None:
    text = "工作流会重新启动每一个失败的场景" * 6
    samples = 20 * SECOND
    words = tuple(
        Word(c, n, n + 1, n * 10_000, (n + 1) * 10_000, WordSource.EVENT) for n, c in enumerate(text)
    )

    shown = cut(tokens(SpeechTiming(text, words), voice=0, samples=samples), until=samples)

    assert "".join(line for lines in texts(shown) for line in lines) == text
    assert max(len(line) for lines in texts(shown) for line in lines) <= 20
    assert all(len(cue.lines) <= 2 for cue in shown)


def test_a_word_wider_than_a_line_is_cut_and_its_time_shared() -> None:
    address = "https://example.org/" + "a" * 300

    shown = captions(f"See {address} now", 10)

    assert "".join(line for lines in texts(shown) for line in lines).replace(" ", "") == f"See{address}now"
    assert all(width(joined(line)) <= LINE for cue in shown for line in cue.lines)
    assert all(a.start < b.start for a, b in pairwise(shown))


@pytest.mark.parametrize("starts", [(4, 0), (0, 99), (0, 0)])
def test_words_without_a_place_in_the_text_are_spread_by_letters(starts: tuple[int, int]) -> None:
    words = tuple(Word("x", at, at + 1, 0, 10, WordSource.EVENT) for at in starts)

    found = tokens(SpeechTiming("aaa bbbbbb", words), voice=100, samples=900)

    assert [(t.text, t.start, t.end) for t in found] == [("aaa", 100, 400), ("bbbbbb", 400, 1000)]


def test_times_that_go_back_or_beyond_the_voice_are_kept_in_order() -> None:
    words = (Word("a", 0, 1, 500, 900, WordSource.EVENT), Word("b", 2, 3, 100, 9999, WordSource.EVENT))

    found = tokens(SpeechTiming("a b", words), voice=0, samples=1000)

    assert [(t.start, t.end) for t in found] == [(500, 900), (900, 1000)]


def test_nothing_to_say_gives_no_caption() -> None:
    assert cut(tokens(SpeechTiming("\n\x00 ", ()), voice=0, samples=1000), until=1000) == []


def test_an_hour_without_any_stop_is_cut_evenly() -> None:
    shown = captions("word " * 9000, 3600)

    assert len(shown) == pytest.approx(9000 * 5 / 84, rel=0.1)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400), st.integers(1, 40 * SECOND), st.integers(0, SECOND))
def test_any_text_gives_captions_in_order_that_fit(text: str, samples: int, room: int) -> None:
    timing = timed(text, samples)

    shown = cut(tokens(timing, voice=7, samples=samples), until=7 + samples + room)

    assert all(len(cue.lines) <= 2 for cue in shown)
    assert all(width(joined(line)) <= LINE for cue in shown for line in cue.lines)
    assert all(cue.start <= cue.end <= 7 + samples + room for cue in shown)
    assert all(a.end <= b.start for a, b in pairwise(shown))
