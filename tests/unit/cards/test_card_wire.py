"""Cards reach the drawing process whole, what it tells comes back, and defaults are written out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from services.artifacts import wire as artifacts
from services.artifacts.store import Artifact
from services.cards import wire
from services.cards.card import UNSHOWN_MOST, DrawnCard
from services.chassis.errors import ArtifactCorrupt, InvalidRequest
from services.media.clip import Clip
from services.story import wire as story
from services.story.look import Fonts, Logo, builtin
from services.story.look_wire import look_to_proto
from services.story.narration import SpeechTiming
from services.story.scene import Image, ImageCard, TitleCard
from services.story.text import Text
from storyreel.cards.v1 import card_service_pb2 as pb
from storyreel.cards.v1 import drawing_pb2, look_pb2
from storyreel.media.v1 import clip_pb2
from tests.unit.cards.specs import CARD, SCENE, STORED, TIMING, spec

SCENE_BYTES, TIMING_BYTES = story.encode(SCENE), story.encode(TIMING)
FONT = Artifact.of("local", "cd" * 32, size_bytes=9, media_type="font/otf")
LOGO = Artifact.of("local", "ef" * 32, size_bytes=9, media_type="image/png")


def test_a_spec_with_defaults_and_one_that_writes_them_out_are_the_same() -> None:
    short, full = spec(), spec()
    short.ClearField("look")
    short.ClearField("frame_timing")
    full.look.CopyFrom(look_to_proto(builtin("dark", "blue")))
    full.frame_timing = clip_pb2.FRAME_TIMING_CONSTANT

    assert wire.explicit(short) == wire.explicit(full) == full


def test_a_look_without_colours_has_those_of_the_default_and_keeps_the_rest() -> None:
    named = spec()
    named.look.CopyFrom(look_pb2.Look(logo=look_pb2.Logo(image=artifacts.to_proto(LOGO))))

    full = wire.explicit(named)

    assert full.look == look_to_proto(replace(builtin(), logo=Logo(LOGO, "top_end")))


def test_writing_the_defaults_out_leaves_the_request_as_it_was() -> None:
    request = pb.CardSpec()

    wire.explicit(request)

    assert request == pb.CardSpec()


TITLE = story.scene_to_proto(TitleCard(Text("a")))
PHOTO = Artifact.of("local", "dd" * 32, size_bytes=9, media_type="image/png")


def test_a_checked_scene_is_told() -> None:
    assert wire.check(spec(), scene=SCENE_BYTES, timing=TIMING_BYTES).WhichOneof("card") == "title"


def test_a_timing_of_another_text_names_the_field() -> None:
    other = story.encode(story.timing_to_proto(SpeechTiming("Else", ())))

    with pytest.raises(InvalidRequest) as caught:
        wire.check(spec(), scene=SCENE_BYTES, timing=other)

    assert [violation.field for violation in caught.value.violations] == ["spec.timing"]


@pytest.mark.parametrize("broken", ["scene", "timing"])
def test_bytes_that_are_not_what_they_should_be_are_refused(broken: str) -> None:
    given = {"scene": SCENE_BYTES, "timing": TIMING_BYTES} | {broken: b"\xff"}

    with pytest.raises(ArtifactCorrupt):
        wire.check(spec(), **given)


def test_a_card_reaches_the_drawing_process_whole() -> None:
    path = Path("/scratch/with space/ü.mp4")
    task = drawing_pb2.DrawingTask(
        spec=wire.explicit(spec()),
        scene=SCENE_BYTES,
        timing=TIMING_BYTES,
        path=str(path),
        threads=3,
        files={FONT.sha256: "/store/font"},
    )

    received = wire.read_task(task.SerializeToString())

    assert received == wire.Task(CARD, path, 3, {FONT.sha256: Path("/store/font")})


def test_what_could_not_be_shown_comes_back_from_the_drawing_process() -> None:
    answer = wire.write_result(("x: no font", "ü"))

    assert list(drawing_pb2.DrawingResult.FromString(answer).unshown) == ["x: no font", "ü"]


def test_a_drawn_card_survives() -> None:
    card = DrawnCard(Clip(STORED, 30, CARD.picture), ("x: no font",))

    assert wire.drawn_from_proto(wire.drawn_to_proto(card)) == card


@pytest.mark.parametrize("count", [0, 1, 20])
def test_all_that_could_not_be_shown_is_named_while_the_contract_has_room(count: int) -> None:
    unshown = tuple(f"text {n}" for n in range(count))

    assert wire.at_most(unshown) == unshown


@pytest.mark.parametrize(("found", "last"), [(21, "… and 2 more"), (500, "… and 481 more")])
def test_no_more_unshown_text_is_named_than_the_contract_allows(found: int, last: str) -> None:
    named = wire.at_most(f"text {n}" for n in range(found))

    assert len(named) == UNSHOWN_MOST
    assert (named[0], named[-1]) == ("text 0", last)


def test_fonts_and_logo_are_the_artifacts_beside_scene_and_timing() -> None:
    plain, rich = spec(), spec()
    rich.look.CopyFrom(look_to_proto(replace(builtin(), fonts=Fonts(bold=FONT), logo=Logo(LOGO))))

    pictured = story.scene_to_proto(ImageCard(Text(), Image(PHOTO, "a mill")))
    assert list(wire.more_artifacts(plain, TITLE)) == []
    assert list(wire.more_artifacts(plain, pictured)) == [PHOTO]
    assert list(wire.more_artifacts(rich, TITLE)) == [FONT, LOGO]
