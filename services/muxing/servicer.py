"""MuxingService on the wire."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from importlib.metadata import version
from typing import Any

import grpc

from services.artifacts import wire as artifacts
from services.artifacts.results import Outcome, Results
from services.artifacts.store import Store
from services.chassis.child import Child
from services.chassis.errors import ChildDied, Draining
from services.chassis.progress import Progress, Report
from services.chassis.server import MethodLimits, Room
from services.chassis.settings import home
from services.chassis.wire import progress_to_proto
from services.muxing import wire
from services.muxing.assembly import assemble
from services.muxing.backends.ffmpeg import Ffmpeg
from services.muxing.captions import spelled
from services.muxing.mastering import master, record
from services.muxing.settings import MuxingSettings
from services.muxing.studio import Studio
from services.muxing.takes import Recording, Take
from services.muxing.timeline import Scene
from services.story import wire as story
from services.story.narration import SpeechTiming
from storyreel.muxing.v1 import muxing_service_pb2, muxing_service_pb2_grpc, take_pb2, timeline_pb2
from storyreel.progress.v1 import progress_pb2
from storyreel.script.v1 import narration_pb2
from storyreel.tts.v1 import speech_pb2

TAKE_VERSION = "1"
SOUND_VERSION = "2"
VIDEO_VERSION = "2"
"""Part of every digest: another value when the same plan would give other bytes."""

SoundEvent = muxing_service_pb2.MasterSoundResponse
VideoEvent = muxing_service_pb2.MuxVideoResponse

log = logging.getLogger(__name__)


class MuxingServicer(muxing_service_pb2_grpc.MuxingServiceServicer):
    """Makes sounds and videos; `studio` says with what."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._results = Results(studio.store, stage="muxing")
        self._take_by = self._sound_by = self._video_by = ""
        self._warming: asyncio.Task[None] | None = None

    async def MasterSound(
        self,
        request: muxing_service_pb2.MasterSoundRequest,
        context: grpc.aio.ServicerContext[muxing_service_pb2.MasterSoundRequest, SoundEvent],
    ) -> AsyncIterator[SoundEvent]:
        """Make a sound, or watch it being made."""
        events = self._results.watch(
            request, timeline_pb2.Sound, partial(self._master, request), made_by=self._sound_by
        )
        async with aclosing(events):
            async for event in events:
                match event:
                    case str():
                        yield SoundEvent(accepted=progress_pb2.Accepted(digest=event))
                    case Progress():
                        yield SoundEvent(progress=progress_to_proto(event))
                    case Outcome():
                        _tell_reuse(context, event)
                        yield SoundEvent(sound=event.reply)

    async def MuxVideo(
        self,
        request: muxing_service_pb2.MuxVideoRequest,
        context: grpc.aio.ServicerContext[muxing_service_pb2.MuxVideoRequest, VideoEvent],
    ) -> AsyncIterator[VideoEvent]:
        """Make a video, or watch it being made."""
        events = self._results.watch(
            request, timeline_pb2.Video, partial(self._make, request), made_by=self._video_by
        )
        async with aclosing(events):
            async for event in events:
                match event:
                    case str():
                        yield VideoEvent(accepted=progress_pb2.Accepted(digest=event))
                    case Progress():
                        yield VideoEvent(progress=progress_to_proto(event))
                    case Outcome():
                        _tell_reuse(context, event)
                        yield VideoEvent(video=event.reply)

    async def CancelMux(
        self,
        request: muxing_service_pb2.CancelMuxRequest,
        context: grpc.aio.ServicerContext[
            muxing_service_pb2.CancelMuxRequest, muxing_service_pb2.CancelMuxResponse
        ],
    ) -> muxing_service_pb2.CancelMuxResponse:
        """Stop the making of a sound or a video; answers when it has stopped."""
        await self._results.cancel(request.digest)
        return muxing_service_pb2.CancelMuxResponse()

    async def start(self) -> None:
        """Warm the child up in the background and learn what the bytes depend on beside the plans."""
        self._warming = asyncio.create_task(self._warm_up())
        ffmpeg = await self._studio.ffmpeg.version()
        parts = [f"{package} {version(package)}" for package in ("av", "numpy", "pillow")]
        self._take_by = "; ".join((f"take {TAKE_VERSION}", *parts[:2]))
        self._sound_by = f"sound {SOUND_VERSION}; {self._take_by}"
        self._video_by = "; ".join((f"video {VIDEO_VERSION}", f"ffmpeg {ffmpeg}", *parts))

    async def close(self) -> None:
        """Stop all work."""
        await self._results.close()
        await self._studio.child.close()
        if self._warming is not None:
            await self._warming

    async def _warm_up(self) -> None:
        try:
            await self._studio.child.start()
        except (ChildDied, Draining) as error:
            # Not the end: the first task starts the child again, and is told when that fails too.
            log.warning("muxing.not_warm: %s", error)

    async def _master(
        self, request: muxing_service_pb2.MasterSoundRequest, report: Report
    ) -> timeline_pb2.Sound:
        data = await self._studio.store.read(artifacts.from_proto(request.plan))
        score = wire.score_from_proto(story.decode(data, timeline_pb2.SoundPlan))
        return wire.sound_to_proto(await master(self._studio, score, self._take, report=report))

    async def _take(self, take: Take) -> Recording:
        async def make() -> take_pb2.Take:
            return wire.recording_to_proto(await record(self._studio, take))

        request = wire.take_to_proto(take)
        outcome = await self._results.once(request, take_pb2.Take, make, made_by=self._take_by)
        return wire.recording_from_proto(outcome.reply)

    async def _make(self, request: muxing_service_pb2.MuxVideoRequest, report: Report) -> timeline_pb2.Video:
        store = self._studio.store
        plan = story.decode(await store.read(artifacts.from_proto(request.plan)), timeline_pb2.MuxPlan)
        timeline = wire.timeline_from_proto(plan)
        timings = [await self._timing(scene) for scene in timeline.scenes]
        return wire.video_to_proto(await assemble(self._studio, timeline, timings, report=report))

    async def _timing(self, scene: Scene) -> SpeechTiming:
        """When a scene's words are spoken, and how they are written."""
        store, planned = self._studio.store, scene.planned
        timing = story.timing_from_proto(
            story.decode(await store.read(planned.timing), speech_pb2.SpeechTiming)
        )
        if planned.narration is None:
            return timing
        stored = story.decode(await store.read(planned.narration), narration_pb2.Narration)
        return spelled(timing, story.narration_from_proto(stored), number=scene.number)


def _tell_reuse(context: grpc.aio.ServicerContext[Any, Any], outcome: Outcome[Any]) -> None:
    context.set_trailing_metadata((("storyreel-reused", "1" if outcome.reused else "0"),))


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
            "MasterSound": MethodLimits(settings.video_minutes * 60, settings.at_once),
            "MuxVideo": MethodLimits(settings.video_minutes * 60, settings.at_once),
            "CancelMux": MethodLimits(60, settings.at_once),
        },
        start=servicer.start,
        close=servicer.close,
    )
