"""Markdown becomes an outline."""

from __future__ import annotations

import pytest

from services.parsing.backends.blocks import BADGE, NO_ALT, SAID, SILENT, WORDLESS
from services.parsing.backends.markdown import COLUMNS, COUNTED, DEEPEST, outline
from services.parsing.outline import (
    Dropped,
    Entries,
    Entry,
    Heading,
    Listing,
    Outline,
    Prose,
    Quotation,
    Table,
)
from services.story.scene import TableCard
from services.story.table import led
from services.story.text import Span, Text


def read(text: str, language: str = "en") -> Outline:
    return outline(text, language=language)


def items(text: str) -> list[tuple[str, str, int]]:
    found = [node for node in read(text).nodes if isinstance(node, Entries)]
    return [(item.title.text, item.text.text, item.level) for node in found for item in node.items]


def dropped(text: str) -> list[tuple[str, str]]:
    return [(n.source.text, n.reason) for n in read(text).nodes if isinstance(n, Dropped)]


def only(text: str) -> object:
    (node,) = read(text).nodes
    return node


def test_headings_of_both_kinds_carry_their_level() -> None:
    nodes = read("# One #\n\nTwo\n---\n\n### Three `code`").nodes

    assert [(n.text.text, n.level) for n in nodes if isinstance(n, Heading)] == [
        ("One", 1),
        ("Two", 2),
        ("Three code", 3),
    ]


def test_a_paragraph_knows_its_sentences_what_stands_out_and_its_line() -> None:
    node = only("\n\nRead the **fine manual** and `man 7`, then\n[ask us](https://example.org). Thanks!")

    assert isinstance(node, Prose)
    assert tuple(map(str, node.sentences)) == ("Read the fine manual and man 7, then ask us.", "Thanks!")
    assert [(s.kind, s.value, node.sentences[0].text[s.start : s.end]) for s in node.sentences[0].spans] == [
        ("strong", "", "fine manual"),
        ("code", "", "man 7"),
        ("link", "https://example.org", "ask us"),
    ]
    assert node.source.place.line == 3


def test_a_break_on_purpose_ends_a_sentence() -> None:
    node = only("first line  \nsecond line")

    assert isinstance(node, Prose)
    assert tuple(map(str, node.sentences)) == ("first line", "second line")


def test_lines_of_japanese_join_without_a_space() -> None:
    node = only("レンズを磨き、\n油を足します。")

    assert isinstance(node, Prose)
    assert tuple(map(str, node.sentences)) == ("レンズを磨き、油を足します。",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- **Oil**: fill it", ("Oil", "fill it", 0)),
        ("- **Oil:** fill it", ("Oil", "fill it", 0)),
        ("- **Oil** - fill it", ("Oil", "fill it", 0)),
        ("- 🛢 **Oil** – fill it", ("🛢 Oil", "fill it", 0)),
        ("- `main.rs` - the entry", ("main.rs", "the entry", 0)),
        ("- [Cargo](https://x.y): packages", ("Cargo", "packages", 0)),
        ("- Oil: fill it", ("Oil", "fill it", 0)),
        ("- **Oil**", ("Oil", "", 0)),
        ("- [x] Trimmed", ("", "Trimmed – done", 0)),
        ("- [ ] Polished", ("", "Polished – to do", 0)),
        ("- at 10:30 we go", ("", "at 10:30 we go", 0)),
        ("- https://example.org: see it", ("", "https://example.org: see it", 0)),
        ("- **Oil** is dear", ("", "Oil is dear", 0)),
        ("- one\n\n  two", ("", "one. two", 0)),
        ("- ![A map](a.png)", ("", "A map", 0)),
    ],
)
def test_an_item_has_a_lead_when_something_sets_it_off(text: str, expected: tuple[str, str, int]) -> None:
    assert items(text) == [expected]


def test_nested_items_keep_their_level_up_to_the_eighth() -> None:
    text = "\n".join(f"{'  ' * level}- item {level}" for level in range(12))

    assert [level for _, _, level in items(text)] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8]


def test_a_listing_inside_a_list_interrupts_it_and_the_numbers_go_on() -> None:
    first, code, second = read("1. one\n\n   ```sh\n   ls\n   ```\n\n2. two").nodes

    assert isinstance(first, Entries)
    assert isinstance(code, Listing)
    assert (code.language, code.code) == ("sh", "ls")
    assert isinstance(second, Entries)
    assert second.items[0].number == 2


def test_a_long_item_goes_on_in_items_below_it() -> None:
    text = "- " + " ".join(["The lamp burns all night long."] * 30)

    assert [level for _, _, level in items(text)] == [0, 1]


def test_labelled_lines_are_a_list() -> None:
    assert items("**File:** a.py\n**Fix:** none") == [("File", "a.py", 0), ("Fix", "none", 0)]
    assert items("✅ **Done** with it  \n✅ **Begun** too") == [
        ("", "✅ Done with it", 0),
        ("", "✅ Begun too", 0),
    ]


