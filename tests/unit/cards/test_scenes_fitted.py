"""Cards too long, too short or too odd for one picture: pages, sizes, and what is reported."""

from __future__ import annotations

import pytest

from services.cards.scenes import draw
from services.story.scene import (
    Card,
    CodeCard,
    ListCard,
    ListItem,
    OutroCard,
    ParagraphCard,
    QuoteCard,
    SectionCard,
    TitleCard,
)
from services.story.text import Kind, Span, Text
from tests.unit.cards.cards import CARDS, LONG, SENTENCE, canvas


def test_a_long_text_goes_over_pages_that_turn_at_a_sentence() -> None:
    card = ParagraphCard(Text("Background"), tuple(Text(f"{n}. {SENTENCE * 3}") for n in range(9)))
    scene = canvas(card, width=1280, height=720, frames=1800)

    drawing = draw(card, scene)

    cues = {scene.cues.enter(f"text/{n}") for n in range(9)}
    turns = {layer.leave for layer in drawing.layers if layer.leave is not None and layer.image.height > 200}
    assert turns
    assert turns <= cues
    assert turns <= {layer.enter for layer in drawing.layers}
    assert not drawing.unshown


def test_a_long_list_goes_over_pages() -> None:
    card = ListCard(
        Text("Guarantees"), tuple(ListItem(Text(f"Guarantee {n}"), Text(SENTENCE * 3)) for n in range(9))
    )

    drawing = draw(card, canvas(card, frames=3000))

    assert not drawing.unshown
    assert len({layer.enter for layer in drawing.layers if layer.leave is not None}) >= 9


def test_an_item_higher_than_a_page_is_cut_and_reported() -> None:
    card = ListCard(Text(""), (ListItem(Text("Everything"), Text(LONG * 4)),))

    drawing = draw(card, canvas(card))

    assert len(drawing.unshown) == 1
    assert drawing.unshown[0].startswith("item 1: no room for ")


def test_a_title_of_300_characters_is_shown_whole() -> None:
    card = TitleCard(Text(("A title that somebody pasted whole from an abstract " * 6)[:300]))

    assert not draw(card, canvas(card)).unshown


def test_a_title_beyond_any_size_is_cut_and_reported() -> None:
    card = TitleCard(Text("Too long " * 400))

    unshown = draw(card, canvas(card)).unshown

    assert len(unshown) == 1
    assert unshown[0].startswith("title: no room for")


def test_pages_that_have_no_time_are_reported() -> None:
    card = ListCard(Text(""), tuple(ListItem(text=Text(f"Item {n}")) for n in range(30)))

    drawing = draw(card, canvas(card, frames=1))

    assert any("no time" in report for report in drawing.unshown)


def test_a_sign_no_font_has_is_reported_and_read_past() -> None:
    known, unknown = TitleCard(Text("Symbols")), TitleCard(Text("Symbols \U0010fffd"))

    expected, drawing = draw(known, canvas(known)), draw(unknown, canvas(unknown))

    assert len(drawing.unshown) == 1
    assert drawing.unshown[0].startswith("1 character has no font on this machine (private: U+10FFFD)")
    assert [layer.image.tobytes() for layer in drawing.layers] == [
        layer.image.tobytes() for layer in expected.layers
    ]


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    "card",
    [
        TitleCard(Text("日本語")),
        ParagraphCard(Text("見出"), (Text("日本語の文。"),)),
        ListCard(Text(""), (ListItem(Text("項"), Text("目")),)),
        CodeCard(Text(""), "python", "# 日本語"),
        QuoteCard(Text("引用")),
    ],
    ids=lambda card: type(card).__name__,
)
def test_letters_no_font_has_are_places_to_see_and_one_report(card: Card) -> None:
    drawing = draw(card, canvas(card))

    assert len(drawing.unshown) == 1
    assert "fonts-noto-cjk" in drawing.unshown[0]
    assert sum(layer.image.width * layer.image.height for layer in drawing.layers) > 400


def test_a_right_to_left_title_stands_at_the_right_margin() -> None:
    card = TitleCard(Text("שלום"))

    drawing = draw(card, canvas(card))

    title = drawing.layers[-1]
    assert title.x + title.image.width == pytest.approx(640 - 160 / 3, abs=8)


def test_code_lines_are_paged_after_sixteen() -> None:
    card = CodeCard(Text("Listing"), "python", "\n".join(f"line_{n} = {n}" for n in range(40)))

    drawing = draw(card, canvas(card, width=1280, height=720))

    turns = {layer.leave for layer in drawing.layers if layer.leave is not None}
    assert len(turns) == 2
    assert not drawing.unshown


