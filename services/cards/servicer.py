"""CardService on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from functools import partial
from pathlib import Path

import grpc

from services.artifacts import disk
from services.artifacts import wire as artifacts
from services.artifacts.results import Outcome, Results
from services.artifacts.store import Store
from services.cards import wire
from services.cards.card import DrawnCard
from services.cards.renderer import CardRenderer
from services.cards.settings import CardSettings
from services.chassis.errors import ChildDied
from services.chassis.progress import Progress, Report
from services.chassis.server import MethodLimits, Room
from services.chassis.settings import home
from services.chassis.wire import progress_to_proto, watch_from_proto
from services.media.clip import Clip
from services.media.wire import picture_from_proto
from services.story.look import builtins
from services.story.look_wire import look_to_proto
from storyreel.cards.v1 import card_service_pb2 as pb
from storyreel.cards.v1 import card_service_pb2_grpc as pb_grpc
from storyreel.cards.v1 import drawing_pb2
from storyreel.progress.v1 import progress_pb2

Event = pb.DrawCardResponse

MP4 = "video/mp4"


class CardServicer(pb_grpc.CardServiceServicer):
    """Draws cards.

    Args:
        renderer: Who draws them.
        store: Where scenes and timings come from and clips go.
        scratch: The folder that clips are made in.
    """

    def __init__(self, renderer: CardRenderer, store: Store, *, scratch: Path) -> None:
        self._renderer = renderer
        self._store = store
        self._scratch = scratch
        self._results = Results(store, stage="cards")
        self._made_by = ""

    async def DrawCard(
        self, request: pb.DrawCardRequest, context: grpc.aio.ServicerContext[pb.DrawCardRequest, Event]
    ) -> AsyncIterator[Event]:
        """Draw one scene, or watch it being drawn."""
        spec = wire.explicit(request.spec)
        grace, after = watch_from_proto(request.watch)
        events = self._results.watch(
            spec,
            pb.DrawnCard,
            partial(self._draw, spec),
            made_by=self._made_by,
            after=after,
            grace=grace,
        )
        async with aclosing(events):
            async for event in events:
                match event:
                    case str():
                        yield Event(accepted=progress_pb2.Accepted(digest=event))
                    case Progress():
                        yield Event(progress=progress_to_proto(event), sequence=event.sequence)
                    case Outcome():
                        reused = "1" if event.reused else "0"
                        context.set_trailing_metadata((("storyreel-reused", reused),))
                        yield Event(card=event.reply)

    async def CancelCard(
        self,
        request: pb.CancelCardRequest,
        context: grpc.aio.ServicerContext[pb.CancelCardRequest, pb.CancelCardResponse],
    ) -> pb.CancelCardResponse:
        """Stop the drawing of a card; answers when it has stopped."""
        await self._results.cancel(request.digest)
        return pb.CancelCardResponse()

    async def ListThemes(
        self,
        request: pb.ListThemesRequest,
        context: grpc.aio.ServicerContext[pb.ListThemesRequest, pb.ListThemesResponse],
    ) -> pb.ListThemesResponse:
        """The built-in themes as data."""
        return pb.ListThemesResponse(
            themes=[
                pb.NamedTheme(theme=theme, accent=accent, look=look_to_proto(look))
                for theme, accent, look in builtins()
            ]
        )

    async def start(self) -> None:
        """Get ready to draw."""
        self._made_by = await self._renderer.start()

    async def close(self) -> None:
        """Stop all work."""
        await self._results.close()
        await self._renderer.close()

    async def _draw(self, spec: pb.CardSpec, report: Report) -> pb.DrawnCard:
        """Have a card drawn, and store its clip."""
        scene = await self._store.read(artifacts.from_proto(spec.scene))
        timing = await self._store.read(artifacts.from_proto(spec.timing))
        card = wire.check(spec, scene=scene, timing=timing)
        async with AsyncExitStack() as stack:
            folder = await stack.enter_async_context(disk.new_folder(self._scratch, prefix="card-"))
            path = folder / "card.mp4"
            task = drawing_pb2.DrawingTask(
                spec=spec, scene=scene, timing=timing, path=str(path), threads=self._renderer.threads
            )
            for artifact in wire.more_artifacts(spec, card):
                file = await stack.enter_async_context(self._store.path(artifact))
                task.files[artifact.sha256] = str(file)
            try:
                answer = await self._renderer.draw(task.SerializeToString(), report)
            except ChildDied as error:
                kind = str(card.WhichOneof("card"))
                raise ChildDied(
                    f"The process that drew a scene of type {kind} died.",
                    metadata=error.metadata | {"scene_type": kind},
                ) from error
            unshown = wire.at_most(drawing_pb2.DrawingResult.FromString(answer).unshown)
            video = await self._store.put_file(path, media_type=MP4)
        clip = Clip(video, spec.frames, picture_from_proto(spec.picture))
        return wire.drawn_to_proto(DrawnCard(clip, unshown))


def room(settings: CardSettings, store: Store) -> Room:
    """CardService with the drawing processes of this machine."""
    renderer = CardRenderer(
        children=settings.children, threads=settings.threads, card_time=settings.card_time
    )
    servicer = CardServicer(renderer, store, scratch=home() / "scratch")
    return Room(
        service="storyreel.cards.v1.CardService",
        add=partial(pb_grpc.add_CardServiceServicer_to_server, servicer),
        limits={
            "DrawCard": MethodLimits(settings.card_time.total_seconds(), settings.at_once),
            "CancelCard": MethodLimits(60, settings.at_once),
            "ListThemes": MethodLimits(60, settings.at_once),
        },
        start=servicer.start,
        close=servicer.close,
    )
