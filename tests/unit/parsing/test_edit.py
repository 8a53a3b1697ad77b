"""The storyboard of an outline: title, chapters, pace, closing words."""

from __future__ import annotations

import pytest

from services.chassis.errors import DocumentTooLarge, EmptyDocument
from services.parsing.backends import markdown
from services.parsing.cut import STRUCK
from services.parsing.edit import MOST_BLOCKS, storyboard
from services.parsing.storyboard import Storyboard
from services.story.scene import (
    CodeCard,
    ListCard,
    ListItem,
    OutroCard,
    ParagraphCard,
    QuoteCard,
    SectionCard,
    TableCard,
    TitleCard,
    elements,
)
from services.story.text import Span, Text


def board(text: str, name: str = "", language: str = "en") -> Storyboard:
    return storyboard(markdown.outline(text, language=language), name=name, language=language)


def cards(text: str) -> list[object]:
    return [draft.card for draft in board(text).scenes]


def test_the_first_heading_is_the_title_and_a_short_line_below_it_the_subtitle() -> None:
    title, *rest = cards("# Lamp\n\nHow to keep it burning.\n\nIt burns oil.")

    assert title == TitleCard(Text("Lamp"), Text("How to keep it burning."))
    assert rest == [ParagraphCard(Text("Lamp"), (Text("It burns oil."),))]


@pytest.mark.parametrize(
    "text", ["# T\n\n" + "word " * 40, "# T\n\nIt has:\n\n- a part", "# T\n\nOne. Two. Three."]
)
def test_a_long_paragraph_an_introduction_and_several_sentences_are_no_subtitle(text: str) -> None:
    title = cards(text)[0]

    assert title == TitleCard(Text("T"))


@pytest.mark.parametrize(
    ("text", "name", "title"),
    [
        ("---\ntitle: Given\n---\nText.", "name.md", "Given"),
        ("Text.", "my-first_guide.md", "My first guide"),
        ("Text.", "The API.md", "The API"),
        ("Some words to begin with.", "README.md", "Some words to begin with."),
        (
            "one two three four five six seven eight nine ten eleven",
            "",
            "one two three four five six seven eight…",
        ),
        ("```\ncode\n```", "", "Untitled"),
        ("## Only\n\nText.", "", "Only"),
        ("Before.\n\n# Late\n\nText.", "x.md", "Late"),
        ("## First\n\n# Second", "x.md", "X"),
    ],
)
def test_the_title_is_the_best_that_can_be_had(text: str, name: str, title: str) -> None:
    assert board(text, name).title == title


def test_chapters_are_numbered_and_scenes_carry_their_chapter() -> None:
    made = board("# T\n\n## One\n\nText.\n\n## Two\n\nText.")

    assert [draft.chapter for draft in made.scenes] == ["T", "One", "One", "Two", "Two", "Two"]
    assert [d.card.number for d in made.scenes if isinstance(d.card, SectionCard)] == [1, 2]


def test_chapters_are_found_at_whatever_level_they_start() -> None:
    made = board("# T\n\n#### One\n\nText.\n\n#### Two\n\nText.")

    assert [d.card.title.text for d in made.scenes if isinstance(d.card, SectionCard)] == ["One", "Two"]


def test_a_subheading_is_introduced_once_and_stays_on_the_screen() -> None:
    text = "# T\n\n## C\n\n### Sub\n\n" + "One sentence of exactly eight words is here. " * 16

    scenes = [card for card in cards(text) if isinstance(card, ParagraphCard)]

    assert {card.header.text for card in scenes} == {"Sub"}
    assert [card.introduces_header for card in scenes] == [True] + [False] * (len(scenes) - 1)


def test_a_bold_line_above_a_list_is_its_header_and_no_longer() -> None:
    *_, bold, after = cards("# T\n\n## C\n\n**Benefits:**\n\n- speed\n\nAfter.")

    assert bold == ListCard(
        Text.of("Benefits", ("strong", "")), (ListItem(text=Text("speed")),), introduces_header=True
    )
    assert after == ParagraphCard(Text("C"), (Text("After."),))