def test_a_long_line_of_code_is_wrapped_inside_its_window() -> None:
    short, long = (CodeCard(Text(""), "text", "word " * n) for n in (3, 120))

    drawings = [draw(card, canvas(card, width=1280, height=720)) for card in (short, long)]

    window, listing = drawings[1].layers[:2]
    assert listing.x + listing.image.width < window.x + window.image.width
    assert listing.image.height > 4 * drawings[0].layers[1].image.height


def test_a_short_command_is_set_large_and_a_listing_is_not() -> None:
    cards = (CodeCard(Text(""), "bash", "\n".join(["make run"] * lines)) for lines in (1, 2, 14))

    one, two, fourteen = (draw(card, canvas(card, width=1280, height=720)).layers[1].image for card in cards)

    assert two.height - one.height > 1.5 * fourteen.height / 14


def test_a_short_command_stands_near_the_middle() -> None:
    card = CodeCard(Text(""), "bash", "make run")

    window = draw(card, canvas(card, width=1280, height=720)).layers[0]

    assert 0.4 < (window.y + window.image.height / 2) / 720 < 0.55


def test_one_long_command_is_wrapped_at_a_size_to_read() -> None:
    card = CodeCard(Text(""), "bash", "docker run --rm " + "--volume /a:/b " * 9)

    listing = draw(card, canvas(card, width=1280, height=720)).layers[1].image

    assert listing.height > 3 * 1280 / 1920 * 44


def test_twelve_short_items_stand_on_one_page() -> None:
    card = ListCard(Text("Fruits"), tuple(ListItem(text=Text(f"Fruit {n}")) for n in range(12)))

    drawing = draw(card, canvas(card, width=1280, height=720, frames=3000))

    bright = [layer for layer in drawing.layers if layer.leave is None]
    assert len(bright) >= 12
    assert not drawing.unshown


def test_a_title_of_one_long_word_is_set_smaller_and_whole() -> None:
    whole, torn = TitleCard(Text("Donaudampfschifffahrtsgesellschaft")), TitleCard(Text("Donau" * 30))

    one, many = (draw(card, canvas(card, width=1280, height=720)).layers[-1].image for card in (whole, torn))

    assert one.height < 0.15 * 720
    assert many.height > 2 * one.height


@pytest.mark.parametrize("kind", ["code", "struck_out"])
def test_code_and_what_is_struck_out_are_drawn_otherwise_and_nowhere_cut(kind: Kind) -> None:
    use, none = Text("Use a->b."), Text()
    code = Text("Use a->b.", (Span(4, 8, kind),))
    cards: list[tuple[Card, Card]] = [
        (ParagraphCard(none, (use,)), ParagraphCard(none, (code,))),
        (ListCard(none, (ListItem(use, use),)), ListCard(none, (ListItem(code, use),))),
        (ListCard(none, (ListItem(use, use),)), ListCard(none, (ListItem(use, code),))),
        (QuoteCard(use), QuoteCard(code)),
        (QuoteCard(use, use), QuoteCard(use, code)),
        (TitleCard(use, use), TitleCard(code, use)),
        (TitleCard(use, use), TitleCard(use, code)),
        (SectionCard(use), SectionCard(code)),
        (OutroCard(use, use), OutroCard(use, code)),
        (ParagraphCard(use, (use,), True), ParagraphCard(code, (use,), True)),
    ]

    for plain, marked in cards:
        drawings = [draw(card, canvas(card)) for card in (plain, marked)]
        widths = [max(layer.image.width for layer in drawing.layers) for drawing in drawings]
        pictures = [[layer.image.tobytes() for layer in drawing.layers] for drawing in drawings]
        assert pictures[0] != pictures[1], type(plain).__name__
        assert max(widths) <= 640
        assert not drawings[1].unshown


def test_links_are_shown_without_their_scheme_and_one_chip_each() -> None:
    with_links, without = CARDS["outro"], OutroCard(Text("Start now"), Text("With one document."))

    count = len(draw(with_links, canvas(with_links)).layers) - len(draw(without, canvas(without)).layers)

    assert count == 2


@pytest.mark.parametrize(
    "card",
    [
        TitleCard(Text("")),
        SectionCard(Text(""), 0),
        ParagraphCard(Text(""), ()),
        ParagraphCard(Text("header"), (Text(""),)),
        ListCard(Text(""), ()),
        ListCard(Text(""), (ListItem(),), ordered=True),
        CodeCard(Text(""), "", ""),
        QuoteCard(Text("")),
        OutroCard(Text("")),
    ],
    ids=lambda card: type(card).__name__,
)
def test_an_empty_card_is_no_error(card: Card) -> None:
    assert not draw(card, canvas(card, frames=1)).unshown
