"""What a document set off is painted exactly where it stands, and nothing else that reads alike."""

from __future__ import annotations

import pytest

from services.cards.drawing.emphasis import KEY, fragments
from services.story.text import Kind, Text, joined

KINDS: list[Kind] = ["emphasis", "strong", "code", "link"]


def text(*parts: str | tuple[str, Kind]) -> Text:
    """A text of parts, some of a kind."""
    return joined((Text(p) if isinstance(p, str) else Text.of(p[0], (p[1], "x")) for p in parts), "")


def test_code_and_formulas_stand_in_the_fixed_face_where_they_stand_alone() -> None:
    found = fragments(
        text("Run ", ("make", "code"), ", then make ", ("$a$", "formula"), "."), fixed="mono-bold"
    )

    assert [(f.text, f.weight) for f in found] == [
        ("Run ", ""),
        ("make", "mono-bold"),
        (", then make ", ""),
        ("$a$", "mono-bold"),
        (".", ""),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_set_off_has_the_mark_where_it_is_asked_for(kind: Kind) -> None:
    words = text("a link, a ", ("link", kind))

    assert [f.text for f in fragments(words, key=True) if f.mark == KEY] == ["link"]
    assert not [f for f in fragments(words) if f.mark]


def test_an_address_that_links_to_itself_is_not_set_off() -> None:
    words = text("See ", ("https://example.org", "link"))

    assert not [f for f in fragments(words, key=True) if f.mark]


def test_what_is_struck_out_is_struck_whatever_else_it_is() -> None:
    words = Text.of("now", ("struck_out", ""), ("code", "")) + Text(" later")

    assert [(f.text, f.struck, f.weight) for f in fragments(words)] == [
        ("now", True, "mono"),
        (" later", False, ""),
    ]


def test_no_character_is_lost_or_moved() -> None:
    words = text("Tell ", ("İstanbul", "strong"), " of ", ("a->b", "code"), "!")

    assert "".join(f.text for f in fragments(words)) == words.text
