"""The way to the parsing service; raises the errors that the service raised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import grpc

from services.artifacts.store import Artifact
from services.artifacts.wire import from_proto, to_proto
from services.chassis.channel import errors
from services.parsing.outline import Visual
from services.parsing.wire import VISUALS
from services.story.footage import Footage
from services.story.footage_wire import footage_from_proto
from services.story.source_place import SourcePlace, SourceWarning, place_from_proto, warning_from_proto
from storyreel.artifact.v1.artifact_pb2 import NamedFile
from storyreel.parsing.v1 import parsing_service_pb2 as pb
from storyreel.parsing.v1 import parsing_service_pb2_grpc, storyboard_pb2

_VISUALS = {number: visual for visual, number in VISUALS.items()}


@dataclass(frozen=True, slots=True)
class SceneRef:
    """A scene's place in a storyboard; `type` is that of its card (`services.story.scene`).

    `footage` is wished for in the card's place, as `visual` says; both are None where nothing is wished.
    The block with that wish starts at `visual_place`. `headings` are those above, the outermost first,
    without the title; `summary` is what it shows, in short.
    """

    id: str
    type: str
    scene: Artifact
    chapter: str
    footage: Footage | None = None
    visual: Visual | None = None
    visual_place: SourcePlace | None = None
    headings: tuple[str, ...] = ()
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document as stored scenes; `coverage` is a stored Coverage."""

    title: str
    scenes: tuple[SceneRef, ...]
    coverage: Artifact
    warnings: tuple[SourceWarning, ...]


class ParsingClient:
    """Cuts documents into scenes.

    Args:
        channel: From `services.chassis.channel.connect`.
    """

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: parsing_service_pb2_grpc.ParsingServiceAsyncStub = (
            parsing_service_pb2_grpc.ParsingServiceStub(channel)
        )

    async def parse_document(
        self,
        document: Artifact,
        *,
        name: str = "",
        language: str = "",
        files: Mapping[str, Artifact] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> Parsed:
        """Read a document and store its scenes.

        Args:
            document: Its bytes, at most 4 MiB.
            name: What it is called, such as `guide.md`.
            language: BCP 47; empty means English.
            files: Files that it names, such as images of its footage, by these names; at most 100.
            timeout: Seconds; None means the cap of the service, 60.

        Raises:
            EmptyDocument: It has nothing to tell.
            UnsupportedDocument: It is of a kind that is not read.
            DocumentTooLarge: It is larger, or makes more scenes, than one job may have.
            UnreadableDocument: It needed more time or memory than a document may take.
            ArtifactMissing: It is not in the store.
            ArtifactCorrupt: The store's bytes are not those of its digest.
        """
        named = [NamedFile(name=key, file=to_proto(file)) for key, file in (files or {}).items()]
        request = pb.ParseDocumentRequest(
            document=to_proto(document), name=name, language=language, files=named
        )
        with errors():
            reply = await self._stub.ParseDocument(request, timeout=timeout)
        scenes = tuple(map(_scene, reply.scenes))
        return Parsed(
            reply.title, scenes, from_proto(reply.coverage), tuple(map(warning_from_proto, reply.warnings))
        )


def _scene(ref: storyboard_pb2.SceneRef) -> SceneRef:
    return SceneRef(
        ref.id,
        storyboard_pb2.SceneType.Name(ref.type).removeprefix("SCENE_TYPE_").lower(),
        from_proto(ref.scene),
        ref.chapter,
        footage=footage_from_proto(ref.footage) if ref.HasField("footage") else None,
        visual=_VISUALS.get(ref.visual),
        visual_place=place_from_proto(ref.visual_place) if ref.HasField("visual_place") else None,
        headings=tuple(ref.headings),
        summary=ref.summary,
    )
