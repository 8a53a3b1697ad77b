"""No text is lost: whatever the document, each word is in a scene or in a block that was dropped."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.parsing.backends import markdown, plain
from services.parsing.edit import storyboard
from services.parsing.storyboard import Storyboard
from services.parsing.wire import reading
from services.story.scene import elements
from services.story.wire import checked, scene_from_proto

QUICK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)

word = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=9).map(lambda s: f"w{s}")
words = st.lists(word, min_size=1, max_size=14).map(" ".join)
mark = st.sampled_from(["", "", "**", "*", "`", "~~"])
phrase = st.tuples(mark, words).map(lambda t: f"{t[0]}{t[1]}{t[0]}")
end = st.sampled_from([".", "!", "", ":", "?"])
sentence = st.tuples(phrase, end).map("".join)
link = words.map(lambda s: f"[{s}](https://example.org)")
image = words.map(lambda s: f"![{s}](a.png)")
paragraph = st.lists(st.one_of(sentence, link), min_size=1, max_size=5).map(" ".join)
joined = st.lists(paragraph, min_size=1, max_size=3)
block = st.one_of(
    st.tuples(st.integers(1, 6), phrase).map(lambda t: f"{'#' * t[0]} {t[1]}"),
    words.map(lambda s: f"{s}\n==="),
    paragraph,
    joined.map("\n".join),
    joined.map("  \n".join),
    joined.map(lambda lines: "\n".join(f"> {line}" for line in lines)),
    joined.map(lambda lines: "\n".join(f"- {line}" for line in lines)),
    joined.map(lambda lines: "\n".join(f"{n}. {line}" for n, line in enumerate(lines, 3))),
    joined.map(lambda lines: "\n".join(f"{'  ' * n}- {line}" for n, line in enumerate(lines))),
    joined.map(lambda lines: "- item\n\n" + "\n\n".join(f"  {line}" for line in lines)),
    joined.map(lambda lines: "```py\n" + "\n".join(lines) + "\n```"),
    joined.map(lambda lines: "\n".join(f"    {line}" for line in lines)),
    joined.map(
        lambda lines: "| wone | wtwo |\n|--|--|\n" + "\n".join(f"| {line} | {line} |" for line in lines)
    ),
    words.map(lambda s: f"<!-- {s} -->"),
    words.map(lambda s: f"<div><b>{s}</b></div>"),
    words.map(lambda s: f"<table><tr><td>{s}</td></tr></table>"),
    words.map(lambda s: f"text <em>{s}</em> <!-- {s} -->"),
    words.map(lambda s: f"[wlabel]: https://example.org '{s}'"),
    image,
    st.just("---"),
    st.just("```"),
)
document = st.lists(block, min_size=1, max_size=12).map("\n\n".join)


def found(text: str) -> set[str]:
    return set(re.findall(r"w[a-z]{3,9}", text))


def told(board: Storyboard) -> set[str]:
    scenes = (text.text for draft in board.scenes for _, text in elements(draft.card))
    dropped = (block.text for block in board.blocks if block.drop_reason)
    return found(" ".join([*scenes, *dropped]))


@QUICK
@given(text=document)
def test_each_word_of_markdown_is_in_a_scene_or_dropped_with_a_reason(text: str) -> None:
    board = storyboard(markdown.outline(f"wfirst\n\n{text}", language="en"), name="", language="en")

    assert found(text) - told(board) == set()


@QUICK
@given(text=st.lists(st.one_of(words, paragraph, st.just("")), min_size=1, max_size=20).map("\n".join))
def test_each_word_of_plain_text_is_in_a_scene_or_dropped_with_a_reason(text: str) -> None:
    board = storyboard(plain.outline(f"wfirst\n\n{text}", language="en"), name="", language="en")

    assert found(text) - told(board) == set()


@QUICK
@given(text=document)
def test_each_scene_keeps_the_contract_and_each_placement_names_an_element(text: str) -> None:
    board = storyboard(markdown.outline(f"wfirst\n\n{text}", language="en"), name="", language="en")

    cards = [scene_from_proto(checked(read.scene)) for read in reading(board).scenes]

    assert cards == [draft.card for draft in board.scenes]
    for block in board.blocks:
        for placement in block.placements:
            assert placement.element in dict(elements(cards[placement.scene]))


@QUICK
@given(text=st.text(max_size=300))
def test_any_text_at_all_can_be_read(text: str) -> None:
    outline = markdown.outline(f"# wfirst\n\n{text}", language="en")

    board = storyboard(outline, name="", language="en")

    assert board.title


@pytest.mark.parametrize(
    "text",
    [
        "> " * 300 + "wdeep",
        "\n".join("  " * n + f"- wlevel{'abcdefghij'[n % 10]}" for n in range(150)),
        "#" * 6 + " " + "wlong " * 3000,
        "- " + "wlong " * 3000,
        "- **" + "wlong " * 300 + "**: wtail",
        "wlong " * 3000,
        "w" + "a" * 12000,
        "| " + "whead" * 300 + " |\n|--|\n| " + "wcell " * 2000 + "|",
        "```\n" + "w" + "a" * 90_000 + "\n```",
        "```\n" + "\n" * 5000 + "wcode\n```",
        "> " + "wsaid " * 3000,
        "> wsaid\n> — " + "wname " * 300,
        "![" + "walt " * 2000 + "](a.png)",
        "**" + "wbold " * 400 + "**\n\n- witem",
        "999999999. wone\n1000000000. wtwo\n1. wthree",
    ],
)
def test_text_beyond_the_limits_of_the_contract_is_split_and_not_cut_off(text: str) -> None:
    board = storyboard(
        markdown.outline(f"# wtitle\n\nwfirst.\n\n{text}", language="en"), name="", language="en"
    )

    cards = [scene_from_proto(checked(read.scene)) for read in reading(board).scenes]

    shown = [part.text for card in cards for _, part in elements(card)]
    dropped = [block.text for block in board.blocks if block.drop_reason]
    everything = "".join("".join([*shown, *dropped]).split())
    assert everything.count("wlong") >= text.count("wlong")
    assert len(everything) >= len(re.sub(r"[\s#>|*`!\-\[\]]|\(a.png\)", "", text)) * 0.95
