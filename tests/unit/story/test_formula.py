"""Simple formulas have English words; what is no formula is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.story.formula import formulas, spoken


@pytest.mark.parametrize(
    ("tex", "words"),
    [
        ("E = mc^2", "E equals m c squared"),
        ("x^2 + 1", "x squared plus 1"),
        ("10^{-3}", "10 to the power of minus 3"),
        (r"\frac{a}{b} \le \sqrt{2}", "a over b at most the square root of 2"),
        (r"\alpha_i \cdot 2.5", "alpha i times 2.5"),
        ("f(x) = 2x", "f of x equals 2 x"),
        (r"O(n \log n)", "O of n log n"),
        (r"\text{rate} = 5\,\%", ""),
        (r"\text{rate} = 5", "rate equals 5"),
        ("f(x, y)", "f of x, y"),
    ],
)
def test_a_simple_formula_is_told(tex: str, words: str) -> None:
    assert spoken(tex) == words


@pytest.mark.parametrize(
    "tex", [r"\int_0^1 x", "(a+b)^2", "f(x)^2", "}{", "^", "x^", "f(", "", " ", "a|b", "x+" * 40, "{" * 30]
)
def test_a_hard_or_broken_formula_is_not_told(tex: str) -> None:
    assert spoken(tex) == ""


@pytest.mark.parametrize(
    "text", ["pay $5 and $6", "$HOME/bin:$PATH", "${A}/${B}", "$3k-$5k", "US$5 or CA$6", r"\$x$", "$ x $"]
)
def test_prices_and_variables_are_no_formulas(text: str) -> None:
    assert list(formulas(text)) == []


@settings(max_examples=200, deadline=None)
@given(tex=st.text(alphabet="ab12^_{}()\\fracsqt+=, ", max_size=60))
def test_any_formula_is_told_in_words_or_not_at_all(tex: str) -> None:
    assert not set(spoken(tex)) & set("\\{}^_$")
