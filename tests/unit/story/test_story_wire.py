"""The nouns of the story come back from the contract as they went in."""

from __future__ import annotations

import pytest

from services.artifacts.store import Artifact
from services.chassis.errors import ArtifactCorrupt, InvalidRequest
from services.story import wire
from services.story.narration import Narration, Segment
from services.story.scene import (
    Card,
    Image,
    ImageCard,
    ListCard,
    ListItem,
    ParagraphCard,
    QuoteCard,
    TableCard,
    TableColumn,
    TitleCard,
)
from services.story.spelling import LONGEST, Spelling
from services.story.text import Text
from storyreel.script.v1 import narration_pb2

IMAGE = Artifact.of("local", "ab" * 32, size_bytes=9, media_type="image/webp")


def message(*spellings: tuple[int, int, str]) -> narration_pb2.Narration:
    spelled = [narration_pb2.Spelling(char_start=a, char_end=b, written=w) for a, b, w in spellings]
    segment = narration_pb2.Segment(text="40 percent.", element="text/0", spellings=spelled)
    return narration_pb2.Narration(language="en", segments=[segment])


def test_a_narration_keeps_its_spellings() -> None:
    narration = Narration("en", (Segment("40 percent.", "text/0", (Spelling(0, 10, "40%"),)),))

    stored = wire.encode(wire.narration_to_proto(narration))

    assert wire.narration_from_proto(wire.decode(stored, narration_pb2.Narration)) == narration


@pytest.mark.parametrize("second", [(0, 12, "x"), (4, 6, "y"), (0, 2, "y")])
def test_spellings_that_do_not_stand_in_their_text_are_refused(second: tuple[int, int, str]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        wire.narration_from_proto(message((3, 5, "x"), second))

    assert "text/0" in caught.value.message
    assert [violation.field for violation in caught.value.violations] == ["narration.segments.spellings"]


@pytest.mark.parametrize("spelling", [(3, 3, "x"), (4, 3, "x"), (0, 5001, "x"), (0, 1, "x" * (LONGEST + 1))])
def test_what_the_contract_forbids_is_corrupt(spelling: tuple[int, int, str]) -> None:
    with pytest.raises(ArtifactCorrupt):
        wire.decode(wire.encode(message(spelling)), narration_pb2.Narration)


@pytest.mark.parametrize(
    "card",
    [
        TitleCard(Text("a"), Text.of("b->c", ("code", ""))),
        ParagraphCard(Text("a"), (Text.of("b", ("link", "c"), ("strong", "")),), True),
        ListCard(Text("a"), (ListItem(Text.of("b->c", ("struck_out", ""), ("emphasis", ""))),)),
        QuoteCard(Text.of("$b$", ("formula", "b")), Text.of("d", ("foreign", "fr"))),
        ImageCard(Text("a"), Image(IMAGE, "b", Text.of("c", ("code", "")), "d"), True),
        TableCard(
            Text("a"),
            (TableColumn(Text.of("b", ("code", "")), "right"), TableColumn()),
            ((Text("c"), Text()), (Text(), Text.of("d", ("code", "")))),
            first_row=3,
            total_rows=9,
            introduces_header=True,
        ),
    ],
    ids=lambda card: type(card).__name__,
)
def test_what_the_source_set_off_survives(card: Card) -> None:
    assert wire.scene_from_proto(wire.scene_to_proto(card)) == card
