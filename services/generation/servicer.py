"""GenerationService on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path

import grpc

from services.artifacts import wire as artifacts
from services.artifacts.results import Outcome, Results
from services.artifacts.store import Store
from services.cards.images import image_file
from services.cards.renderer import TemplateBackend
from services.chassis import telemetry
from services.chassis.errors import (
    Change,
    ChildDied,
    Configuration,
    InvalidRequest,
    StoryreelError,
    Suggestion,
    UnknownBackend,
    Violation,
)
from services.chassis.progress import Progress, Report
from services.chassis.server import MethodLimits, Room
from services.chassis.settings import home
from services.chassis.wire import progress_to_proto
from services.generation import making_wire, wire
from services.generation.clip import Backend, Generator
from services.generation.footage.links import frames_of_link
from services.generation.generators import SETTINGS, generators
from services.generation.settings import GenerationSettings
from services.generation.studio import Made, film
from services.media.picture import Picture
from services.story.footage import Footage
from services.story.footage_wire import footage_from_proto
from storyreel.generation.v1 import clip_pb2, generation_service_pb2, generation_service_pb2_grpc

Event = generation_service_pb2.GenerateClipResponse


class GenerationServicer(generation_service_pb2_grpc.GenerationServiceServicer):
    """Makes clips.

    Args:
        backends: Who can draw them; each by its name.
        generators: Who can generate them, the preferred one first.
        lenient: A generator that cannot start is left out, and its requests are told why.
        store: Where scenes and timings come from and clips go.
        scratch: The folder that clips are made in.
    """

    def __init__(
        self,
        backends: Sequence[Backend],
        store: Store,
        *,
        scratch: Path,
        generators: Sequence[Generator] = (),
        lenient: bool = False,
    ) -> None:
        self._backends = {backend.name: backend for backend in backends}
        self._generators = {generator.name: generator for generator in generators}
        self._lenient, self._away = lenient, dict[str, StoryreelError]()
        self._store = store
        self._scratch = scratch
        self._results = Results(store, stage="generation")
        self._made_by: dict[str, str] = {}

    async def GenerateClip(
        self,
        request: generation_service_pb2.GenerateClipRequest,
        context: grpc.aio.ServicerContext[generation_service_pb2.GenerateClipRequest, Event],
    ) -> AsyncIterator[Event]:
        """Make one scene's picture, or watch it being made."""
        after = request.after_sequence or None
        grace = request.keep_running.ToTimedelta() if request.HasField("keep_running") else None
        request = wire.explicit(request)
        self._check_backend(request)
        events = self._results.watch(
            request,
            clip_pb2.Clip,
            partial(self._make, request),
            made_by=self._made_by[request.backend],
            after=after,
            grace=grace,
        )
        async with aclosing(events):
            async for event in events:
                match event:
                    case str():
                        yield Event(accepted=generation_service_pb2.Accepted(digest=event))
                    case Progress():
                        yield Event(progress=progress_to_proto(event), sequence=event.sequence)
                    case Outcome():
                        reused = "1" if event.reused else "0"
                        context.set_trailing_metadata((("storyreel-reused", reused),))
                        yield Event(clip=event.reply)

    async def CancelClip(
        self,
        request: generation_service_pb2.CancelClipRequest,
        context: grpc.aio.ServicerContext[
            generation_service_pb2.CancelClipRequest, generation_service_pb2.CancelClipResponse
        ],
    ) -> generation_service_pb2.CancelClipResponse:
        """Stop the making of a clip; answers when it has stopped."""
        await self._results.cancel(request.digest)
        return generation_service_pb2.CancelClipResponse()

    async def EstimateClip(
        self,
        request: generation_service_pb2.EstimateClipRequest,
        context: grpc.aio.ServicerContext[
            generation_service_pb2.EstimateClipRequest, generation_service_pb2.EstimateClipResponse
        ],
    ) -> generation_service_pb2.EstimateClipResponse:
        """What a generator would do with footage."""
        name = request.backend or next(iter(self._generators), "")
        if name not in self._generators:
            raise self._missing(name, self._generators)
        generator, picture = self._generators[name], wire.picture_from_proto(request.picture)
        footage, frames = footage_from_proto(request.footage), request.frames
        if request.may_end_early and generator.chains:
            footage, frames = _link(footage, frames, picture)
        report = await generator.estimate(footage, frames=frames, picture=picture)
        return generation_service_pb2.EstimateClipResponse(
            report=making_wire.report_to_proto(report), frames=frames
        )

    async def GetCapabilities(
        self,
        request: generation_service_pb2.GetCapabilitiesRequest,
        context: grpc.aio.ServicerContext[
            generation_service_pb2.GetCapabilitiesRequest, generation_service_pb2.GetCapabilitiesResponse
        ],
    ) -> generation_service_pb2.GetCapabilitiesResponse:
        """Who makes clips here."""
        response = generation_service_pb2.GetCapabilitiesResponse()
        for name, generator in self._generators.items():
            response.backends.append(making_wire.capability_to_proto(name, await generator.capability()))
        response.backends.extend(making_wire.capability_to_proto(name, None) for name in self._backends)
        return response

    async def start(self) -> None:
        """Get the backends ready.

        Raises:
            Configuration: A generator cannot work as it is set up, and `lenient` is off.
            ChildDied: Its process does not start, likewise.
        """
        for backend in self._backends.values():
            self._made_by[backend.name] = await backend.start()
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
        for each in self._all():
            await each.close()

    async def _make(
        self, request: generation_service_pb2.GenerateClipRequest, report: Report
    ) -> clip_pb2.Clip:
        scene = await self._store.read(artifacts.from_proto(request.scene))
        timing = await self._store.read(artifacts.from_proto(request.timing))
        shot = wire.shot_from_proto(request, scene=scene, timing=timing)

        async def draw(path: Path) -> Made:
            async with image_file(shot.card, self._store) as image:
                drawn = self._backends[request.backend].make(shot, path, report, image=image)
                return Made(unshown=await drawn)

        if request.backend in self._backends:
            return wire.clip_to_proto(await film(draw, shot, self._store, scratch=self._scratch))
        generator, footage = self._generators[request.backend], footage_from_proto(request.footage)
        if request.may_end_early and generator.chains:
            footage, frames = _link(footage, shot.frames, shot.picture, continues=shot.continues)
            lead = min(shot.lead_frames, frames - 1)
            shot = replace(shot, frames=frames, lead_frames=lead, ends_early=frames < shot.frames)

        async def generate(path: Path) -> Made:
            return Made(making=await generator.make(shot, footage, path, report))

        return wire.clip_to_proto(await film(generate, shot, self._store, scratch=self._scratch))

    def _all(self) -> list[Backend | Generator]:
        return [*self._backends.values(), *self._generators.values()]

    def _check_backend(self, request: generation_service_pb2.GenerateClipRequest) -> None:
        if request.backend in self._backends:
            return
        if request.backend not in self._generators:
            raise self._missing(request.backend, [*self._backends, *self._generators])
        if not request.HasField("footage"):
            raise InvalidRequest(
                f"{request.backend} generates clips and was not told what is to be seen.",
                violations=[Violation("footage", f"is required by the backend {request.backend}")],
            )

    def _missing(self, name: str, known: Iterable[str]) -> StoryreelError:
        if why := self._away.get(name):
            return Configuration(why.message, suggestions=why.suggestions)
        return _unknown(name, known)


