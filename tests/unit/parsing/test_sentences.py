"""Where sentences end, how words count, and how long ones are cut."""

from __future__ import annotations

import pytest

from services.parsing.sentences import LONGEST_TEXT, chunks, goes_on, sentences, shorten, words
from services.story.text import Text


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Marsh met Mrs. Hill.",
        "Use a tool, e.g. Make, i.e. GNU Make.",
        "It costs 3.5 dollars in v1.2 of foo.py today.",
        "See No. 5 and Fig. 3 for it.",
        "J. R. Smith wrote it.",
        "Open example.com/a.b and wait.",
        "He asked why? and left.",
        "Wait... then go.",
        "1. Start the engine.",
        "Is it ready? → Go on.",
    ],
)
def test_a_full_stop_that_ends_no_sentence_is_passed_over(text: str) -> None:
    found = [found.text for found in sentences(Text(text))]

    assert found == [text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ('He said "Go." She went.', ['He said "Go."', "She went."]),
        ("It ended in 1999. Then it rained.", ["It ended in 1999.", "Then it rained."]),
        ("Acme Inc. Later it grew.", ["Acme Inc.", "Later it grew."]),
        ("She said no. Then she left.", ["She said no.", "Then she left."]),
        ("今日は雨です。明日は？晴れ！", ["今日は雨です。", "明日は？", "晴れ！"]),
        ("هل جاء؟ نعم جاء.", ["هل جاء؟", "نعم جاء."]),
        ("Edit main.py. Run it.", ["Edit main.py.", "Run it."]),
        ("no full stop at all", ["no full stop at all"]),
        ("  \n ", []),
    ],
)
def test_sentences_end_where_a_reader_stops(text: str, expected: list[str]) -> None:
    found = [found.text for found in sentences(Text(text))]

    assert found == expected


def test_what_cannot_be_spoken_stays_with_its_neighbour() -> None:
    found = [sentence.text for sentence in sentences(Text("Done! ✅ ✅. Next one."))]

    assert found == ["Done! ✅ ✅.", "Next one."]


def test_two_characters_without_spaces_count_as_a_word() -> None:
    assert words("灯台の手引き") == 3
    assert words("the lighthouse 手引") == 3


def test_a_sentence_that_is_too_long_is_cut_at_a_clause() -> None:
    clause = "the keeper climbs the stairs again and again and again and again, " * 10

    pieces = [piece.text for piece in sentences(Text(clause.strip().rstrip(",") + "."))]

    assert len(pieces) > 1
    assert all(piece.endswith((",", ".")) for piece in pieces)
    assert all(words(piece) <= 90 for piece in pieces)


def test_a_word_is_cut_only_when_it_alone_is_longer_than_the_contract_allows() -> None:
    pieces = [piece.text for piece in shorten(Text("https://example.org/" + "a" * 3000 + " b" * 100))]

    assert pieces[0].startswith("https://example.org/aaa")
    assert len(pieces[0].split()[0]) == 3020
    assert [len(piece) for piece in shorten(Text("x" * 9000))] == [2250] * 4


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("The keeper climbs", "the stairs.", True),
        ("The keeper climbs,", "Ann waits.", True),
        ("灯台は、", "岩の上に立つ。", True),
        ("灯塔，", "立在岩石上。", True),
        ("The keeper climbs", "Ann waits.", False),
        ("灯台は", "岩の上に立つ。", False),
        ("", "the stairs.", False),
        ("The keeper climbs,", "", False),
    ],
)
def test_a_sentence_goes_on_in_the_next_line_that_starts_small_or_follows_a_comma(
    before: str, after: str, same: bool
) -> None:
    assert goes_on(before, after) is same


def test_a_long_text_is_shared_out_in_whole_sentences() -> None:
    text = " ".join(["The lamp burns all night long."] * 40)

    parts = [part.text for part in chunks(Text(text))]

    assert " ".join(parts) == text
    assert all(part.endswith("long.") and words(part) <= 90 for part in parts)


def test_a_million_full_stops_are_one_sentence_soon() -> None:
    found = [sentence.text for sentence in sentences(Text("." * 1_000_000 + "x"))]

    assert "".join(found) == "." * 1_000_000 + "x"
    assert max(map(len, found)) <= LONGEST_TEXT
