"""The template says what the document says, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.artifacts.store import Artifact
from services.chassis.errors import InvalidRequest
from services.script.backends.template import TemplateBackend
from services.story.narration import Narration, Segment
from services.story.scene import (
    Card,
    CodeCard,
    Image,
    ImageCard,
    ListCard,
    ListItem,
    OutroCard,
    ParagraphCard,
    QuoteCard,
    SectionCard,
    TitleCard,
    elements,
)
from services.story.text import Text


async def written(card: Card, *, language: str = "en") -> Narration:
    return await TemplateBackend().write(card, language=language)


async def test_every_sentence_is_said_and_names_its_element() -> None:
    narration = await written(
        ParagraphCard(Text("Setup"), (Text("One thing."), Text("Another")), introduces_header=True)
    )

    assert narration.segments == (
        Segment("Setup.", "header"),
        Segment("One thing.", "text/0"),
        Segment("Another.", "text/1"),
    )


async def test_a_header_is_said_once_only() -> None:
    narration = await written(ParagraphCard(Text("Setup"), (Text("One thing."),)))

    assert [segment.element for segment in narration.segments] == ["text/0"]


async def test_items_pause_after_their_lead_and_at_their_end() -> None:
    items = (
        ListItem(Text("Fast"), Text("it renders quickly")),
        ListItem(Text(""), Text("small")),
        ListItem(Text("Done?"), Text("yes")),
    )

    narration = await written(ListCard(Text("Why"), items, ordered=True, introduces_header=True))

    assert narration.segments == (
        Segment("Why.", "header"),
        Segment("Fast: it renders quickly.", "item/0"),
        Segment("small.", "item/1"),
        Segment("Done? yes.", "item/2"),
    )


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (TitleCard(Text("Storyreel"), Text("Documents into videos")), "Storyreel. Documents into videos."),
        (SectionCard(Text("Getting started"), 2), "Getting started."),
        (QuoteCard(Text("Less is more"), Text("— Mies")), "Less is more. Mies."),
        (
            OutroCard(Text("Storyreel"), Text("Covered: setup."), ("https://x.y",)),
            "That was Storyreel. Covered: setup.",
        ),
        (OutroCard(Text("Thanks for watching!")), "Thanks for watching!"),
        (CodeCard(Text("Setup"), "sh", "pip install storyreel"), "pip install storyreel."),
        (
            CodeCard(Text("Setup"), "python", "def f(): ...\nf()", 1, 2, True),
            "Setup. 2 lines of Python define f.",
        ),
    ],
)
async def test_each_card_says_its_own(card: Card, said: str) -> None:
    assert (await written(card)).text == said


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (OutroCard(Text("Storyreel"), Text("Alles Gute")), "Storyreel. Alles Gute."),
        (CodeCard(Text("Aufbau"), "python", "def f(): ..."), "Aufbau."),
        (CodeCard(Text(""), "python", "def f(): ..."), "Siehe Bildschirm."),
        (CodeCard(Text("Aufbau"), "sh", "make run"), "make run."),
    ],
)
async def test_other_languages_get_no_english_sentences(card: Card, said: str) -> None:
    assert (await written(card, language="de-AT")).text == said


async def test_what_cannot_be_said_is_left_out() -> None:
    narration = await written(
        ListCard(Text(""), (ListItem(Text(""), Text("🎉🎉")), ListItem(Text(""), Text("words"))))
    )

    assert narration.segments == (Segment("words.", "item/1"),)


@pytest.mark.parametrize(
    ("card", "segment"),
    [
        (
            ListCard(Text(""), (ListItem(Text(""), Text("🎉")), ListItem(Text(""), Text("—")))),
            Segment("See the screen.", "item/1"),
        ),
        (ListCard(Text("Moods"), (ListItem(Text(""), Text("🎉")),)), Segment("Moods.", "header")),
        (TitleCard(Text("…")), Segment("See the screen.", "title")),
        (QuoteCard(Text("🎉")), Segment("See the screen.", "quote")),
    ],
)
async def test_a_scene_always_says_something(card: Card, segment: Segment) -> None:
    assert (await written(card)).segments == (segment,)


async def test_what_is_spelled_out_is_known_as_the_document_writes_it() -> None:
    card = ParagraphCard(
        Text(""), (Text("Watch guide.mp4 first."), Text("About 40% of https://example.org/a-b"))
    )

    narration = await written(card)

    assert narration.text == "Watch guide dot mp4 first. About 40 percent of example dot org."
    assert narration.written == "Watch guide.mp4 first. About 40% of https://example.org/a-b."


async def test_an_index_in_code_is_no_number_of_a_source() -> None:
    code = Text.of("arr[1]", ("code", ""))
    card = ParagraphCard(Text(""), (Text("First ") + code + Text(" is set, as shown[1]."),))

    narration = await written(card)

    assert narration.text == "First arr 1 is set, as shown."
    assert narration.written == "First arr[1] is set, as shown[1]."


async def test_commands_are_written_as_they_are_typed() -> None:
    narration = await written(CodeCard(Text(""), "sh", "echo hi > out.txt"))

    assert narration.text == "echo hi into out dot txt."
    assert narration.written == "echo hi > out.txt."


@given(st.lists(st.from_regex("[A-Za-z]{1,9}", fullmatch=True), min_size=2, max_size=30))
@settings(max_examples=50, deadline=None)
async def test_plain_prose_is_written_in_the_words_of_the_document(words: list[str]) -> None:
    narration = await written(ParagraphCard(Text(""), (Text(" ".join(words)),)), language="de")

    assert narration.written.rstrip(".").split() == words


async def test_every_segment_speaks_an_element_of_the_card() -> None:
    card = ListCard(
        Text("Why"),
        tuple(ListItem(Text(f"Item {n}"), Text("text")) for n in range(50)),
        introduces_header=True,
    )

    narration = await written(card)

    assert [segment.element for segment in narration.segments] == [name for name, _ in elements(card)]


async def test_more_than_one_narration_holds_is_refused_with_the_numbers() -> None:
    with pytest.raises(InvalidRequest) as caught:
        await written(ParagraphCard(Text(""), tuple(Text("word " * 799 + "end.") for _ in range(6))))

    assert "20000" in caught.value.message


async def test_what_is_struck_out_is_not_said_and_not_in_the_captions() -> None:
    old, note = Text.of("Use the old one.", ("struck_out", "")), Text("Use the ")
    mixed = note + Text.of("old", ("struck_out", "")) + Text(" new one.")

    narration = await written(ParagraphCard(Text("Setup"), (old, mixed)))

    assert narration.segments == (Segment("Use the new one.", "text/1"),)
    assert narration.written == "Use the new one."


async def test_a_link_is_said_by_its_text_and_a_formula_by_its_words() -> None:
    link = Text.of("the manual", ("link", "https://example.org/a.html"))
    formula = Text.of("$E = mc^2$", ("formula", "E = mc^2"))

    narration = await written(
        ParagraphCard(Text(), (Text("Read ") + link + Text(": ") + formula + Text("."),))
    )

    assert narration.text == "Read the manual: E equals m c squared."
    assert narration.written == "Read the manual: $E = mc^2$."


@pytest.mark.parametrize(
    ("language", "alt", "caption", "segments"),
    [
        ("en", "A map", "Islands", (Segment("Figure: A map.", "image"),)),
        ("de", "Eine Karte", "", (Segment("Eine Karte.", "image"),)),
        ("en", "", "Islands", (Segment("Islands.", "caption"),)),
        ("en", "", "", (Segment("See the screen.", "image"),)),
    ],
)
async def test_an_image_is_told_by_its_alternative_text_else_by_its_caption(
    language: str, alt: str, caption: str, segments: tuple[Segment, ...]
) -> None:
    file = Artifact.of("local", "ab" * 32, size_bytes=9, media_type="image/png")

    narration = await TemplateBackend().write(
        ImageCard(Text(), Image(file, alt, Text(caption))), language=language
    )

    assert narration.segments == segments
