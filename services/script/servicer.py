"""ScriptService on the wire."""

from __future__ import annotations

from functools import partial
from typing import Any

import grpc
from google.protobuf import duration_pb2

from services.artifacts import wire as artifacts
from services.artifacts.results import Results
from services.artifacts.store import Store
from services.chassis.server import MethodLimits, Room
from services.script.backends.template import TemplateBackend
from services.script.pace import estimated_duration
from services.script.settings import ScriptSettings
from services.script.writer import DEFAULT, Backend, Context, Writers
from services.story import wire as story
from storyreel.parsing.v1 import storyboard_pb2
from storyreel.script.v1 import script_service_pb2, script_service_pb2_grpc


class ScriptServicer(script_service_pb2_grpc.ScriptServiceServicer):
    """Writes narrations.

    Args:
        writers: Who can write.
        store: Where scenes come from.
    """

    def __init__(self, writers: Writers, store: Store) -> None:
        self._writers = writers
        self._store = store
        self._results = Results(store, stage="script")

    async def WriteNarration(
        self,
        request: script_service_pb2.WriteNarrationRequest,
        context: grpc.aio.ServicerContext[
            script_service_pb2.WriteNarrationRequest, script_service_pb2.WriteNarrationResponse
        ],
    ) -> script_service_pb2.WriteNarrationResponse:
        """Write the narration of one scene."""
        request.backend = request.backend or DEFAULT
        backend = self._writers.named(request.backend)
        _leave_out(request, backend.reads)
        outcome = await self._results.once(
            request,
            script_service_pb2.WriteNarrationResponse,
            partial(self._write, backend, request),
            made_by=backend.made_by,
        )
        context.set_trailing_metadata((("storyreel-reused", "1" if outcome.reused else "0"),))
        return outcome.reply

    async def start(self) -> None:
        """There is nothing to warm up."""

    async def close(self) -> None:
        """Stop all work."""
        await self._results.close()

    async def _write(
        self, backend: Backend, request: script_service_pb2.WriteNarrationRequest
    ) -> script_service_pb2.WriteNarrationResponse:
        scene = await self._store.read(artifacts.from_proto(request.scene))
        card = story.scene_from_proto(story.decode(scene, storyboard_pb2.Scene))
        narration = await backend.write(card, _context(request.context), language=request.language)
        message = story.narration_to_proto(narration)
        stored = await self._store.put_bytes(story.encode(message), media_type=story.PROTOBUF)
        duration = duration_pb2.Duration()
        duration.FromTimedelta(estimated_duration(narration.text))
        return script_service_pb2.WriteNarrationResponse(
            narration=message, estimated_duration=duration, stored=artifacts.to_proto(stored)
        )


def _leave_out(request: script_service_pb2.WriteNarrationRequest, reads: frozenset[str]) -> None:
    """Take out of a request what its backend does not read, so that nothing of it is in the result's key."""
    context: Any = request.context
    for field, _ in context.ListFields():
        if field.name not in reads:
            context.ClearField(field.name)
    if not context.ListFields():
        request.ClearField("context")


def _context(message: script_service_pb2.NarrationContext) -> Context:
    return Context(
        title=message.title,
        headings=tuple(message.headings),
        before=message.before,
        after=message.after,
        budget=message.budget.ToTimedelta() if message.HasField("budget") else None,
        tone=message.tone,
    )


def room(settings: ScriptSettings, store: Store) -> Room:
    """ScriptService with the backends of this machine."""
    servicer = ScriptServicer(Writers([TemplateBackend()]), store)
    return Room(
        service="storyreel.script.v1.ScriptService",
        add=partial(script_service_pb2_grpc.add_ScriptServiceServicer_to_server, servicer),
        limits={"WriteNarration": MethodLimits(60, settings.at_once)},
        start=servicer.start,
        close=servicer.close,
    )
