"""Elements come in at their first spoken word."""

from __future__ import annotations

from services.cards.cues import cues
from services.media.clock import Rate
from services.story.narration import Narration, Segment, SpeechTiming, Word, WordSource
from services.story.scene import Card, ListCard, ListItem, SectionCard, TitleCard
from services.story.text import Text

LIST = ListCard(Text("Why"), tuple(ListItem(text=Text(t)) for t in ("one", "two", "three")))


def spoken(*segments: tuple[str, str]) -> tuple[Narration, SpeechTiming]:
    """A narration of (element, text), spoken at one word a second."""
    narration = Narration("en", tuple(Segment(text, element) for element, text in segments))
    words, start = [], 0
    for n, text in enumerate(narration.text.split(" ")):
        begin = n * 48_000
        words.append(Word(text, start, start + len(text), begin, begin + 40_000, WordSource.EVENT))
        start += len(text) + 1
    return narration, SpeechTiming(narration.text, tuple(words))


def frames_of(card: Card, *segments: tuple[str, str], frames: int = 300, lead: int = 6) -> dict[str, int]:
    narration, timing = spoken(*segments)
    return dict(cues(card, narration, timing, rate=Rate(30), lead_frames=lead, frames=frames).frames)


def test_an_element_comes_in_with_its_first_word_after_the_lead() -> None:
    found = frames_of(
        LIST, ("header", "Here is why"), ("item/0", "First one"), ("item/1", "Then two"), ("item/2", "Last")
    )

    assert found == {"header": 6, "item/0": 96, "item/1": 156, "item/2": 216}


def test_an_element_that_is_spoken_twice_comes_in_the_first_time() -> None:
    found = frames_of(LIST, ("header", "Why"), ("item/0", "one"), ("header", "Again"))

    assert found["header"] == 6


def test_elements_that_are_not_spoken_are_spread_over_the_first_three_fifths() -> None:
    found = frames_of(LIST, ("", "Something else"), frames=400)

    assert found == {"header": 0, "item/0": 60, "item/1": 120, "item/2": 180}


def test_an_unspoken_element_keeps_its_place_between_spoken_ones() -> None:
    found = frames_of(LIST, ("header", "Now"), ("item/0", "one"), ("item/2", "three"), frames=3000)

    assert found == {"header": 6, "item/0": 36, "item/1": 66, "item/2": 66}


def test_a_word_after_the_scenes_end_still_lets_its_element_in() -> None:
    found = frames_of(
        TitleCard(Text("A"), Text("B")), ("title", "One two three four"), ("subtitle", "five"), frames=20
    )

    assert found == {"title": 6, "subtitle": 19}


def test_a_speech_without_words_spreads_everything() -> None:
    narration = Narration("en", (Segment("Title", "title"),))
    timing = SpeechTiming("Title", ())

    found = cues(SectionCard(Text("Title")), narration, timing, rate=Rate(30), lead_frames=0, frames=1)

    assert found.enter("title") == 0


def test_words_fall_on_the_frames_of_an_uneven_rate() -> None:
    narration, timing = spoken(("title", "One"), ("subtitle", "two"))

    found = cues(
        TitleCard(Text("One"), Text("two")),
        narration,
        timing,
        rate=Rate(30000, 1001),
        lead_frames=5,
        frames=100,
    )

    assert found.enter("subtitle") == 5 + 30
