"""How sentences, items and lines are shared out to scenes."""

from __future__ import annotations

from services.parsing.outline import Entry, Passage
from services.parsing.pace import PACES, Pace, share_items, share_lines, share_sentences
from services.story.text import Text

PACE = PACES[0]
SOURCE = Passage("list_item", "", 1)


def entry(level: int = 0, size: int = 5) -> Entry:
    return Entry(SOURCE, Text(), Text("word " * size), level)


def sizes(runs: list[range]) -> list[int]:
    return [len(run) for run in runs]


def test_sentences_fill_scenes_to_about_the_pace() -> None:
    ten_words = [("one two three four five six seven eight nine ten.", False)] * 20

    runs = share_sentences(ten_words, PACE)

    assert set(sizes(runs)) <= {4, 5}
    assert [index for run in runs for index in run] == list(range(20))


def test_a_scene_ends_with_its_paragraph_when_it_can() -> None:
    sentence = "one two three four five six seven eight nine ten."
    texts = [(sentence, n == 3) for n in range(8)]

    runs = share_sentences(texts, PACE)

    assert sizes(runs) == [4, 4]


def test_no_scene_is_left_with_a_few_words_when_they_fit_elsewhere() -> None:
    texts = [("word " * 20, False), ("word " * 20, False), ("word " * 5, False), ("word " * 8, True)]

    runs = share_sentences(texts, PACE)

    assert sizes(runs) == [4]


def test_a_sentence_longer_than_the_pace_stands_alone() -> None:
    runs = share_sentences([("word " * 10, True), ("word " * 85, True), ("word " * 10, True)], PACE)

    assert sizes(runs) == [1, 1, 1]


def test_seven_items_become_two_even_lists() -> None:
    runs = share_items([entry() for _ in range(7)], PACE)

    assert sorted(sizes(runs)) == [3, 4]


def test_no_list_has_more_items_than_a_page_shows() -> None:
    runs = share_items([entry(size=1) for _ in range(40)], PACE)

    assert max(sizes(runs)) == 6
    assert sum(sizes(runs)) == 40


def test_items_stay_with_those_nested_below_them() -> None:
    items = [entry(), entry(1), entry(1), entry(), entry(1), entry(1), entry(), entry(1), entry(1)]

    runs = share_items(items, PACE)

    assert all(items[run.start].level == 0 for run in runs)


def test_a_long_item_stands_alone() -> None:
    runs = share_items([entry(), entry(size=100), entry()], PACE)

    assert sizes(runs) == [1, 1, 1]


def test_a_listing_is_cut_between_its_blocks() -> None:
    block = ["def f():", "    a = 1", "    b = 2", "    return a + b", ""]

    runs = share_lines(block * 4, PACE)

    assert [run.start % 5 for run in runs] == [0] * len(runs)
    assert max(sizes(runs)) <= 16


def test_a_short_listing_is_whole() -> None:
    assert share_lines(["x"] * 16, PACE) == [range(16)]


def test_each_pace_is_denser_than_the_one_before() -> None:
    assert [*PACES] == sorted(PACES, key=lambda pace: (not pace.chapters, pace.words))
    assert PACES[0] == Pace(50, 6, 16)
