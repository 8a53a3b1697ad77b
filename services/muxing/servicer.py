"""MuxingService on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from importlib.metadata import version

import grpc

from services.artifacts import wire as artifacts
from services.artifacts.results import Outcome, Results
from services.artifacts.store import Store
from services.chassis.child import Child
from services.chassis.progress import Progress, Report
from services.chassis.server import MethodLimits, Room
from services.chassis.settings import home
from services.muxing import wire
from services.muxing.assembly import Studio, assemble
from services.muxing.backends.ffmpeg import Ffmpeg
from services.muxing.settings import MuxingSettings
from services.story import wire as story
from storyreel.muxing.v1 import muxing_service_pb2, muxing_service_pb2_grpc, timeline_pb2
from storyreel.tts.v1 import speech_pb2

MUXING_VERSION = "1"
"""Part of every digest: another value when the same plan would give other bytes."""

Event = muxing_service_pb2.MuxVideoResponse


class MuxingServicer(muxing_service_pb2_grpc.MuxingServiceServicer):
    """Makes videos; `studio` says with what."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._results = Results(studio.store, stage="muxing")
        self._made_by = ""

    async def MuxVideo(
        self,
        request: muxing_service_pb2.MuxVideoRequest,
        context: grpc.aio.ServicerContext[muxing_service_pb2.MuxVideoRequest, Event],
    ) -> AsyncIterator[Event]:
        """Make a video, or watch it being made."""
        events = self._results.watch(
            request, timeline_pb2.Video, partial(self._make, request), made_by=self._made_by
        )
        async with aclosing(events):
            async for event in events:
                match event:
                    case str():
                        yield Event(accepted=muxing_service_pb2.MuxAccepted(digest=event))
                    case Progress():
                        yield Event(progress=wire.progress_to_proto(event))
                    case Outcome():
                        reused = "1" if event.reused else "0"
                        context.set_trailing_metadata((("storyreel-reused", reused),))
                        yield Event(video=event.reply)

    async def CancelMux(
        self,
        request: muxing_service_pb2.CancelMuxRequest,
        context: grpc.aio.ServicerContext[
            muxing_service_pb2.CancelMuxRequest, muxing_service_pb2.CancelMuxResponse
        ],
    ) -> muxing_service_pb2.CancelMuxResponse:
        """Stop the making of a video; answers when it has stopped."""
        await self._results.cancel(request.digest)
        return muxing_service_pb2.CancelMuxResponse()

    async def start(self) -> None:
        """Warm the child up and learn what the bytes of a video depend on beside its plan."""
        packages = ("av", "numpy", "pillow")
        parts = (f"{package} {version(package)}" for package in packages)
        ffmpeg, _ = await asyncio.gather(self._studio.ffmpeg.version(), self._studio.child.start())
        self._made_by = "; ".join((f"muxing {MUXING_VERSION}", f"ffmpeg {ffmpeg}", *parts))

    async def close(self) -> None:
        """Stop all work."""
        await self._results.close()
        await self._studio.child.close()

    async def _make(self, request: muxing_service_pb2.MuxVideoRequest, report: Report) -> timeline_pb2.Video:
        store = self._studio.store
        plan = story.decode(await store.read(artifacts.from_proto(request.plan)), timeline_pb2.MuxPlan)
        timeline = wire.timeline_from_proto(plan)
        timings = [
            story.timing_from_proto(
                story.decode(await store.read(scene.planned.timing), speech_pb2.SpeechTiming)
            )
            for scene in timeline.scenes
        ]
        return wire.video_to_proto(await assemble(self._studio, timeline, timings, report=report))


def room(settings: MuxingSettings, store: Store) -> Room:
    """MuxingService with the ffmpeg of this machine.

    Raises:
        Configuration: There is no ffmpeg.
    """
    studio = Studio(
        ffmpeg=Ffmpeg(settings.ffmpeg),
        child=Child("services.muxing.worker"),
        store=store,
        scratch=home() / "scratch",
    )
    servicer = MuxingServicer(studio)
    return Room(
        service="storyreel.muxing.v1.MuxingService",
        add=partial(muxing_service_pb2_grpc.add_MuxingServiceServicer_to_server, servicer),
        limits={
            "MuxVideo": MethodLimits(settings.video_minutes * 60, settings.at_once),
            "CancelMux": MethodLimits(60, settings.at_once),
        },
        start=servicer.start,
        close=servicer.close,
    )
