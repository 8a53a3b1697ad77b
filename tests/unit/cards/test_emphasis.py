"""Key phrases and code are found as whole words, and never inside names, addresses or other code."""

from __future__ import annotations

import pytest

from services.cards.drawing.emphasis import KEY, spans


def keyed(text: str, *phrases: str, code: tuple[str, ...] = ()) -> list[str]:
    """The parts of a text that are marked as key phrases."""
    return [span.text for span in spans(text, key=phrases, code=code) if span.mark == KEY]


def coded(text: str, *phrases: str) -> list[str]:
    """The parts of a text that are set as code."""
    return [span.text for span in spans(text, code=phrases) if span.weight == "mono"]


@pytest.mark.parametrize(
    ("text", "phrase", "found"),
    [
        ("A Link is a link, linked or not.", "link", ["Link", "link"]),
        ("See https://example.org/link/link.html for the link.", "link", ["link"]),
        ("Mail link@example.org or read link.md (link).", "link", ["link"]),
        ("See https://example.org/link.", "https://example.org/link", ["https://example.org/link"]),
        ("Open services/link/a.py", "services/link/a.py", ["services/link/a.py"]),
        ("snake_case and case", "case", ["case"]),
        ("動画を自動で生成", "自動で", ["自動で"]),
        ("자동으로 만든다", "자동", ["자동"]),
        ("สวัสดีชาวโลก", "ชาว", ["ชาว"]),
        ("nothing here", " ", []),
    ],
)
def test_key_phrases_are_whole_words(text: str, phrase: str, found: list[str]) -> None:
    assert keyed(text, phrase) == found


@pytest.mark.parametrize(
    ("text", "phrases", "found"),
    [
        ("Write a->b, not a → b.", ("a->b",), ["a->b"]),
        ("Pass --voice or --voice=male.", ("--voice=male", "--voice"), ["--voice", "--voice=male"]),
        ("Run make; Make runs.", ("make",), ["make"]),
        ("`x` in foo(x) and x", ("x",), ["x", "x", "x"]),
        ("std::vec and vec", ("vec",), ["vec"]),
    ],
)
def test_code_is_found_as_it_is_written(text: str, phrases: tuple[str, ...], found: list[str]) -> None:
    assert coded(text, *phrases) == found


def test_a_key_phrase_inside_code_is_code_and_code_that_is_one_is_both() -> None:
    assert keyed("Call render now(render)", "render", code=("now(render)",)) == ["render"]
    assert keyed("Call render now", "render", code=("render",)) == ["render"]


def test_no_character_is_lost_or_moved() -> None:
    text = "Tell link https://x.org/link a->b İstanbul link!"

    found = spans(text, key=("link", "tell"), code=("a->b",))

    assert "".join(span.text for span in found) == text


def test_a_text_without_phrases_is_one_span() -> None:
    assert [span.text for span in spans("plain text")] == ["plain text"]


@pytest.mark.parametrize("text", ["a" * 4000, "a/" * 2000, "_" * 4000, "(" * 4000, "a." * 2000 + "://"])
def test_hostile_texts_stay_whole(text: str) -> None:
    found = spans(text, key=["a"] * 50, code=["a/", "aa"] * 25)

    assert "".join(span.text for span in found) == text
