"""Captions show what is written, while it is spoken."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.muxing.cues import cut
from services.muxing.tokens import LONGEST_WORD, Token, joined, tokens
from services.story.narration import SpeechTiming, Word, WordSource
from services.story.spelling import Spelling
from tests.unit.muxing.reel import timed

WORD = 1000


def spoken(text: str, *spellings: tuple[str, str]) -> list[Token]:
    """The tokens of a text whose words last 1,000 samples each; spellings by what is said."""
    found, at = [], 0
    for said, shown in spellings:
        at = text.index(said, at)
        found.append(Spelling(at, at + len(said), shown))
        at += len(said)
    samples = WORD * len(text.split())
    return tokens(replace(timed(text, samples), spellings=tuple(found)), voice=0, samples=samples)


def times(found: list[Token]) -> list[tuple[str, int, int]]:
    return [(token.text, token.start, token.end) for token in found]


def test_words_written_as_one_have_the_time_of_all() -> None:
    found = spoken("Watch guide dot mp4 first.", (" dot ", "."))

    assert times(found) == [("Watch", 0, 1000), ("guide.mp4", 1000, 4000), ("first.", 4000, 5000)]


def test_punctuation_around_a_spelling_stays_with_it() -> None:
    found = spoken("About (40 percent), now", ("40 percent", "40%"))

    assert times(found)[1] == ("(40%),", 1000, 3000)


def test_words_written_apart_share_the_time_of_the_spelling_by_letters() -> None:
    found = spoken("in 5 milliseconds", ("5 milliseconds", "5 ms"))

    assert times(found) == [("in", 0, 1000), ("5", 1000, 1666), ("ms", 1666, 3000)]


def test_a_word_that_is_spelled_otherwise_keeps_its_own_time() -> None:
    found = spoken("A to B", ("to", "→"))

    assert times(found) == [("A", 0, 1000), ("→", 1000, 2000), ("B", 2000, 3000)]


def test_what_is_written_without_spaces_stays_together_on_a_line() -> None:
    found = spoken("5 to 10 items", ("5 to ", "5–"))

    assert times(found) == [("5–10", 0, 3000), ("items", 3000, 4000)]


def test_words_of_a_script_without_spaces_stay_apart() -> None:
    words = tuple(Word(c, n, n + 1, n * 10, n * 10 + 10, WordSource.EVENT) for n, c in enumerate("看这里"))
    timing = SpeechTiming("看这里", words, (Spelling(1, 2, "這"),))

    found = tokens(timing, voice=0, samples=30)

    assert times(found) == [("看", 0, 10), ("這", 10, 20), ("里", 20, 30)]


def test_a_full_stop_that_is_not_spoken_ends_no_caption() -> None:
    long = "and many words more than fit on a line of a caption"

    shown = cut(spoken(f"{long} for example {long}", ("for example", "e.g.")), until=10**6)

    assert all(not joined(cue.lines[-1]).endswith("e.g.") for cue in shown)


def test_an_address_that_takes_longer_to_read_than_to_say_is_cut_to_two_lines() -> None:
    found = spoken("See example dot org.", ("example dot org", "https://example.org/" + "a" * 300))

    shown = joined([token for token in found if token.start >= WORD]).replace(" ", "")
    assert len(shown) == LONGEST_WORD + 1
    assert shown.endswith("a….")


def test_without_words_the_written_text_is_spread_over_the_voice() -> None:
    timing = SpeechTiming("40 percent", (), (Spelling(0, 10, "40%"),))

    assert times(tokens(timing, voice=5, samples=100)) == [("40%", 5, 105)]


PARTS = st.lists(
    st.tuples(st.text("ab 看.,-", max_size=8), st.none() | st.text("xy 里.%/", max_size=12)), max_size=12
)


@given(PARTS, st.integers(1, 10**6))
@settings(max_examples=300, deadline=None)
def test_captions_hold_every_written_word_once_and_in_order(
    parts: list[tuple[str, str | None]], samples: int
) -> None:
    text, shown, spellings = "", "", []
    for said, other in parts:
        if said and other is not None:
            spellings.append(Spelling(len(text), len(text) + len(said), other))
        shown += said if other is None or not said else other
        text += said
    timing = replace(timed(text, samples), spellings=tuple(spellings))

    cues = cut(tokens(timing, voice=0, samples=samples), until=samples)

    found = [token for cue in cues for line in cue.lines for token in line]
    assert joined(found).replace(" ", "") == "".join(shown.split())
    assert joined(found) == " ".join(shown.split()) or any(len(word) > 40 for word in shown.split())
    assert all(a.end <= b.start for a, b in pairwise(found))
