"""The nouns of generation survive the wire, and defaults are written out."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from services.artifacts.store import Artifact
from services.cards import wire as envelope
from services.chassis.errors import ArtifactCorrupt, InvalidRequest
from services.chassis.progress import Progress
from services.chassis.wire import progress_from_proto, progress_to_proto
from services.generation import wire
from services.generation.clip import Accent, Clip, FrameTiming, Look, Shot, Theme
from services.generation.footage.plan import Forecast, Making, NativePlan
from services.media.clock import Rate
from services.media.picture import Picture
from services.story import wire as story
from services.story.footage import Lora
from services.story.narration import Narration, Segment, SpeechTiming, Word, WordSource
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
from services.story.text import Text
from storyreel.generation.v1 import clip_pb2, generation_service_pb2

PICTURE = Picture(1080, 1920, Rate(30000, 1001))
NARRATION = Narration("de", (Segment("Größe 東京", "title"),))
TIMING = SpeechTiming("Größe 東京", (Word("Größe", 0, 5, 0, 9_000, WordSource.EVENT),))
IMAGE = Artifact.of("local", "ab" * 32, size_bytes=9, media_type="image/webp")
SHOT = Shot(TitleCard(Text("Größe")), NARRATION, TIMING, 90, 6, PICTURE, Look("light", "pink", "sparse"))


def request() -> generation_service_pb2.GenerateClipRequest:
    return generation_service_pb2.GenerateClipRequest(
        narration=story.narration_to_proto(NARRATION),
        frames=90,
        lead_frames=6,
        picture=wire.picture_to_proto(PICTURE),
        look=wire.look_to_proto(SHOT.look),
    )


def encoded() -> dict[str, bytes]:
    return {
        "scene": story.encode(story.scene_to_proto(SHOT.card)),
        "timing": story.encode(story.timing_to_proto(TIMING)),
    }


@pytest.mark.parametrize("theme", get_args(Theme))
@pytest.mark.parametrize("accent", get_args(Accent))
@pytest.mark.parametrize("timing", get_args(FrameTiming))
def test_every_look_survives(theme: Theme, accent: Accent, timing: FrameTiming) -> None:
    look = Look(theme, accent, timing)

    assert wire.look_from_proto(wire.look_to_proto(look)) == look


def test_a_look_that_says_nothing_is_the_default() -> None:
    assert wire.look_from_proto(clip_pb2.Look()) == Look("dark", "blue", "constant")


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
    assert story.scene_from_proto(story.scene_to_proto(card)) == card


def test_a_clip_survives() -> None:
    clip = Clip(
        Artifact.of("local", "ab" * 32, size_bytes=7, media_type="video/mp4"), 90, PICTURE, ("x: no font",)
    )

    assert wire.clip_from_proto(wire.clip_to_proto(clip)) == clip


def test_progress_survives_and_stays_within_the_whole() -> None:
    progress = Progress("draw", 0.5, 15, 30, "frames")

    assert progress_from_proto(progress_to_proto(progress)) == progress
    assert progress_from_proto(progress_to_proto(progress)).remaining is None
    assert progress_to_proto(Progress("draw", 1.5)).fraction == 1


def test_what_is_left_survives_to_the_millisecond_and_is_never_negative() -> None:
    left = [progress_to_proto(Progress("draw", 0.5, remaining=each)) for each in (12.3456, -1.0)]

    assert [progress_from_proto(each).remaining for each in left] == [12.346, 0.0]


def test_how_a_clip_was_made_and_where_it_goes_on_survive() -> None:
    image = Artifact.of("local", "cd" * 32, size_bytes=7, media_type="image/png")
    plan = NativePlan(
        "ti2v",
        "ti2v-5B",
        832,
        480,
        121,
        24,
        30,
        5.0,
        None,
        5.0,
        None,
        7,
        "a fjord",
        loras=(Lora(image, 0.8, "low_noise"),),
        quantization="int8",
    )
    forecast = Forecast(3.5, 1, 2, 3, 4, {"load": 1.0, "denoise": 2.5})
    versions = {"torch": "2.13.0", "diffusers": "0.42.1"}
    making = Making(
        plan, forecast=forecast, seconds={"denoise": 2.25}, device="NVIDIA H200", versions=versions
    )
    clip = Clip(
        Artifact.of("local", "ab" * 32, size_bytes=7, media_type="video/mp4"),
        90,
        PICTURE,
        making=making,
        last_frame=image,
    )

    assert wire.clip_from_proto(wire.clip_to_proto(clip)) == clip


def test_who_draws_a_card_need_not_know_of_chains() -> None:
    alone, chained = request(), request()
    chained.may_end_early = chained.continues = True

    assert wire.explicit(chained) == wire.explicit(alone)


def test_a_request_with_defaults_and_one_that_writes_them_out_are_the_same() -> None:
    short, full = request(), request()
    short.ClearField("look")
    full.look.CopyFrom(wire.look_to_proto(Look()))
    full.backend = "template"

    assert wire.explicit(short) == wire.explicit(full) == full


def test_a_request_and_its_artifacts_make_the_shot() -> None:
    assert wire.shot_from_proto(request(), **encoded()) == SHOT


def test_a_timing_of_another_text_names_the_field() -> None:
    other = story.encode(story.timing_to_proto(SpeechTiming("Else", ())))

    with pytest.raises(InvalidRequest) as caught:
        wire.shot_from_proto(request(), scene=encoded()["scene"], timing=other)

    assert caught.value.violations[0].field == "timing"


def test_bytes_that_are_no_scene_are_refused() -> None:
    with pytest.raises(ArtifactCorrupt):
        wire.shot_from_proto(request(), scene=b"\xff", timing=encoded()["timing"])


def test_a_shot_reaches_the_drawing_process_whole() -> None:
    path = Path("/scratch/with space/ü.mp4")

    image = Path("/store/ü")

    assert envelope.unpack(envelope.pack(SHOT, path, threads=3)) == (SHOT, path, 3, None)
    assert envelope.unpack(envelope.pack(SHOT, path, threads=3, image=image)) == (SHOT, path, 3, image)


@pytest.mark.parametrize("lead", [90, 91, -1])
def test_a_lead_longer_than_the_shot_is_refused(lead: int) -> None:
    with pytest.raises(ValueError, match="lead"):
        Shot(SHOT.card, NARRATION, TIMING, 90, lead, PICTURE)


def test_a_shot_needs_the_timing_of_its_own_narration() -> None:
    with pytest.raises(ValueError, match="another text"):
        Shot(SHOT.card, NARRATION, SpeechTiming("Else", ()), 90, 6, PICTURE)


@pytest.mark.parametrize("size", [(321, 240), (320, 241), (0, 240)])
def test_a_picture_has_even_sides(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="even"):
        Picture(*size, Rate(30))
