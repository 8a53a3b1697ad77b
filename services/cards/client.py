"""CardService from the caller's side; raises the errors the service raised."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import grpc

from services.artifacts import wire as artifacts
from services.artifacts.store import Artifact
from services.cards import wire
from services.cards.card import DrawnCard
from services.chassis.channel import errors
from services.chassis.errors import Internal
from services.chassis.progress import Progress
from services.chassis.wire import progress_from_proto, watch_to_proto
from services.media.clip import FrameTiming, Picture
from services.media.wire import frame_timing_to_proto, picture_to_proto
from services.story import wire as story
from services.story.look import Look, builtin
from services.story.look_wire import look_from_proto, look_to_proto
from services.story.narration import Narration
from storyreel.cards.v1 import card_service_pb2 as pb
from storyreel.cards.v1.card_service_pb2_grpc import CardServiceStub


class CardClient:
    """Asks for cards over a channel that the caller closes."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = CardServiceStub(channel)

    async def draw_card(
        self,
        scene: Artifact,
        *,
        narration: Narration,
        timing: Artifact,
        frames: int,
        lead_frames: int,
        picture: Picture,
        look: Look | None = None,
        frame_timing: FrameTiming = "constant",
        keep_running: timedelta | None = None,
        after_sequence: int = 0,
    ) -> AsyncGenerator[str | Progress | DrawnCard, None]:
        """Ask for one scene's card, or watch it being drawn: the work's digest, its progress, last the card.

        Closing the generator leaves the work to others; with no watcher left for 30 s, or
        for `keep_running`, it is cancelled.

        Args:
            scene: A stored Scene.
            narration: What is said.
            timing: A stored SpeechTiming of the narration.
            frames: The clip's length, 1 to 216,000.
            lead_frames: Frames before the voice starts, less than `frames`.
            picture: Size and rate.
            look: How it looks; the default is the built-in theme dark and blue.
            frame_timing: Which frames are written.
            keep_running: How long the work goes on when nobody watches, if longer than 30 s.
            after_sequence: Tell again what was reported after this number.

        Raises:
            ArtifactMissing: The scene or the timing is not in the store.
            ArtifactCorrupt: One of them is not what it should be.
            InvalidRequest: The timing is of another text, or a value is out of its range.
            ChildDied: The process that drew the card died.
            StoreFull: The disk or the store is full.
            Cancelled: Somebody else cancelled the work.
        """
        spec = pb.CardSpec(
            scene=artifacts.to_proto(scene),
            narration=story.narration_to_proto(narration),
            timing=artifacts.to_proto(timing),
            frames=frames,
            lead_frames=lead_frames,
            picture=picture_to_proto(picture),
            look=look_to_proto(look or builtin()),
            frame_timing=frame_timing_to_proto(frame_timing),
        )
        watch = watch_to_proto(keep_running=keep_running, after_sequence=after_sequence)
        with errors():
            async for event in self._stub.DrawCard(pb.DrawCardRequest(spec=spec, watch=watch)):
                match event.WhichOneof("event"):
                    case "accepted":
                        yield event.accepted.digest
                    case "progress":
                        yield replace(progress_from_proto(event.progress), sequence=event.sequence)
                    case "card":
                        yield wire.drawn_from_proto(event.card)
                    case unknown:
                        raise Internal(
                            f"The card service sent an event this client does not know: {unknown}."
                        )

    async def cancel_card(self, digest: str) -> None:
        """Stop the drawing of a card and wait until it has stopped; it is fine when nobody draws it.

        Args:
            digest: The first thing that `draw_card` gave.
        """
        with errors():
            await self._stub.CancelCard(pb.CancelCardRequest(digest=digest))

    async def list_themes(self) -> dict[tuple[str, str], Look]:
        """The built-in themes, by the names of theme and accent."""
        with errors():
            response = await self._stub.ListThemes(pb.ListThemesRequest())
        return {(each.theme, each.accent): look_from_proto(each.look) for each in response.themes}