def test_a_table_is_read_row_by_row_with_the_names_of_its_columns() -> None:
    text = "| Name | Use | Note |\n|---|---|---|\n| oil | lamp | |\n| a\\|b | `x` | **y** |"

    (table,) = (node for node in read(text).nodes if isinstance(node, Table))
    assert [column.name.text for column in table.columns] == ["Name", "Use", "Note"]
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["oil", "lamp", ""],
        ["a|b", "x", "y"],
    ]
    assert dropped(text) == [("Name | Use | Note", COLUMNS)]


def test_a_first_column_of_numbers_is_led_by_the_second() -> None:
    found = read("| # | Stage | Time |\n|-|-|-|\n| 1 | Input | 5 s |").nodes

    (table,) = (node for node in found if isinstance(node, Table))
    card = TableCard(Text(), table.columns, tuple(row.cells for row in table.rows))
    assert led(card) == [(Text("1. Input"), [(Text("Time"), Text("5 s"))])]
    assert [node.reason for node in found if isinstance(node, Dropped)] == [COUNTED]


def test_an_unclosed_fence_runs_to_the_end() -> None:
    node = only("```python title=x\nprint(1)\n\n# still code")

    assert isinstance(node, Listing)
    assert (node.language, node.code) == ("python", "print(1)\n\n# still code")


def test_a_quotation_ends_with_who_said_it() -> None:
    node = only("> The sea is wide.\n> It is deep.\n>\n> — A keeper")

    assert isinstance(node, Quotation)
    assert [text.text for _, text in node.sentences] == ["The sea is wide.", "It is deep."]
    assert node.attribution.text == "A keeper"


def test_an_alert_is_a_paragraph_that_says_its_kind() -> None:
    node = only("> [!NOTE]\n> Wear gloves.")

    assert isinstance(node, Prose)
    assert tuple(map(str, node.sentences)) == ("Note: Wear gloves.",)


def test_an_image_is_the_sentence_it_stands_for_and_itself_not_shown() -> None:
    english, german = read("![A map](a.png)"), read("![Eine Karte](a.png)", "de")

    assert dropped("![A map](a.png)") == [("A map", SAID)]
    assert [(*map(str, n.sentences),) for n in english.nodes if isinstance(n, Prose)] == [("Figure: A map.",)]
    assert [(*map(str, n.sentences),) for n in german.nodes if isinstance(n, Prose)] == [("Eine Karte.",)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("![](a.png)", ("", NO_ALT)),
        ("words ![A map](a.png)", ("A map", SAID)),
        ("- ![A map](a.png)", ("A map", SAID)),
        ("- [![build](https://img.shields.io/x)](y)", ("build", BADGE)),
        (
            "[![build](https://img.shields.io/x)](y)",
            ("build", "a status badge says nothing about the subject"),
        ),
        ("<!-- later -->", ("later", "comments are not for readers")),
        ("word <!-- later -->", ("later", "comments are not for readers")),
        ("***", ("", "a rule only separates")),
        ("```\n\n```", ("", "the listing is empty")),
        ("[a]: https://x.y", ("[a]: https://x.y", "link definitions are not for readers")),
        ("---\nlayout: page\n---\n", ("layout: page", "front matter is not for readers")),
        ("🎉", ("🎉", "it has no words")),
        ("#", ("", "it has no words")),
        ("<script>x()</script>", ("x()", SILENT)),
        ("Now <script>x(`y`)</script> then", ("x(y)", SILENT)),
        ("Now <style>p *a* {}</style> then", ("p a {}", SILENT)),
    ],
)
def test_what_is_not_for_readers_is_dropped_with_its_reason(text: str, expected: tuple[str, str]) -> None:
    assert dropped(text) == [expected]


def test_a_table_of_contents_goes_with_its_heading() -> None:
    nodes = read("# T\n\n## Contents\n\n- [One](#one)\n  - [Sub](#sub)\n- [Two](#two)\n\n## One").nodes

    assert [n.text.text for n in nodes if isinstance(n, Heading)] == ["T", "One"]
    assert [n.source.text for n in nodes if isinstance(n, Dropped)] == ["Contents", "One", "Sub", "Two"]


def test_a_footnote_is_read_at_the_end_of_the_section_that_refers_to_it() -> None:
    text = "## A\n\nText[^1].\n\n## B\n\nMore.\n\n[^1]: The note.\n[^2]: Nobody refers here."

    told = [node.source.text for node in read(text).nodes if isinstance(node, Heading | Prose)]

    assert told == ["A", "Text.", "The note.", "B", "More.", "Nobody refers here."]


