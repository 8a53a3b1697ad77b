"""A reading knows what it says and what is written, whatever is changed in it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.script.reading import Reading
from services.script.speakable import ended, pieces, speakable
from services.story.spelling import LONGEST, Spelling, fit, written
from services.story.text import Text

TRICKY = st.sampled_from(
    [
        "guide.mp4",
        "40 %",
        "https://a.org/b-c",
        "v1.2.3",
        "GET /items",
        "f_g()",
        "e.g.",
        "→",
        " -> ",
        "✅",
        "...",
        "!!",
        " - ",
        "[12]",
        "5–10",
        "a@b.org",
        "$5",
        "看",
        "(",
        ")",
        ",",
        "_",
        "|",
        "\u200b",
        "\n",
        " ",
    ]
)
TEXTS = st.lists(TRICKY | st.text(max_size=6), max_size=30).map("".join)


def spelled(text: str, language: str = "en") -> list[tuple[str, str]]:
    reading = ended(speakable(Text(text), language=language))
    return [(reading.text[s.char_start : s.char_end], s.written) for s in reading.spellings()]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("Plain words, nothing else", []),
        ("Watch guide.mp4", [(" dot ", ".")]),
        ("About 40 % of it", [("40 percent", "40 %")]),
        ("See https://example.org/a-b, now", [("example dot org,", "https://example.org/a-b,")]),
        ("Mail me@example.co.uk", [("me at example dot co dot uk", "me@example.co.uk")]),
        ("A -> B", [("to", "->")]),
        ("e.g. this", [("for example", "e.g.")]),
        ("call f_g() now", [(" ", "_"), ("g", "g()")]),
    ],
)
def test_what_is_said_in_other_words_is_known_as_it_is_written(
    text: str, pairs: list[tuple[str, str]]
) -> None:
    assert spelled(text) == pairs


def test_other_languages_keep_their_addresses() -> None:
    assert spelled("Siehe https://example.org/a", "de") == [("example.org", "https://example.org/a")]


def test_markup_is_not_written() -> None:
    reading = speakable(Text("- [x] **Bold**, `code` and [a link](http://x.y/z)"), language="en")

    assert reading.written == "Bold, code and a link"


@pytest.mark.parametrize(
    ("text", "said", "shown"),
    [
        ("Open a.md", "Open a dot md.", "Open a.md."),
        ("done,", "done.", "done."),
        ("at 40%!", "at 40 percent!", "at 40%!"),
        ("tools, etc.", "tools, et cetera.", "tools, etc."),
        ("— 看", "看。", "— 看。"),
    ],
)
def test_the_mark_at_the_end_is_said_and_written(text: str, said: str, shown: str) -> None:
    reading = ended(speakable(Text(text), language="en"))

    assert (reading.text, reading.written) == (said, shown)


def test_a_change_within_a_change_is_one_spelling() -> None:
    reading = Reading.of("a-b c").sub(re.compile("a-b"), "one two").sub(re.compile("wo c"), "hree")

    assert reading.text == "one three"
    assert reading.spellings() == (Spelling(0, 9, "a-b c"),)


def test_what_is_put_between_belongs_to_what_is_before_it() -> None:
    reading = Reading.of("ab").sub(re.compile("(?<=a)(?=b)"), " and ")

    assert reading.spellings() == (Spelling(0, 6, "a"),)


def test_what_is_written_at_more_length_than_the_contract_holds_is_given_as_it_is_said() -> None:
    assert Reading.of("x" * (LONGEST + 1)).sub(re.compile("x+"), "y").spellings() == ()


@given(TEXTS, st.sampled_from(["en", "de", "zh"]))
@settings(max_examples=300, deadline=None)
def test_the_spellings_of_any_text_put_back_give_what_is_written(text: str, language: str) -> None:
    reading = ended(speakable(Text(text), language=language))

    spellings = reading.spellings()

    assert fit(spellings, reading.text)
    assert written(reading.text, spellings) == reading.written
    assert all(s.written != reading.text[s.char_start : s.char_end] for s in spellings)


@given(st.lists(st.from_regex("[A-Za-z]{1,9}", fullmatch=True), min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_plain_prose_is_written_as_its_words(words: list[str]) -> None:
    reading = ended(speakable(Text(" ".join(words)), language="de"))

    assert reading.spellings() == ()
    assert reading.written.rstrip(".").split() == words


@given(TEXTS)
@settings(max_examples=50, deadline=None)
def test_pieces_keep_their_own_spellings(text: str) -> None:
    reading = ended(speakable(Text((text + " word. ") * 200), language="en"))

    parts = pieces(reading.text, reading.spellings())

    assert all(fit(spellings, part) for part, spellings in parts)
    assert " ".join(part for part, _ in parts).replace(" ", "") == reading.text.replace(" ", "")
    if len(parts) == 1:
        assert written(*parts[0]) == reading.written
