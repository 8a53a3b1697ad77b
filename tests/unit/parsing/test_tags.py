"""HTML inside markdown: what is said, and what is not."""

from __future__ import annotations

from services.parsing.backends.tags import Piece, attribute, is_badge, pieces


def test_text_is_kept_and_tags_go() -> None:
    found = pieces('<div align="center">\n  <b>Stay</b> inside &amp; warm.\n</div>')

    assert found == [Piece("text", "Stay inside & warm.", 1)]


def test_a_heading_is_a_heading_even_with_a_break_and_a_logo() -> None:
    found = pieces('<h1 align="center"><img src="logo.svg" alt=""><br>fastpack</h1>')

    assert [(piece.kind, piece.text, piece.level) for piece in found] == [("heading", "fastpack", 1)]


def test_rows_of_a_table_are_said_cell_by_cell() -> None:
    found = pieces("<table><tr><th>Key</th><th>Use</th></tr><tr><td>x</td><td>Extract</td></tr></table>")

    assert [(piece.kind, piece.text) for piece in found] == [("row", "Key; Use"), ("row", "x; Extract")]


def test_comments_scripts_and_styles_are_told_apart_from_text() -> None:
    found = pieces("<!-- later --><script>alert(1)</script><style>p{}</style><p>Now</p>")

    assert [(piece.kind, piece.text) for piece in found] == [
        ("comment", "later"),
        ("silent", "alert(1)"),
        ("silent", "p{}"),
        ("text", "Now"),
    ]


def test_fragments_are_read_as_far_as_they_go() -> None:
    found = pieces("</td></tr>\n<p>Open <a href='x'>end")

    assert [piece.text for piece in found] == ["Open end"]


def test_images_say_their_text_and_badges_are_known() -> None:
    found = pieces(
        '<img src="a.png" alt="A map"><a href="x"><img src="https://img.shields.io/b" alt="ci"></a>'
    )

    assert [(piece.text, piece.badge) for piece in found] == [("A map", False), ("ci", True)]


def test_a_linked_picture_is_no_badge_unless_it_is_drawn_by_a_program() -> None:
    assert not is_badge("https://example.org/demo.png", linked=True)
    assert is_badge("https://example.org/status.svg", linked=True)
    assert not is_badge("https://example.org/drawing.svg", linked=False)


def test_an_attribute_is_read_from_a_single_tag() -> None:
    assert attribute('<img src="a.png" alt="A &quot;map&quot;">', "alt") == 'A "map"'
    assert attribute("<img>", "alt") == ""
