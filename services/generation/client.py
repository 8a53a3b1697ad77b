"""GenerationService from the caller's side; raises the errors the service raised."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import timedelta

import grpc

from services.chassis.channel import errors
from services.chassis.errors import Internal
from services.chassis.progress import Progress
from services.chassis.wire import progress_from_proto, watch_to_proto
from services.generation import making_wire, wire
from services.generation.clip import Capability, GeneratedClip
from services.generation.footage.plan import Report
from services.media.clip import FrameTiming, Picture
from services.media.wire import frame_timing_to_proto, picture_to_proto
from services.story.footage import Footage
from services.story.footage_wire import footage_to_proto
from storyreel.generation.v1 import generation_service_pb2 as pb
from storyreel.generation.v1.generation_service_pb2_grpc import GenerationServiceStub


@dataclass(frozen=True, slots=True)
class Accepted:
    """The digest of the work, and the clip's length; less than was asked for when it will end early."""

    digest: str
    frames: int


class GenerationClient:
    """Asks for footage over a channel that the caller closes."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = GenerationServiceStub(channel)

    async def generate_footage(
        self,
        footage: Footage,
        *,
        frames: int,
        picture: Picture,
        frame_timing: FrameTiming = "constant",
        backend: str = "",
        may_end_early: bool = False,
        continues: bool = False,
        keep_running: timedelta | None = None,
        after_sequence: int = 0,
    ) -> AsyncGenerator[Accepted | Progress | GeneratedClip, None]:
        """Ask for one clip, or watch it being made: first the work, then its progress, last the clip.

        Closing the generator leaves the work to others; with no watcher left for 30 s, or
        for `keep_running`, it is cancelled.

        Args:
            footage: What is to be seen.
            frames: The clip's length, 1 to 216,000.
            picture: Size and rate.
            frame_timing: Which frames are written.
            backend: Who generates it; by default the first backend of `get_capabilities`.
            may_end_early: The clip may be shorter than `frames` where the model makes none so long; its last
                frame is then the image from which the rest can be asked for.
            continues: The footage's image is the last frame of the clip before, and is not shown again.
            keep_running: How long the work goes on when nobody watches, if longer than 30 s.
            after_sequence: Tell again what was reported after this number.

        Raises:
            UnknownBackend: There is no such backend, or no such model; the suggestions name those there are.
            InvalidRequest: The mode does not allow the footage, or a value is out of its range.
            DeviceMemory: The device has not enough memory; `proposal` is the next attempt.
            GenerationFailed: The pipeline failed; `proposal` is the next attempt.
            ModelUnavailable: The model's files are missing or damaged.
            DeviceFault: The device failed and is started again.
            ArtifactMissing: An image or a LoRA is not in the store.
            ArtifactCorrupt: One of them is not what it should be.
            ChildDied: The process that made the clip died.
            StoreFull: The disk or the store is full.
            Cancelled: Somebody else cancelled the work.
        """
        spec = _spec(footage, frames, picture, backend=backend, may_end_early=may_end_early)
        spec.frame_timing = frame_timing_to_proto(frame_timing)
        spec.continues = continues
        watch = watch_to_proto(keep_running=keep_running, after_sequence=after_sequence)
        with errors():
            async for event in self._stub.GenerateFootage(pb.GenerateFootageRequest(spec=spec, watch=watch)):
                match event.WhichOneof("event"):
                    case "accepted":
                        yield Accepted(event.accepted.digest, event.accepted.frames)
                    case "progress":
                        yield replace(progress_from_proto(event.progress), sequence=event.sequence)
                    case "footage":
                        yield wire.generated_from_proto(event.footage)
                    case unknown:
                        raise Internal(
                            f"The generation service sent an event this client does not know: {unknown}."
                        )

    async def cancel_footage(self, digest: str) -> None:
        """Stop the making of a clip and wait until it has stopped; it is fine when nobody makes it.

        Args:
            digest: That of the first thing that `generate_footage` gave.
        """
        with errors():
            await self._stub.CancelFootage(pb.CancelFootageRequest(digest=digest))

    async def estimate_footage(
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
            backend: Who would make it; by default the first of `get_capabilities`.
            may_end_early: As in `generate_footage`.

        Raises:
            UnknownBackend: There is no such backend, or no such model.
        """
        spec = _spec(footage, frames, picture, backend=backend, may_end_early=may_end_early)
        with errors():
            response = await self._stub.EstimateFootage(pb.EstimateFootageRequest(spec=spec))
        return making_wire.report_from_proto(response.report), response.frames

    async def get_capabilities(self) -> dict[str, Capability]:
        """What each backend can do, the preferred one first."""
        with errors():
            response = await self._stub.GetCapabilities(pb.GetCapabilitiesRequest())
        return {each.name: making_wire.capability_from_proto(each) for each in response.backends}


def _spec(
    footage: Footage, frames: int, picture: Picture, *, backend: str, may_end_early: bool
) -> pb.FootageSpec:
    return pb.FootageSpec(
        footage=footage_to_proto(footage),
        frames=frames,
        picture=picture_to_proto(picture),
        backend=backend,
        may_end_early=may_end_early,
    )
