"""GenerationService on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path

import grpc

from services.artifacts import disk
from services.artifacts.results import Outcome, Results
from services.artifacts.store import Store
from services.chassis import telemetry
from services.chassis.errors import (
    Change,
    ChildDied,
    Configuration,
    InvalidRequest,
    StoryreelError,
    Suggestion,
    UnknownBackend,
)
from services.chassis.progress import Progress, Report
from services.chassis.server import MethodLimits, Room
from services.chassis.settings import home
from services.chassis.wire import progress_to_proto, watch_from_proto
from services.generation import making_wire, wire
from services.generation.clip import GeneratedClip, Generator, Shot, last_frame_path
from services.generation.footage.links import frames_of_link
from services.generation.generators import SETTINGS, generators
from services.generation.settings import GenerationSettings
from services.media.clip import Clip
from services.story.footage import Footage
from services.story.footage_wire import footage_from_proto
from storyreel.generation.v1 import generation_service_pb2 as pb
from storyreel.generation.v1 import generation_service_pb2_grpc as pb_grpc

Event = pb.GenerateFootageResponse

MP4 = "video/mp4"
PNG = "image/png"

CALL_SECONDS = 6 * 3600.0
"""How long a call may last; a generator ends a clip that takes too long before."""


class GenerationServicer(pb_grpc.GenerationServiceServicer):
    """Generates footage.

    Args:
        generators: Who can generate it, the preferred one first.
        store: Where images and LoRAs come from and clips go.
        scratch: The folder that clips are made in.
        lenient: A generator that cannot start is left out, and its requests are told why.
    """

    def __init__(
        self,
        generators: Sequence[Generator],
        store: Store,
        *,
        scratch: Path,
        lenient: bool = False,
    ) -> None:
        self._generators = {generator.name: generator for generator in generators}
        self._lenient = lenient
        self._away: dict[str, StoryreelError] = {}
        self._store = store
        self._scratch = scratch
        self._results = Results(store, stage="generation")
        self._made_by: dict[str, str] = {}

    async def GenerateFootage(
        self,
        request: pb.GenerateFootageRequest,
        context: grpc.aio.ServicerContext[pb.GenerateFootageRequest, Event],
    ) -> AsyncIterator[Event]:
        """Generate one clip, or watch it being made."""
        generator = self._generator(request.spec.backend)
        spec = wire.explicit(request.spec, backend=generator.name)
        footage, shot = _asked(generator, spec)
        grace, after = watch_from_proto(request.watch)
        events = self._results.watch(
            spec,
            pb.GeneratedClip,
            partial(self._make, generator, footage, shot),
            made_by=self._made_by[generator.name],
            after=after,
            grace=grace,
        )
        async with aclosing(events):
            async for event in events:
                match event:
                    case str():
                        yield Event(accepted=pb.FootageAccepted(digest=event, frames=shot.frames))
                    case Progress():
                        yield Event(progress=progress_to_proto(event), sequence=event.sequence)
                    case Outcome():
                        reused = "1" if event.reused else "0"
                        context.set_trailing_metadata((("storyreel-reused", reused),))
                        yield Event(footage=event.reply)

    async def CancelFootage(
        self,
        request: pb.CancelFootageRequest,
        context: grpc.aio.ServicerContext[pb.CancelFootageRequest, pb.CancelFootageResponse],
    ) -> pb.CancelFootageResponse:
        """Stop the making of a clip; answers when it has stopped."""
        await self._results.cancel(request.digest)
        return pb.CancelFootageResponse()

    async def EstimateFootage(
        self,
        request: pb.EstimateFootageRequest,
        context: grpc.aio.ServicerContext[pb.EstimateFootageRequest, pb.EstimateFootageResponse],
    ) -> pb.EstimateFootageResponse:
        """What a generator would do with a spec."""
        generator = self._generator(request.spec.backend)
        footage, shot = _asked(generator, request.spec)
        report = await generator.estimate(footage, frames=shot.frames, picture=shot.picture)
        return pb.EstimateFootageResponse(report=making_wire.report_to_proto(report), frames=shot.frames)

    async def GetCapabilities(
        self,
        request: pb.GetCapabilitiesRequest,
        context: grpc.aio.ServicerContext[pb.GetCapabilitiesRequest, pb.GetCapabilitiesResponse],
    ) -> pb.GetCapabilitiesResponse:
        """Who generates here."""
        response = pb.GetCapabilitiesResponse()
        for name, generator in self._generators.items():
            response.backends.append(making_wire.capability_to_proto(name, await generator.capability()))
        return response

    async def start(self) -> None:
        """Get the generators ready.

        Raises:
            Configuration: A generator cannot work as it is set up, and `lenient` is off.
            ChildDied: Its process does not start, likewise.
        """
        for name, generator in list(self._generators.items()):
            try:
                self._made_by[name] = await generator.start()
            except (Configuration, ChildDied) as error:
                if not self._lenient:
                    raise
                telemetry.log.warning("generation.without", backend=name, why=error.message)
                self._away[name] = error
                await self._generators.pop(name).close()

    async def close(self) -> None:
        """Stop all work."""
        await self._results.close()
        for each in self._generators.values():
            await each.close()

    async def _make(
        self, generator: Generator, footage: Footage, shot: Shot, report: Report
    ) -> pb.GeneratedClip:
        """Have a clip generated, and store it; of one that ends early its last frame, too."""
        async with disk.new_folder(self._scratch, prefix="clip-") as folder:
            path = folder / "clip.mp4"
            making = await generator.make(shot, footage, path, report)
            video = await self._store.put_file(path, media_type=MP4)
            last = None
            if shot.ends_early:
                last = await self._store.put_file(last_frame_path(path), media_type=PNG)
        made = GeneratedClip(Clip(video, shot.frames, shot.picture), making, last)
        return wire.generated_to_proto(made)

    def _generator(self, name: str) -> Generator:
        """The generator of a name; the preferred one without a name."""
        name = name or next(iter(self._generators), "")
        if generator := self._generators.get(name):
            return generator
        if why := self._away.get(name) or next(iter(self._away.values()), None):
            raise Configuration(why.message, suggestions=why.suggestions)
        raise _unknown_backend(name, sorted(self._generators))


def _asked(generator: Generator, spec: pb.FootageSpec) -> tuple[Footage, Shot]:
    """What a spec asks a generator for: the wish and the clip, cut to one link where it may end early."""
    footage, shot = footage_from_proto(spec.footage), wire.shot_from_proto(spec)
    if not (spec.may_end_early and generator.chains):
        return footage, shot
    try:
        length = frames_of_link(footage, frames=shot.frames, rate=shot.picture.rate, continues=shot.continues)
    except InvalidRequest:  # whoever generates says all that is wrong with it
        return footage, shot
    if length == shot.frames:
        return footage, shot
    # The scene's last image belongs to its last clip.
    return replace(footage, last_image=None), replace(shot, frames=length, ends_early=True)


def _unknown_backend(name: str, known: Sequence[str]) -> UnknownBackend:
    there = f"there is {', '.join(known)}" if known else "nobody generates footage here"
    ways = [Suggestion(f"Use {other}.", [Change("backend", name, other)]) for other in known]
    ways += [
        Suggestion(f"Set {setting} where the generation service runs.")
        for backend, setting in SETTINGS.items()
        if name in ("", backend)
    ]
    return UnknownBackend(
        f"There is no backend {name!r} here; {there}." if name else "Nobody generates footage here.",
        suggestions=ways,
        metadata={"backends": ",".join(known)},
    )


def room(settings: GenerationSettings, store: Store, *, lenient: bool = False) -> Room:
    """GenerationService with the generators of this machine; `lenient` as in the servicer."""
    servicer = GenerationServicer(
        generators(settings, store), store, scratch=home() / "scratch", lenient=lenient
    )
    return Room(
        service="storyreel.generation.v1.GenerationService",
        add=partial(pb_grpc.add_GenerationServiceServicer_to_server, servicer),
        limits={
            "GenerateFootage": MethodLimits(CALL_SECONDS, settings.at_once),
            "CancelFootage": MethodLimits(60, settings.at_once),
            "EstimateFootage": MethodLimits(60, settings.at_once),
            "GetCapabilities": MethodLimits(60, settings.at_once),
        },
        start=servicer.start,
        close=servicer.close,
    )