def test_a_subheading_that_no_card_can_show_gets_one_of_its_own() -> None:
    shown = cards("# T\n\n## C\n\n### Quoted\n\n> Words.\n\n### Empty\n\n### Last")

    assert shown == [
        TitleCard(Text("T")),
        SectionCard(Text("C"), 1),
        SectionCard(Text("Quoted")),
        QuoteCard(Text("Words.")),
        SectionCard(Text("Empty")),
        SectionCard(Text("Last")),
    ]


def test_a_numbered_list_goes_on_counting_on_the_next_card() -> None:
    shown = cards("# T\n\nText.\n\n" + "\n".join(f"{n}. item" for n in range(1, 9)))

    assert [(c.ordered, c.first_number) for c in shown if isinstance(c, ListCard)] == [(True, 1), (True, 5)]


def test_a_long_listing_says_which_lines_it_shows() -> None:
    text = "# T\n\n```py\n" + "\n".join(f"line({n})" for n in range(1, 31)) + "\n```"

    shown = [card for card in cards(text) if isinstance(card, CodeCard)]

    assert [(c.first_line, c.total_lines) for c in shown] == [(1, 30), (16, 30)]
    assert "\n".join(c.code for c in shown) == "\n".join(f"line({n})" for n in range(1, 31))


def test_the_end_names_what_was_covered_and_where_to_read_on() -> None:
    text = (
        "# T\n\n## 1. Oil\n\n[a](https://a.org)\n\n## Wicks\n\n<https://a.org> [b](https://b.org)\n\n## Brass"
    )

    last = board(text).scenes[-1].card

    assert last == OutroCard(
        Text("T"), Text("Covered: Oil, Wicks and Brass."), ("https://a.org", "https://b.org")
    )


def test_many_chapters_are_counted_and_other_languages_get_no_english() -> None:
    text = "# T\n\n" + "\n\n".join(f"## C{n}" for n in range(9))

    english, german = board(text).scenes[-1].card, board(text, language="de").scenes[-1].card

    assert english == OutroCard(Text("T"), Text("Covered: C0, C1, C2, C3, C4 and 4 more topics."))
    assert german == OutroCard(Text("T"))


def test_a_document_of_one_chapter_has_no_closing_card() -> None:
    assert cards("# T\n\n## C\n\nText.")[-1] == ParagraphCard(Text("C"), (Text("Text."),))


@pytest.mark.parametrize(
    ("text", "why"),
    [("---", "its only block is markup"), ("<!-- a -->\n\n---", "all its 2 blocks are markup")],
)
def test_how_much_there_was_is_said_in_the_right_number(text: str, why: str) -> None:
    with pytest.raises(EmptyDocument, match=why):
        board(text)


@pytest.mark.parametrize("text", ["", "---", "<!-- a -->\n\n---", "---\na: b\n---"])
def test_nothing_to_tell_is_an_error(text: str) -> None:
    with pytest.raises(EmptyDocument):
        board(text)


def test_a_long_document_is_told_at_a_denser_pace() -> None:
    sentence = "The keeper of the light climbs up all the stairs of the tower every single day. "

    made = board("# T\n\n" + (sentence * 3 + "\n\n") * 550)

    assert 200 < len(made.scenes) <= 500


def test_a_document_too_long_for_any_pace_says_how_to_split_it() -> None:
    with pytest.raises(DocumentTooLarge, match="makes 602 scenes even with 120 words each") as caught:
        board("# T\n\n" + f"## C\n\n{'It is told ' * 20}\n\n" * 600)

    assert (
        caught.value.suggestions[0].description
        == "Split the document at its 600 chapters into 2 or more documents."
    )


def test_a_document_of_too_many_blocks_is_refused() -> None:
    with pytest.raises(DocumentTooLarge, match="blocks"):
        board("Text.\n\n" + "---\n" * (MOST_BLOCKS + 1))


def test_every_block_has_a_fate_in_the_order_of_the_source() -> None:
    made = board("---\nlayout: x\n---\n# T\n\nSub.\n\n- a\n- b\n\n![](x.png)\n\n> Q\n> — W")

    assert [(b.kind, b.place.line, bool(b.placements)) for b in made.blocks] == [
        ("definition", 2, False),
        ("heading", 4, True),
        ("paragraph", 6, True),
        ("list_item", 8, True),
        ("list_item", 9, True),
        ("image", 11, False),
        ("quote", 13, True),
    ]
    assert {p.element for p in made.blocks[-1].placements} == {"quote", "attribution"}


