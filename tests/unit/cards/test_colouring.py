"""Code is coloured by its language, and lost in no line."""

from __future__ import annotations

import pytest

from services.cards.drawing import colouring


def text(code: str, language: str) -> list[str]:
    """The lines again, without colours."""
    return ["".join(part for part, _, _ in line) for line in colouring.lines(code, language)]


@pytest.mark.parametrize("language", ["python", "bash", "rust", "json", "", "no-such-language"])
def test_no_character_is_lost(language: str) -> None:
    code = "first line  # note\n\n    indented('x')\nlast"

    assert text(code, language) == code.split("\n")


def test_names_are_quiet_and_keywords_are_not() -> None:
    line = next(colouring.lines("def frames(clip): return clip", "python"))
    colours = {part.strip(): colour for part, colour, _ in line}

    assert colours["clip"] == colouring.PLAIN
    assert colours["def"] != colouring.PLAIN
    assert colours["frames"] != colouring.PLAIN


def test_a_comment_at_the_very_end_is_one() -> None:
    line = next(colouring.lines("make run  # 2 minutes", "bash"))

    assert line[-1][0].endswith("# 2 minutes")
    assert line[-1][1] == colouring.COLOURS[colouring.Comment]


@pytest.mark.parametrize(
    ("language", "label"), [("python", "Python"), ("PYTHON ", "Python"), ("mylang", "mylang"), ("", "")]
)
def test_a_language_is_called_what_people_call_it(language: str, label: str) -> None:
    assert colouring.label(language) == label


def test_a_listing_too_long_to_colour_stays_whole_and_plain() -> None:
    code = "x = 1\n" * 5_000

    lines = list(colouring.lines(code, "python"))

    assert len(lines) == 5_000
    assert {colour for line in lines for _, colour, _ in line} == {colouring.PLAIN}
