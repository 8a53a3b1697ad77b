"""What is written becomes what is said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.script.reading import Reading
from services.script.speakable import LONGEST, ended, pieces, speakable
from services.story.spelling import Spelling
from services.story.text import Text


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Dr. Smith, i.e. the author", "Doctor Smith, that is the author"),
        ("tools, e.g. make, etc.", "tools, for example make, et cetera."),
        ("etc. And then vs. them", "et cetera. And then versus them"),
        ("See https://example.com/a/b?x=1, or www.foo.org.", "See example dot com, or foo dot org."),
        ("Write to me@example.co.uk.", "Write to me at example dot co dot uk."),
        ("http://localhost:8080/x is up", "localhost is up"),
        ("**Bold** and `code_name()` and [link](http://x.y/z)", "Bold and code name and link"),
        ("A -> B => C → D", "A to B to C to D"),
        ("x ≥ 5, y <= 3, z != 2", "x at least 5, y at most 3, z is not 2"),
        ("12% of R&D", "12 percent of R and D"),
        ("v1.2 of C++ and C#", "version 1.2 of C plus plus and C sharp"),
        ("5 ms, 1 MB, 1.5 GB/s, 30fps, 60 s", None),
        ("1920×1080, 2x faster, 5–10", "1920 by 1080, 2 times faster, 5 to 10"),
        ("Edit pyproject.toml and .env", "Edit pyproject dot toml and dot env"),
        ("read services/tts/voice.py or I/O", "read services slash tts slash voice dot py or I O"),
        ("snake_case and CamelCase and __init__", "snake case and CamelCase and init"),
        ("run --force -o x", "run dash dash force dash o x"),
        ("Wow!!! Really??? Done ✅", "Wow! Really? Done"),
        ("[x] shipped [12]", "shipped"),
        ("$5.50 and €1", "5.50 dollars and 1 euro"),
        ("-5 °C", "-5 degrees Celsius"),
        ("2024-01-15", "January 15, 2024"),
        ("1 s at 2,100 calls/s (`--fast`)", "1 second at 2,100 calls per second (dash dash fast)"),
        ("methods under `grpc.`.", "methods under grpc."),
        ("send / receive, and so on...", "send, receive, and so on…"),
        ("U.S. at 5 p.m.", "U.S. at 5 p.m."),
        ("a -- b – c", "a — b — c"),
    ],
)
def test_english_says_in_full_what_is_written_short(written: str, said: str | None) -> None:
    spoken = speakable(Text(written), language="en-US").text

    expected = (
        said or "5 milliseconds, 1 megabyte, 1.5 gigabytes per second, 30 frames per second, 60 seconds"
    )
    assert spoken == expected


@pytest.mark.parametrize(
    ("language", "written", "said"),
    [
        ("zh", "你好🎉，世界！！！看→这里", "你好，世界！看 — 这里"),
        ("fr", "C’est **foo_bar** : https://example.com/x", "C’est foo bar: example.com"),
        ("de", "Dr. Maier & Co. zahlt 5 ms", "Dr. Maier & Co. zahlt 5 ms"),
        ("ar", "مرحبا 🎉 بالعالم؟؟", "مرحبا بالعالم؟"),
        ("fa", "می‌خواهم", "می‌خواهم"),
    ],
)
def test_other_languages_only_lose_what_cannot_be_said(language: str, written: str, said: str) -> None:
    assert speakable(Text(written), language=language).text == said


@pytest.mark.parametrize("written", ["🎉🎉", "---", "…", "→", "***", "", "👩‍💻 🏳️‍🌈"])
def test_what_cannot_be_said_is_empty(written: str) -> None:
    assert speakable(Text(written), language="en").text == ""


@pytest.mark.parametrize(
    ("text", "paused"),
    [("one", "one."), ("one!", "one!"), ("(one.)", "(one.)"), ("你好", "你好。"), ("one,", "one."), ("", "")],
)
def test_a_segment_ends_with_a_pause(text: str, paused: str) -> None:
    assert ended(Reading.of(text)).text == paused


def test_long_texts_are_cut_between_words() -> None:
    text = "word " * 2500

    parts = [part for part, _ in pieces(text.strip())]

    assert " ".join(parts) == text.strip()
    assert all(len(part) <= LONGEST for part in parts)


def test_a_cut_leaves_out_the_spelling_it_goes_through_and_moves_those_behind_it() -> None:
    before, over = Spelling(0, 3, "before"), Spelling(LONGEST - 2, LONGEST + 2, "over")
    behind = Spelling(LONGEST + 3, LONGEST + 5, "behind")

    first, second = pieces("x" * (LONGEST + 9), (before, over, behind))

    assert first == ("x" * LONGEST, (before,))
    assert second == ("x" * 9, (Spelling(3, 5, "behind"),))


@pytest.mark.parametrize(
    "hostile",
    [
        "[" * 4000,
        "-" * 4000,
        "<-" * 2000,
        "a/" * 2000,
        "1." * 2000,
        "`*_" * 1300,
        "http://" * 570,
        " ." * 2000,
        "a@" * 2000,
        "1-" * 2000,
        "![" * 2000,
        "\u200d🎉" * 2000,
        "$1" * 2000,
        "w/" * 2000,
        "a." * 2000,
    ],
)
def test_hostile_text_takes_bounded_work_and_space(hostile: str) -> None:
    spoken = speakable(Text(f"{hostile} word"), language="en").text

    assert "word" in spoken
    assert len(spoken) < 10 * len(hostile)


@given(st.text(max_size=300), st.sampled_from(["en", "de", "zh"]))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_something_speakable_or_nothing(text: str, language: str) -> None:
    spoken = speakable(Text(text), language=language).text

    assert spoken == "" or any(map(str.isalnum, spoken))
    assert spoken == " ".join(spoken.split())
