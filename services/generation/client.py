"""GenerationService from the caller's side; raises the errors the service raised."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import grpc

from services.artifacts import wire as artifacts
from services.artifacts.store import Artifact
from services.chassis.channel import errors
from services.chassis.errors import Internal
from services.chassis.progress import Progress
from services.chassis.wire import progress_from_proto
from services.generation import making_wire, wire
from services.generation.clip import Capability, Clip, Look
from services.generation.footage.plan import Report
from services.media.picture import Picture
from services.story import wire as story
from services.story.footage import Footage
from services.story.footage_wire import footage_to_proto
from services.story.narration import Narration
from storyreel.generation.v1 import generation_service_pb2, generation_service_pb2_grpc


class GenerationClient:
    """Asks for clips over a channel that the caller closes."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = generation_service_pb2_grpc.GenerationServiceStub(channel)

    async def generate_clip(
        self,
        scene: Artifact,
        *,
        narration: Narration,
        timing: Artifact,
        frames: int,
        lead_frames: int,
        picture: Picture,
        look: Look | None = None,
        backend: str = "template",
        footage: Footage | None = None,
        may_end_early: bool = False,
        continues: bool = False,
        keep_running: timedelta | None = None,
        after_sequence: int = 0,
    ) -> AsyncGenerator[str | Progress | Clip, None]:
        """Ask for one scene's clip, or watch it being made: the work's digest, its progress, last the clip.

        Closing the generator leaves the work to others; with no watcher left for 30 s, or
        for `keep_running`, it is cancelled.

        Args:
            scene: A stored Scene.
            narration: What is said.
            timing: A stored SpeechTiming of the narration.
            frames: The clip's length, 1 to 216,000.
            lead_frames: Frames before the voice starts, less than `frames`.
            picture: Size and rate.
            look: How it looks; the default is dark and blue, with every frame of the grid.
            backend: Who makes it.
            footage: What is to be seen in the card's place; required by backends that generate.
            may_end_early: The clip may be shorter than `frames` where the model makes none so long; its last
                frame is then the image from which the rest can be asked for.
            continues: The footage's image is the last frame of the clip before, and is not shown again.
            keep_running: How long the work goes on when nobody watches, if longer than 30 s.
            after_sequence: Tell again what was reported after this number.

        Raises:
            UnknownBackend: There is no such backend; the suggestions name those there are.
            ArtifactMissing: The scene or the timing is not in the store.
            ArtifactCorrupt: One of them is not what it should be.
            InvalidRequest: The timing is of another text, or a value is out of its range.
            DeviceMemory: The device has not enough memory; the first suggestion is the next attempt.
            GenerationFailed: The pipeline failed; the first suggestion is the next attempt.
            ModelUnavailable: The model's files are missing or damaged.
            DeviceFault: The device failed and is started again.
            ChildDied: The process that made the clip died.
            StoreFull: The disk or the store is full.
            Cancelled: Somebody else cancelled the work.
        """
        request = generation_service_pb2.GenerateClipRequest(
            scene=artifacts.to_proto(scene),
            narration=story.narration_to_proto(narration),
            timing=artifacts.to_proto(timing),
            frames=frames,
            lead_frames=lead_frames,
            picture=wire.picture_to_proto(picture),
            look=wire.look_to_proto(look or Look()),
            backend=backend,
            footage=footage_to_proto(footage) if footage else None,
            may_end_early=may_end_early,
            continues=continues,
            after_sequence=after_sequence,
        )
        if keep_running is not None:
            request.keep_running.FromTimedelta(keep_running)
        with errors():
            async for event in self._stub.GenerateClip(request):
                match event.WhichOneof("event"):
                    case "accepted":
                        yield event.accepted.digest
                    case "progress":
                        yield replace(progress_from_proto(event.progress), sequence=event.sequence)
                    case "clip":
                        yield wire.clip_from_proto(event.clip)
                    case unknown:
                        raise Internal(
                            f"The generation service sent an event this client does not know: {unknown}."
                        )

    async def cancel_clip(self, digest: str) -> None:
        """Stop the making of a clip and wait until it has stopped; one that nobody makes is no error.

        Args:
            digest: The first thing that `generate_clip` gave.
        """
        with errors():
            await self._stub.CancelClip(generation_service_pb2.CancelClipRequest(digest=digest))

    async def estimate_clip(
        self,
        footage: Footage,
        *,
        frames: int,
        picture: Picture,
        backend: str = "",
        may_end_early: bool = False,
    ) -> tuple[Report, int]:
        """What a backend would do with footage and what it needs, and the clip's frames; nothing is made.

        Args:
            footage: What is wished for.
            frames: The clip's length, 1 to 216,000.
            picture: Size and rate.
            backend: Who would make it; by default the first that generates.
            may_end_early: As in `generate_clip`.

        Raises:
            UnknownBackend: There is no such backend, or none that generates.
        """
        request = generation_service_pb2.EstimateClipRequest(
            footage=footage_to_proto(footage),
            frames=frames,
            picture=wire.picture_to_proto(picture),
            backend=backend,
            may_end_early=may_end_early,
        )
        with errors():
            response = await self._stub.EstimateClip(request)
        return making_wire.report_from_proto(response.report), response.frames

    async def get_capabilities(self) -> dict[str, Capability | None]:
        """What each backend can do, the preferred one first; None for one that draws."""
        with errors():
            response = await self._stub.GetCapabilities(generation_service_pb2.GetCapabilitiesRequest())
        return {each.name: making_wire.capability_from_proto(each) for each in response.backends}
