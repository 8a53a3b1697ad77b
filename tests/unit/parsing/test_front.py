"""Front matter gives a title and is not told."""

from __future__ import annotations

import pytest

from services.parsing.backends.front import cut_toml, toml_title, yaml_title
from services.parsing.backends.markdown import outline
from services.parsing.outline import Dropped, Heading

TOML = '+++\ntitle = "A Guide"  # ours\ntags = ["a"]\n\n[menu]\ntitle = "No"\n+++\n\n## One\n'


def test_toml_is_cut_off_and_the_lines_below_keep_their_numbers() -> None:
    toml, text = cut_toml(TOML)

    assert toml.startswith("title =")
    assert text.split("\n").index("## One") == TOML.split("\n").index("## One")


@pytest.mark.parametrize("text", ["+++\ntitle = 1\nnever closed", "words\n+++\na = 1\n+++", "++++\n+++", ""])
def test_what_is_no_closed_toml_stays_text(text: str) -> None:
    assert cut_toml(text) == ("", text)


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ('title = "A \\"quoted\\" guide"', 'A "quoted" guide'),
        ("title = 'A  guide'", "A guide"),
        ('"title" = "Guide"', "Guide"),
        ("title = 5", ""),
        ("title = ", ""),
        ("title.short = 'x'", ""),
        ("subtitle = 'x'", ""),
        ("title = " + "[" * 5000, ""),
    ],
)
def test_a_line_of_toml_gives_a_title_or_none(line: str, title: str) -> None:
    assert toml_title(line) == title


@pytest.mark.parametrize(
    ("line", "title"), [("title: 'A guide'", "A guide"), ("  title: nested", ""), ("layout: page", "")]
)
def test_a_line_of_yaml_gives_a_title_or_none(line: str, title: str) -> None:
    assert yaml_title(line) == title


def test_the_lines_of_toml_are_dropped_and_its_title_kept() -> None:
    found = outline(TOML, language="en")

    assert found.title
    assert (found.title.text, found.title.place.line) == ("A Guide", 2)
    assert [n.source.text for n in found.nodes if isinstance(n, Dropped)] == [
        'tags = ["a"]',
        "[menu]",
        'title = "No"',
    ]
    assert [n.source.place.line for n in found.nodes if isinstance(n, Heading)] == [9]
