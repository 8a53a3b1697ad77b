"""MuxingService from the caller's side; raises the errors the service raised."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import grpc

from services.artifacts import wire as artifacts
from services.artifacts.store import Artifact
from services.chassis.channel import errors
from services.chassis.errors import Internal
from services.chassis.progress import Progress
from services.chassis.wire import progress_from_proto
from services.muxing import wire
from services.muxing.sound import Sound
from services.muxing.video import Video
from storyreel.muxing.v1 import muxing_service_pb2, muxing_service_pb2_grpc


class MuxingClient:
    """Asks for sounds and videos over a channel that the caller closes."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = muxing_service_pb2_grpc.MuxingServiceStub(channel)

    async def master_sound(self, plan: Artifact) -> AsyncGenerator[str | Progress | Sound, None]:
        """Ask for a sound, or watch it being made: the work's digest, its progress, last the sound.

        Closing the generator leaves the work to others; with no watcher left for 30 s it is cancelled.

        Args:
            plan: A stored SoundPlan.

        Raises:
            ArtifactMissing: The plan, or a voice it names, is not in the store.
            ArtifactCorrupt: One of them is not what it should be; metadata `scene` says which scene's.
            GateRefused: A voice does not fit its scene, all are silent, or the finished sound is not what
                was planned.
            ChildDied: A process that made the sound died.
            StoreFull: The disk or the store is full.
            Cancelled: Somebody else cancelled the work.
        """
        request = muxing_service_pb2.MasterSoundRequest(plan=artifacts.to_proto(plan))
        with errors():
            async for event in self._stub.MasterSound(request):
                match event.WhichOneof("event"):
                    case "accepted":
                        yield event.accepted.digest
                    case "progress":
                        yield progress_from_proto(event.progress)
                    case "sound":
                        yield wire.sound_from_proto(event.sound)
                    case unknown:
                        raise _unknown(unknown)

    async def mux_video(self, plan: Artifact) -> AsyncGenerator[str | Progress | Video, None]:
        """Ask for a video, or watch it being made: the work's digest, its progress, last the video.

        Closing the generator leaves the work to others; with no watcher left for 30 s it is cancelled.

        Args:
            plan: A stored MuxPlan.

        Raises:
            ArtifactMissing: The plan, or something it names, is not in the store.
            ArtifactCorrupt: One of them is not what it should be; metadata `scene` says which scene's.
            GateRefused: A clip does not fit the plan, or the finished file is not what was planned.
            ChildDied: A process that made the video died.
            StoreFull: The disk or the store is full.
            Cancelled: Somebody else cancelled the work.
        """
        request = muxing_service_pb2.MuxVideoRequest(plan=artifacts.to_proto(plan))
        with errors():
            async for event in self._stub.MuxVideo(request):
                match event.WhichOneof("event"):
                    case "accepted":
                        yield event.accepted.digest
                    case "progress":
                        yield progress_from_proto(event.progress)
                    case "video":
                        yield wire.video_from_proto(event.video)
                    case unknown:
                        raise _unknown(unknown)

    async def cancel_mux(self, digest: str) -> None:
        """Stop the making of a sound or a video and wait until it has; to stop what nobody makes is allowed.

        Args:
            digest: The first thing that `master_sound` or `mux_video` gave.
        """
        with errors():
            await self._stub.CancelMux(muxing_service_pb2.CancelMuxRequest(digest=digest))


def _unknown(event: str | None) -> Internal:
    return Internal(f"The muxing service sent an event this client does not know: {event}.")
