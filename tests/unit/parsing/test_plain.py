"""Plain text becomes an outline by its looks."""

from __future__ import annotations

from services.parsing.backends.plain import outline
from services.parsing.outline import Dropped, Entries, Heading, Node, Prose


def read(text: str) -> tuple[Node, ...]:
    return outline(text, language="en").nodes


def test_wrapped_lines_join_and_empty_lines_separate() -> None:
    first, second = read(
        "The harbour freezes in January, and the boats are\nhauled up. It is a well-\nordered life.\n\nAgain."
    )

    assert isinstance(first, Prose)
    assert tuple(map(str, first.sentences)) == (
        "The harbour freezes in January, and the boats are hauled up.",
        "It is a well-ordered life.",
    )
    assert isinstance(second, Prose)


def test_capitals_and_underlines_make_headings() -> None:
    nodes = read("THE HARBOUR\n\nWinter\n------\nCold.\n\nRULES\nNone.")

    assert [(n.text.text, n.level) for n in nodes if isinstance(n, Heading)] == [
        ("THE HARBOUR", 1),
        ("Winter", 2),
        ("RULES", 2),
    ]
    assert [(*map(str, n.sentences),) for n in nodes if isinstance(n, Prose)] == [("Cold.",), ("None.",)]


def test_numbered_lines_are_a_list_with_its_numbers() -> None:
    (node,) = read("3. Tar\n4. Twine, strong\n   and brown")

    assert isinstance(node, Entries)
    assert [(item.text.text, item.number) for item in node.items] == [
        ("Tar", 3),
        ("Twine, strong and brown", 4),
    ]


def test_numbers_that_do_not_count_on_are_no_list() -> None:
    (node,) = read("In the year\n1911. The lamp was lit\n1820. That was before")

    assert isinstance(node, Prose)


def test_bullets_after_a_line_are_a_list_after_a_paragraph() -> None:
    intro, bullets = read("Remember:\n- close the sluice\n- ring the bell")

    assert isinstance(intro, Prose)
    assert isinstance(bullets, Entries)
    assert [item.text.text for item in bullets.items] == ["close the sluice", "ring the bell"]


def test_verses_keep_their_lines() -> None:
    (node,) = read("Roses are red\nViolets are blue\nNets are brown")

    assert isinstance(node, Prose)
    assert tuple(map(str, node.sentences)) == ("Roses are red", "Violets are blue", "Nets are brown")


def test_a_line_of_marks_is_dropped() -> None:
    nodes = read("Before.\n\n*****\n\nAfter.\n\n...\n")

    assert [n.reason for n in nodes if isinstance(n, Dropped)] == ["a rule only separates", "it has no words"]


def test_addresses_are_gathered() -> None:
    assert outline("See https://example.org/a for it.", language="en").links == ("https://example.org/a",)
