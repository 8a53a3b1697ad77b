"""GenerationService on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path

import grpc

from services.artifacts import wire as artifacts
from services.artifacts.results import Outcome, Results
from services.artifacts.store import Store
from services.chassis.errors import Change, Suggestion, UnknownBackend
from services.chassis.progress import Progress, Report
from services.chassis.server import MethodLimits, Room
from services.chassis.settings import home
from services.chassis.wire import progress_to_proto
from services.generation import wire
from services.generation.backends.template.backend import TemplateBackend
from services.generation.clip import Backend
from services.generation.settings import GenerationSettings
from services.generation.studio import film
from storyreel.generation.v1 import clip_pb2, generation_service_pb2, generation_service_pb2_grpc

Event = generation_service_pb2.GenerateClipResponse


class GenerationServicer(generation_service_pb2_grpc.GenerationServiceServicer):
    """Makes clips.

    Args:
        backends: Who can make them; each by its name.
        store: Where scenes and timings come from and clips go.
        scratch: The folder that clips are made in.
    """

    def __init__(self, backends: Sequence[Backend], store: Store, *, scratch: Path) -> None:
        self._backends = {backend.name: backend for backend in backends}
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
        request = wire.explicit(request)
        backend = self._backend(request.backend)
        events = self._results.watch(
            request, clip_pb2.Clip, partial(self._make, backend, request), made_by=self._made_by[backend.name]
        )
        async with aclosing(events):
            async for event in events:
                match event:
                    case str():
                        yield Event(accepted=generation_service_pb2.Accepted(digest=event))
                    case Progress():
                        yield Event(progress=progress_to_proto(event))
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

    async def start(self) -> None:
        """Get the backends ready."""
        for backend in self._backends.values():
            self._made_by[backend.name] = await backend.start()

    async def close(self) -> None:
        """Stop all work."""
        await self._results.close()
        for backend in self._backends.values():
            await backend.close()

    async def _make(
        self, backend: Backend, request: generation_service_pb2.GenerateClipRequest, report: Report
    ) -> clip_pb2.Clip:
        scene = await self._store.read(artifacts.from_proto(request.scene))
        timing = await self._store.read(artifacts.from_proto(request.timing))
        shot = wire.shot_from_proto(request, scene=scene, timing=timing)
        clip = await film(backend, shot, self._store, scratch=self._scratch, report=report)
        return wire.clip_to_proto(clip)

    def _backend(self, name: str) -> Backend:
        if name in self._backends:
            return self._backends[name]
        known = sorted(self._backends)
        raise UnknownBackend(
            f"There is no backend {name!r} here; there is {', '.join(known)}.",
            suggestions=[Suggestion(f"Use {other}.", [Change("backend", name, other)]) for other in known],
            metadata={"backends": ",".join(known)},
        )


def room(settings: GenerationSettings, store: Store) -> Room:
    """GenerationService with the backends of this machine."""
    template = TemplateBackend(
        children=settings.children, threads=settings.threads, clip_time=settings.clip_time
    )
    servicer = GenerationServicer([template], store, scratch=home() / "scratch")
    return Room(
        service="storyreel.generation.v1.GenerationService",
        add=partial(generation_service_pb2_grpc.add_GenerationServiceServicer_to_server, servicer),
        limits={
            "GenerateClip": MethodLimits(settings.clip_time.total_seconds(), settings.at_once),
            "CancelClip": MethodLimits(60, settings.at_once),
        },
        start=servicer.start,
        close=servicer.close,
    )