@pytest.mark.parametrize(("language", "said"), [("en", "Note: The note."), ("de", "The note.")])
def test_the_note_of_a_heading_belongs_to_the_section_it_opens(language: str, said: str) -> None:
    text = "# T[^1]\n\n## A\n\nText.\n\n## B[^2]\n\nMore.\n\n[^1]: On top.\n[^2]: The note.\n\n    Its rest."

    nodes = read(text, language).nodes

    told = [
        " ".join(map(str, n.sentences)) if isinstance(n, Prose) else str(n.text)
        for n in nodes
        if isinstance(n, Heading | Prose)
    ]
    assert told == ["T", said.replace("The note", "On top"), "A", "Text.", "B", "More.", said, "Its rest."]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("HTML<br/>text.", ("HTML text.",)),
        ("Red,<br>Blue", ("Red, Blue",)),
        ("One line<br>Another one", ("One line", "Another one")),
        ("<p>Raw html with<br/>break.<br>Next.</p>", ("Raw html with break.", "Next.")),
        ("<p>One line<br>\nAnother one</p>", ("One line", "Another one")),
    ],
)
def test_a_break_of_html_within_a_sentence_is_a_space(text: str, sentences: tuple[str, ...]) -> None:
    assert tuple(s.text for n in read(text).nodes if isinstance(n, Prose) for s in n.sentences) == sentences


@pytest.mark.parametrize("around", ["{}", "<p>{}</p>"])
def test_raised_and_lowered_html_is_read_as_in_other_dialects(around: str) -> None:
    (node,) = read(around.format("x<sup>2</sup>, H<sub>2</sub>O, x<sup>n</sup> and 1<sup>st</sup>.")).nodes

    assert isinstance(node, Prose)
    assert tuple(map(str, node.sentences)) == ("x², H₂O, x^n^ and 1st.",)


def test_an_empty_item_and_an_empty_quotation_have_no_words() -> None:
    assert dropped("1.\n\n> \n\nText.") == [("", WORDLESS), ("", WORDLESS)]
    assert dropped("Text.\n\n[^1]:\n") == [("[^1]:", WORDLESS)]


def test_front_matter_gives_the_title_and_the_links_are_gathered() -> None:
    found = read('---\ntitle: "A Guide"\n---\n\n[a](https://a.org) <https://b.org> https://c.org [d](#d)')

    assert found.title
    assert found.title.text == "A Guide"
    assert list(dict.fromkeys(found.links)) == ["https://a.org", "https://b.org", "https://c.org"]


def test_what_is_nested_too_deep_for_the_parser_is_accounted_for() -> None:
    text = "> " * (DEEPEST + 50) + "treasure"

    assert any("treasure" in words and "nested" in reason for words, reason in dropped(text))


def test_a_readme_of_html_keeps_its_title_and_its_words() -> None:
    nodes = read('<h1 align="center">fastpack</h1>\n\n<p align="center"><b>Pack fast.</b></p>\n').nodes

    assert isinstance(nodes[0], Heading)
    assert nodes[0].text.text == "fastpack"
    assert isinstance(nodes[1], Prose)
    assert tuple(map(str, nodes[1].sentences)) == ("Pack fast.",)


def test_an_entry_of_a_list_knows_where_it_stands() -> None:
    node = only("- one\n- two")

    assert isinstance(node, Entries)
    assert [item.source.place.line for item in node.items] == [1, 2]
    assert all(isinstance(item, Entry) and item.source.kind == "list_item" for item in node.items)


def test_what_looks_like_a_tag_and_is_none_of_htmls_stays_text() -> None:
    blocks = str(read("A Vec<T> holds <b>many</b> values of Map<K, V>.").nodes)

    assert "Vec<T>" in blocks
    assert "<b>" not in blocks


def test_a_script_that_nothing_closes_hides_no_words() -> None:
    assert dropped("Use <script> for code.\n\nMore </script> here.") == []


def test_a_list_inside_a_list_keeps_its_own_kind_and_numbers() -> None:
    node = only("1. one\n   - a\n2. two\n\n   3. b\n   4. c")

    assert isinstance(node, Entries)
    assert [(item.text.text, item.number) for item in node.items] == [
        ("one", 1),
        ("a", None),
        ("two", 2),
        ("b", 3),
        ("c", 4),
    ]


def test_marks_of_other_dialects_are_read_as_what_they_mean() -> None:
    node = only("H~2~O is ==very wet== at 10^-3^ bar; ~5~ and a == b stay, and x^n^.")

    assert isinstance(node, Prose)
    assert tuple(map(str, node.sentences)) == ("H₂O is very wet at 10⁻³ bar; ~5~ and a == b stay, and x^n^.",)
    assert node.sentences[0].spans == (Span(7, 15, "strong"),)


def test_a_full_stop_behind_an_address_is_not_part_of_it() -> None:
    found = read("See https://a.org. And https://b.org/x_(y), (https://c.org/z).")

    assert found.links == ("https://a.org", "https://b.org/x_(y)", "https://c.org/z")
