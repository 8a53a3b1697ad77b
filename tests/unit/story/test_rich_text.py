"""Rich text keeps what stands out in it through cutting, joining and replacing."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.story.text import Kind, Span, Text, joined

KINDS: tuple[Kind, ...] = ("emphasis", "strong", "code", "link", "struck_out", "foreign")


@st.composite
def texts(draw: st.DrawFn) -> Text:
    """Texts as a reader of a document makes them: parts, each within whatever is open."""
    parts = draw(
        st.lists(st.tuples(st.text("ab `é ", max_size=4), st.lists(st.sampled_from(KINDS), max_size=3)))
    )
    return joined((Text.of(text, *((kind, "v") for kind in kinds)) for text, kinds in parts), "")


def kinds_of(text: Text) -> list[tuple[str, frozenset[str]]]:
    """Each character and what it is."""
    return [(char, frozenset(s.kind for s in spans)) for piece, spans in text.pieces() for char in piece]


@given(texts(), st.lists(st.integers(0, 40), min_size=2))
def test_parts_of_a_text_say_of_each_character_what_the_text_says(text: Text, places: list[int]) -> None:
    cuts = [0, *sorted(min(place, len(text)) for place in places), len(text)]

    parts = text.cut(pairwise(cuts))

    assert all(part.fits() for part in parts)
    assert [each for part in parts for each in kinds_of(part)] == kinds_of(text)
    assert joined(parts, "").text == text.text


@given(texts(), texts())
def test_two_texts_joined_are_both(one: Text, other: Text) -> None:
    both = one + other

    assert both.fits()
    assert kinds_of(both) == kinds_of(one) + kinds_of(other)


@given(texts())
def test_a_text_cut_anywhere_and_joined_again_has_no_more_spans(text: Text) -> None:
    middle = len(text) // 2

    again = text[:middle] + text[middle:]

    whole = text.of_kind("emphasis", "strong", "link", "struck_out", "foreign")
    assert len(again.of_kind("emphasis", "strong", "link", "struck_out", "foreign")) <= len(whole) + (
        # Code that is cut is two, and so what lies within it.
        3 * bool(text.of_kind("code"))
    )


@given(texts(), st.sampled_from(["a", "b+", " +", "`", "é|a"]), st.sampled_from(["", "x", "long"]))
def test_what_is_replaced_leaves_the_rest_as_it_was(text: Text, pattern: str, said: str) -> None:
    edited = text.sub(re.compile(pattern), said)

    assert edited.fits()
    assert edited.text == re.sub(pattern, said, text.text)
    outside = [each for each in kinds_of(text) if not re.match(pattern, each[0])]
    assert [each for each in kinds_of(edited) if each[0] not in "xlong"] == outside


@given(texts())
def test_a_text_in_one_line_has_no_other_words(text: Text) -> None:
    line = text.collapsed()

    assert line.fits()
    assert line.text == " ".join(text.text.split())


@given(texts())
def test_composing_characters_keeps_the_spans_in_order(text: Text) -> None:
    apart = Text(text.text.replace("é", "e\u0301"), ())

    assert text.normalized() == text
    assert apart.normalized().text == text.text


@given(texts())
def test_a_text_without_a_kind_has_none_of_its_characters(text: Text) -> None:
    left = text.without("struck_out")

    assert left.fits()
    assert kinds_of(left) == [each for each in kinds_of(text) if "struck_out" not in each[1]]


def test_a_part_of_a_formula_is_code() -> None:
    text = Text("so $x + y$", (Span(3, 10, "formula", "x + y"),))

    assert text[:6].spans == (Span(3, 6, "code"),)
    assert text[2:].spans == (Span(1, 8, "formula", "x + y"),)


def test_code_beside_code_is_two() -> None:
    assert len((Text.of("a", ("code", "")) + Text.of("b", ("code", ""))).spans) == 2


@pytest.mark.parametrize(
    "spans",
    [
        (Span(0, 3, "code"), Span(1, 4, "code")),
        (Span(2, 3, "code"), Span(0, 1, "code")),
        (Span(0, 1, "strong"), Span(0, 2, "code")),
        (Span(1, 1, "code"),),
        (Span(0, 5, "code"),),
    ],
)
def test_spans_that_cross_or_leave_the_text_do_not_fit(spans: tuple[Span, ...]) -> None:
    assert not Text("abcd", spans).fits()