def _link(footage: Footage, frames: int, picture: Picture, *, continues: bool = False) -> tuple[Footage, int]:
    """The wish for the next clip of a scene and its frames; the scene's last image belongs to its last clip.

    A wish that there is no mode for is left as it is: whoever generates says all that is wrong with it.
    """
    try:
        length = frames_of_link(footage, frames=frames, rate=picture.rate, continues=continues)
    except InvalidRequest:
        return footage, frames
    return (replace(footage, last_image=None) if length < frames else footage), length


def _unknown(name: str, known: Iterable[str]) -> UnknownBackend:
    known = sorted(known)
    there = f"there is {', '.join(known)}" if known else "there is none of this kind"
    ways = [Suggestion(f"Use {other}.", [Change("backend", name, other)]) for other in known]
    if name in SETTINGS:
        ways.append(Suggestion(f"Set {SETTINGS[name]} where the generation service runs."))
    return UnknownBackend(
        f"There is no backend {name!r} here; {there}.",
        suggestions=ways,
        metadata={"backends": ",".join(known)},
    )


def room(settings: GenerationSettings, store: Store, *, lenient: bool = False) -> Room:
    """GenerationService with the backends of this machine; `lenient` as in the servicer."""
    template = TemplateBackend(
        children=settings.children, threads=settings.threads, clip_time=settings.clip_time
    )
    servicer = GenerationServicer(
        [template], store, scratch=home() / "scratch", generators=generators(settings, store), lenient=lenient
    )
    return Room(
        service="storyreel.generation.v1.GenerationService",
        add=partial(generation_service_pb2_grpc.add_GenerationServiceServicer_to_server, servicer),
        limits={
            "GenerateClip": MethodLimits(settings.clip_time.total_seconds(), settings.at_once),
            "CancelClip": MethodLimits(60, settings.at_once),
            "EstimateClip": MethodLimits(60, settings.at_once),
            "GetCapabilities": MethodLimits(60, settings.at_once),
        },
        start=servicer.start,
        close=servicer.close,
    )
