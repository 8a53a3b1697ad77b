"""ScriptService from the caller's side; raises the errors the service raised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import grpc

from services.artifacts import wire as artifacts
from services.artifacts.store import Artifact
from services.chassis.channel import errors
from services.script.writer import Context
from services.story import wire as story
from services.story.narration import Narration
from storyreel.script.v1 import script_service_pb2, script_service_pb2_grpc


@dataclass(frozen=True, slots=True)
class Written:
    """A narration, about how long speaking it takes, and where it is stored."""

    narration: Narration
    estimated_duration: timedelta
    stored: Artifact


class ScriptClient:
    """Has narrations written over a channel that the caller closes."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = script_service_pb2_grpc.ScriptServiceStub(channel)

    async def write_narration(
        self, scene: Artifact, *, language: str, backend: str = "", context: Context | None = None
    ) -> Written:
        """Have the narration of one scene written.

        Args:
            scene: A stored Scene.
            language: The scene's own (BCP 47).
            backend: Who writes; empty is the service's default.
            context: What stands around the scene, and how it is to be told.

        Raises:
            UnknownBackend: There is no such backend; the suggestions name those there are.
            ArtifactMissing: The scene is not in the store.
            ArtifactCorrupt: It is no scene.
            InvalidRequest: It holds more text than one narration may.
        """
        request = script_service_pb2.WriteNarrationRequest(
            scene=artifacts.to_proto(scene), language=language, backend=backend
        )
        if context:
            request.context.CopyFrom(_context(context))
        with errors():
            reply = await self._stub.WriteNarration(request)
        return Written(
            story.narration_from_proto(reply.narration),
            reply.estimated_duration.ToTimedelta(),
            artifacts.from_proto(reply.stored),
        )


def _context(context: Context) -> script_service_pb2.NarrationContext:
    message = script_service_pb2.NarrationContext(
        title=context.title,
        headings=context.headings,
        before=context.before,
        after=context.after,
        tone=context.tone,
    )
    if context.budget is not None:
        message.budget.FromTimedelta(context.budget)
    return message
