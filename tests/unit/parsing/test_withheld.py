"""Of a long listing the first pages are shown, and the rest is accounted for and said."""

from __future__ import annotations

import pytest

from services.parsing.backends import markdown
from services.parsing.edit import storyboard
from services.parsing.storyboard import Storyboard
from services.parsing.withheld import MOST_PAGES, told
from services.story.scene import CodeCard, ParagraphCard


def board(lines: int, language: str = "en") -> Storyboard:
    code = "\n".join(f"x{number} = {number}" for number in range(1, lines + 1))
    text = f"# T\n\n```py\n{code}\n```\n\nAnd so on."
    return storyboard(markdown.outline(text, language=language), name="", language=language)


def test_a_long_listing_shows_its_first_pages_and_says_how_many_lines_are_not_shown() -> None:
    found = board(500)

    pages = [draft.card for draft in found.scenes if isinstance(draft.card, CodeCard)]
    after = [draft.card for draft in found.scenes if isinstance(draft.card, ParagraphCard)]
    shown = sum(len(page.code.split("\n")) for page in pages)
    assert len(pages) == MOST_PAGES
    assert tuple(map(str, after[0].sentences)) == (
        f"The remaining {500 - shown} lines are not shown.",
        "And so on.",
    )


def test_no_line_of_it_vanishes_from_the_account() -> None:
    told, withheld = (block for block in board(500).blocks if block.kind == "code")

    assert f"{told.text}\n{withheld.text}".split("\n") == [f"x{n} = {n}" for n in range(1, 501)]
    assert {placement.element for placement in told.placements} == {"code", "text/0"}
    assert withheld.place.line == 4 + told.text.count("\n") + 1
    assert withheld.drop_reason == (
        f"{withheld.text.count(chr(10)) + 1} of the 500 lines of the listing are not shown; "
        f"see the source from line {withheld.place.line}"
    )


def test_a_listing_that_fits_is_shown_whole() -> None:
    found = board(MOST_PAGES * 16)

    assert [block.text.count("\n") + 1 for block in found.blocks if block.kind == "code"] == [48]
    assert not any(block.drop_reason for block in found.blocks)


@pytest.mark.parametrize(
    ("count", "language", "sentence"),
    [
        (1, "en", "The remaining line is not shown."),
        (2, "", "The remaining 2 lines are not shown."),
        (2, "de-AT", "Die übrigen 2 Zeilen sind nicht zu sehen."),
        (2, "fi", ""),
    ],
)
def test_the_rest_is_told_in_the_languages_that_have_words_for_it(
    count: int, language: str, sentence: str
) -> None:
    assert told(count, language) == sentence


def test_in_other_languages_the_account_alone_tells() -> None:
    found = board(500, "fi")

    assert [(*map(str, d.card.sentences),) for d in found.scenes if isinstance(d.card, ParagraphCard)] == [
        ("And so on.",)
    ]
    assert sum(bool(block.drop_reason) for block in found.blocks) == 1


def test_one_endless_line_is_shown_in_part_and_counted() -> None:
    text = "# T\n\nWords.\n\n```\n" + "a" * 200_000 + "\n```"

    found = storyboard(markdown.outline(text, language="en"), name="", language="en")

    assert [block.drop_reason for block in found.blocks if block.drop_reason] == [
        "1 of the 1 lines of the listing is not shown; see the source from line 6"
    ]
