"""A small card with every part that its clip depends on, and the messages that name it."""

from __future__ import annotations

from services.artifacts import wire as artifacts
from services.artifacts.store import Artifact
from services.cards.card import CardSpec
from services.media.clip import Picture
from services.media.clock import Rate
from services.media.wire import picture_to_proto
from services.story import wire as story
from services.story.look import builtin
from services.story.look_wire import look_to_proto
from services.story.narration import Narration, Segment, SpeechTiming, Word, WordSource
from services.story.scene import TitleCard
from services.story.text import Text
from storyreel.cards.v1 import card_service_pb2 as pb
from storyreel.media.v1 import clip_pb2

CARD = CardSpec(
    card=TitleCard(Text("Größe")),
    narration=Narration("de", (Segment("Größe 東京", "title"),)),
    timing=SpeechTiming("Größe 東京", (Word("Größe", 0, 5, 0, 9_000, WordSource.EVENT),)),
    frames=30,
    lead_frames=6,
    picture=Picture(320, 240, Rate(30000, 1001)),
    look=builtin("light", "pink"),
    frame_timing="sparse",
)
SCENE = story.scene_to_proto(CARD.card)
TIMING = story.timing_to_proto(CARD.timing)
STORED = Artifact.of("local", "ab" * 32, size_bytes=7, media_type=story.PROTOBUF)


def spec(*, scene: Artifact = STORED, timing: Artifact = STORED) -> pb.CardSpec:
    """The card as it is asked for."""
    return pb.CardSpec(
        scene=artifacts.to_proto(scene),
        narration=story.narration_to_proto(CARD.narration),
        timing=artifacts.to_proto(timing),
        frames=CARD.frames,
        lead_frames=CARD.lead_frames,
        picture=picture_to_proto(CARD.picture),
        look=look_to_proto(CARD.look),
        frame_timing=clip_pb2.FRAME_TIMING_SPARSE,
    )
