"""Formulas stay as they are written, and those that are only named are counted."""

from __future__ import annotations

import pytest

from services.parsing.backends.markdown import outline
from services.parsing.edit import storyboard
from services.parsing.outline import Prose
from services.story.text import Span


def texts(text: str) -> list[str]:
    return [node.source.text for node in outline(text, language="en").nodes if isinstance(node, Prose)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It is $a_i*b*c_i$ here.", ["It is $a_i*b*c_i$ here."]),
        ("So $$ x^2 + 1 $$ it is.", ["So $x^2 + 1$ it is."]),
        ("$$\n\\sum_i x_i\n+ y\n$$\n\nNext.", ["$\\sum_i x_i + y$", "Next."]),
        ("Words\n$$\na\n- b\n$$\nmore", ["Words", "$a - b$", "more"]),
        ("Pay $5 and *not* $6.", ["Pay $5 and not $6."]),
        ("$HOME/*a*:$PATH", ["$HOME/a:$PATH"]),
        ("$$\nnever closed", ["$$ never closed"]),
        ("$$ $$ words", ["$$ $$ words"]),
        ("`$x$` and \\$5", ["$x$ and $5"]),
    ],
)
def test_no_sign_of_a_formula_is_markup(text: str, shown: list[str]) -> None:
    assert texts(text) == shown


def test_a_formula_is_known_where_it_stands() -> None:
    (node,) = outline("It is $a_i$ here.", language="en").nodes

    assert isinstance(node, Prose)
    assert node.sentences[0].spans == (Span(6, 11, "formula", "a_i"),)


@pytest.mark.parametrize(
    ("language", "warnings"),
    [
        ("en", ("1 formula is on the screen and only named by the voice.",)),
        ("de", ("2 formulas are on the screen and only named by the voice.",)),
    ],
)
def test_formulas_that_are_only_named_are_counted_once(language: str, warnings: tuple[str, ...]) -> None:
    text = "# T\n\nWith $E = mc^2$ comes $\\int_0^1 x$ too."

    board = storyboard(outline(text, language=language), name="", language=language)

    assert tuple(warning.message for warning in board.warnings) == warnings


@pytest.mark.parametrize("hostile", ["$a" * 5000, "$$" * 5000, "$$\n" * 3000, "$$a\n" * 3000, "$\\" * 5000])
def test_hostile_dollars_are_read_in_bounded_work(hostile: str) -> None:
    assert outline(f"words\n\n{hostile}", language="en").nodes
