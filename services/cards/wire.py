"""The nouns of cards to and from the contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.artifacts import wire as artifacts
from services.artifacts.store import Artifact
from services.cards.card import UNSHOWN_MOST, CardSpec, DrawnCard
from services.chassis.errors import InvalidRequest, Violation
from services.media.wire import (
    clip_from_proto,
    clip_to_proto,
    frame_timing_from_proto,
    frame_timing_to_proto,
    picture_from_proto,
)
from services.story import wire as story
from services.story.look_wire import look_from_proto, look_to_proto
from storyreel.cards.v1 import card_service_pb2 as pb
from storyreel.cards.v1 import drawing_pb2
from storyreel.parsing.v1 import storyboard_pb2
from storyreel.tts.v1 import speech_pb2

FONT_MOST, LOGO_MOST = 20 << 20, 4 << 20
"""Bytes of a font and of a logo, at most."""


def explicit(spec: pb.CardSpec) -> pb.CardSpec:
    """A spec with its defaults written out, so that the same card has one digest."""
    full = pb.CardSpec()
    full.CopyFrom(spec)
    full.look.CopyFrom(look_to_proto(look_from_proto(spec.look)))
    full.frame_timing = frame_timing_to_proto(frame_timing_from_proto(spec.frame_timing))
    return full


def check(spec: pb.CardSpec, *, scene: bytes, timing: bytes) -> storyboard_pb2.Scene:
    """Check the artifacts that a valid spec names; the scene.

    Raises:
        ArtifactCorrupt: An artifact is not what the contract says it is.
        InvalidRequest: The timing is of another text than the narration.
    """
    times = story.decode(timing, speech_pb2.SpeechTiming)
    said = " ".join(segment.text for segment in spec.narration.segments)
    if times.text != said:
        what = f"is of a text of {len(times.text)} characters that is not the narration's {len(said)}"
        raise InvalidRequest("The timing is of another text.", violations=[Violation("spec.timing", what)])
    for font, message in spec.look.fonts.ListFields():
        if message.size_bytes > FONT_MOST:
            what = f"has {message.size_bytes} bytes; a font may have {FONT_MOST}"
            raise InvalidRequest(
                "A font is too large.", violations=[Violation(f"spec.look.fonts.{font.name}", what)]
            )
    if spec.look.logo.image.size_bytes > LOGO_MOST:
        what = f"has {spec.look.logo.image.size_bytes} bytes; a logo may have {LOGO_MOST}"
        raise InvalidRequest("The logo is too large.", violations=[Violation("spec.look.logo.image", what)])
    return story.decode(scene, storyboard_pb2.Scene)


def more_artifacts(spec: pb.CardSpec, scene: storyboard_pb2.Scene) -> Iterator[Artifact]:
    """The artifacts beside scene and timing that a card is drawn from: its image, fonts, the logo."""
    if scene.HasField("image"):
        yield artifacts.from_proto(scene.image.image.file)
    for _, font in spec.look.fonts.ListFields():
        yield artifacts.from_proto(font)
    if spec.look.HasField("logo"):
        yield artifacts.from_proto(spec.look.logo.image)


@dataclass(frozen=True, slots=True)
class Task:
    """What a drawing process is asked for: the card, the file it goes to, the encoder's threads.

    `files` are the other artifacts of the spec, by SHA-256.
    """

    spec: CardSpec
    path: Path
    threads: int
    files: Mapping[str, Path]


def read_task(payload: bytes) -> Task:
    """The task of a DrawingTask in bytes; the service has checked its messages."""
    task = drawing_pb2.DrawingTask.FromString(payload)
    files = {sha256: Path(file) for sha256, file in task.files.items()}
    return Task(_spec_from_proto(task), Path(task.path), task.threads, files)


def write_result(unshown: Iterable[str]) -> bytes:
    """A DrawingResult in bytes."""
    return drawing_pb2.DrawingResult(unshown=unshown).SerializeToString()


def _spec_from_proto(task: drawing_pb2.DrawingTask) -> CardSpec:
    spec = task.spec
    return CardSpec(
        card=story.scene_from_proto(storyboard_pb2.Scene.FromString(task.scene)),
        narration=story.narration_from_proto(spec.narration),
        timing=story.timing_from_proto(speech_pb2.SpeechTiming.FromString(task.timing)),
        frames=spec.frames,
        lead_frames=spec.lead_frames,
        picture=picture_from_proto(spec.picture),
        look=look_from_proto(spec.look),
        frame_timing=frame_timing_from_proto(spec.frame_timing),
    )


def drawn_to_proto(card: DrawnCard) -> pb.DrawnCard:
    """The contract's form of a drawn card."""
    return pb.DrawnCard(clip=clip_to_proto(card.clip), unshown=card.unshown)


def drawn_from_proto(message: pb.DrawnCard) -> DrawnCard:
    """The drawn card of a valid message."""
    return DrawnCard(clip_from_proto(message.clip), tuple(message.unshown))


def at_most(unshown: Iterable[str]) -> tuple[str, ...]:
    """As many of the texts that could not be shown as the contract names, and how many more there are."""
    all_of_them = tuple(unshown)
    if len(all_of_them) <= UNSHOWN_MOST:
        return all_of_them
    shown = all_of_them[: UNSHOWN_MOST - 1]
    return (*shown, f"… and {len(all_of_them) - len(shown)} more")