def test_short_paragraphs_that_share_a_card_each_end() -> None:
    text = "# T\n\n## C\n\n<p>First</p>\n<p>Second (two)</p>\n\nThird:\n\n你好\n\nFourth"

    assert cards(text)[-1] == ParagraphCard(
        Text("C"), (Text("First."), Text("Second (two)."), Text("Third:"), Text("你好。"), Text("Fourth."))
    )


def test_a_paragraph_that_has_a_card_to_itself_stays_as_it_is() -> None:
    assert cards("# T\n\n## C\n\nText")[-1] == ParagraphCard(Text("C"), (Text("Text"),))


def test_short_paragraphs_of_a_quotation_each_end() -> None:
    quotes = [card for card in cards("# T\n\n## C\n\n> One\n>\n> Two") if isinstance(card, QuoteCard)]

    assert quotes == [QuoteCard(Text("One. Two"))]


def test_each_item_of_a_card_has_its_own_number() -> None:
    (_, *lists) = cards("# T\n\n0. zero\n   - bullet\n1. one\n   1. first\n")

    found = [
        (item.text.text, item.number) for card in lists if isinstance(card, ListCard) for item in card.items
    ]
    assert found == [("zero", 0), ("bullet", None), ("one", 1), ("first", 1)]


def test_bullets_with_numbers_below_them_are_no_numbered_list() -> None:
    (_, card) = cards("# T\n\n- bullet\n  1. one\n  2. two\n")

    assert isinstance(card, ListCard)
    assert not card.ordered


def test_the_end_shows_an_address_once_with_a_slash_behind_it_or_not() -> None:
    end = cards("# T\n\n## A\n\nhttps://a.org/ then https://a.org.\n\n## B\n\nhttps://b.org.")[-1]

    assert isinstance(end, OutroCard)
    assert end.links == ("https://a.org/", "https://b.org")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Call `f(x)` or `for`; `for` is fine, `f(x)` too.", ("f(x)", "for", "for", "f(x)")),
        ("Use `for` for loops and `x`.", ("for", "x")),
        ("- **a**: `x -> y`\n- b `ls -la`", ("x -> y", "ls -la")),
        ("| a | `b_c` |\n|---|---|\n| x | `d.e` |", ("b_c", "d.e")),
        ("> Say `make all`.", ("make all",)),
    ],
)
def test_a_card_knows_what_of_its_text_is_code(text: str, code: tuple[str, ...]) -> None:
    card = cards(f"# T\n\n## C\n\n{text}")[-1]

    texts = [text for name, text in elements(card) if name != "header"]
    if isinstance(card, TableCard):
        texts += [column.name for column in card.columns]
    found = [text.text[span.start : span.end] for text in texts for span in text.of_kind("code")]
    assert sorted(found) == sorted(code)


def test_what_is_struck_out_is_shown_and_the_account_says_that_it_is_not_spoken() -> None:
    made = board("# T\n\n## C\n\nUse the ~~old~~ new one.\n\nPlain.")

    card = made.scenes[-1].card
    assert isinstance(card, ParagraphCard)
    assert card.sentences[0].of_kind("struck_out") == (Span(8, 11, "struck_out"),)
    assert [block.note for block in made.blocks if block.kind == "paragraph"] == [STRUCK, ""]


def test_titles_and_headers_keep_what_stands_out_in_them() -> None:
    title, section, *_ = cards("# The `a->b` guide\n\n## Of `c->d`\n\n- item\n\n## E\n\nText.")

    assert isinstance(title, TitleCard)
    assert isinstance(section, SectionCard)
    assert title.title.of_kind("code") == (Span(4, 8, "code"),)
    assert section.title.of_kind("code") == (Span(3, 7, "code"),)


def test_what_is_struck_out_of_titles_is_in_no_chapter_and_no_closing_words() -> None:
    made = board("# The ~~old~~ guide\n\n## ~~One~~ Two\n\nText.\n\n## Three\n\nText.")

    end = made.scenes[-1].card
    assert made.title == "The guide"
    assert [draft.chapter for draft in made.scenes[:2]] == ["The guide", "Two"]
    assert isinstance(end, OutroCard)
    assert end.message.text == "Covered: Two and Three."
