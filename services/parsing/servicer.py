"""ParsingService: reads the wire, has a child read the document, stores the scenes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import grpc

from services.artifacts import wire as artifact_wire
from services.artifacts.results import Results
from services.artifacts.store import Artifact, Store
from services.chassis.child import ChildLimits, ChildPool
from services.chassis.errors import ChildDied, Deadline, DocumentTooLarge, Suggestion, UnreadableDocument
from services.chassis.server import MethodLimits, Room
from services.parsing.backends import markdown, plain
from services.parsing.settings import ParsingSettings
from services.story.wire import PROTOBUF, checked, encode
from storyreel.artifact.v1.artifact_pb2 import NamedFile
from storyreel.parsing.v1 import parsing_service_pb2 as pb
from storyreel.parsing.v1 import parsing_service_pb2_grpc, reading_pb2

LARGEST_DOCUMENT = 4 << 20
"""Bytes; a text of this size would be spoken for days."""

IMAGES = ("image/png", "image/jpeg", "image/webp")
"""Media types of the files that a card may show."""

LARGEST_IMAGE = 20 << 20
"""Bytes of a file that a card shows."""

CUT_VERSION = "6"
"""Raised whenever the same document would be cut otherwise."""

MADE_BY = f"cut {CUT_VERSION}, {plain.MADE_BY}, {markdown.MADE_BY}"

_LIMITS = {
    "memory": "needed more memory than a document may take",
    "SIGXCPU": "needed more computing time than a document may take",
    "SIGSEGV": "needed more stack than a document may take",
    "time": "took longer than a document may take",
}
_STORING_AT_ONCE = 8
_MOST_WARNINGS = 20
_DEFAULT_LANGUAGE = "en"


class ParsingServicer(parsing_service_pb2_grpc.ParsingServiceServicer):
    """Cuts documents into scenes.

    Args:
        store: Where documents come from and scenes go.
        children: The processes that read documents.
        timeout: How long one document may take.
    """

    def __init__(self, store: Store, *, children: ChildPool, timeout: timedelta) -> None:
        self._store = store
        self._children = children
        self._timeout = timeout
        self.results = Results(store, stage="parsing")

    async def ParseDocument(
        self,
        request: pb.ParseDocumentRequest,
        context: grpc.aio.ServicerContext[pb.ParseDocumentRequest, pb.ParseDocumentResponse],
    ) -> pb.ParseDocumentResponse:
        """Cut one document into scenes."""
        outcome = await self.results.once(
            request, pb.ParseDocumentResponse, partial(self._parse, request), made_by=MADE_BY
        )
        context.set_trailing_metadata((("storyreel-reused", "1" if outcome.reused else "0"),))
        return outcome.reply

    async def _parse(self, request: pb.ParseDocumentRequest) -> pb.ParseDocumentResponse:
        source = artifact_wire.from_proto(request.document)
        if source.size_bytes > LARGEST_DOCUMENT:
            raise _too_large(source)
        document = await self._store.read(source, limit=LARGEST_DOCUMENT)
        task = reading_pb2.ReadingTask(
            document=document, name=request.name, language=request.language or _DEFAULT_LANGUAGE
        )
        async with AsyncExitStack() as files:
            for named in request.files:
                path = await files.enter_async_context(self._image(named))
                task.files.add(file=named, path=str(path or ""))
            reply = await self._read(task)
        # Half a second for the longest document, in which the service answers others.
        reading, messages = await asyncio.to_thread(_messages, reply)
        coverage, *scenes = await self._put(messages)
        refs = [read.ref for read in reading.scenes]
        for ref, scene in zip(refs, scenes, strict=True):
            ref.scene.CopyFrom(artifact_wire.to_proto(scene))
        return checked(
            pb.ParseDocumentResponse(
                title=reading.title,
                scenes=refs,
                coverage=artifact_wire.to_proto(coverage),
                warnings=reading.warnings[:_MOST_WARNINGS],
            )
        )

    @asynccontextmanager
    async def _image(self, named: NamedFile) -> AsyncIterator[Path | None]:
        """The bytes of a file that a card might show, on this machine; None of any other file."""
        if named.file.media_type not in IMAGES or named.file.size_bytes > LARGEST_IMAGE:
            yield None
            return
        async with self._store.path(artifact_wire.from_proto(named.file)) as path:
            yield path

    async def _read(self, task: reading_pb2.ReadingTask) -> bytes:
        """Have a child read the document; that it reaches a limit there is the document's fault."""
        try:
            return await self._children.call(encode(task), timeout=self._timeout)
        except ChildDied as death:
            if (cause := death.metadata.get("exit", "")) in _LIMITS:
                raise _unreadable(cause) from death
            raise
        except Deadline as late:
            raise _unreadable("time") from late

    async def _put(self, messages: Iterable[bytes]) -> list[Artifact]:
        """Store messages, a few at a time, in order."""
        gate = asyncio.Semaphore(_STORING_AT_ONCE)

        async def put(message: bytes) -> Artifact:
            async with gate:
                return await self._store.put_bytes(message, media_type=PROTOBUF)

        return await asyncio.gather(*map(put, messages))


def _messages(reply: bytes) -> tuple[reading_pb2.Reading, list[bytes]]:
    """What a child has read, and what of it is stored: the coverage, then each scene."""
    reading = reading_pb2.Reading.FromString(reply)
    messages = [reading.coverage, *(read.scene for read in reading.scenes)]
    return reading, [encode(checked(message)) for message in messages]


def room(settings: ParsingSettings, store: Store) -> Room:
    """The parsing service of a process."""
    limits = ChildLimits(
        address_space=settings.memory_mib << 20,
        cpu_seconds=settings.cpu_seconds,
        file_bytes=256 << 20,
        open_files=64,
    )
    children = ChildPool("services.parsing.worker", size=settings.workers, limits=limits, recycle_after=1000)
    servicer = ParsingServicer(store, children=children, timeout=timedelta(seconds=settings.seconds))

    async def start() -> None:
        children.warm_up()

    async def close() -> None:
        await servicer.results.close()
        await children.close()

    add: Any = parsing_service_pb2_grpc.add_ParsingServiceServicer_to_server
    return Room(
        service="storyreel.parsing.v1.ParsingService",
        add=partial(add, servicer),
        limits={"ParseDocument": MethodLimits(seconds=60, at_once=16)},
        start=start,
        close=close,
    )


def _too_large(source: Artifact) -> DocumentTooLarge:
    return DocumentTooLarge(
        f"The document has {source.size_bytes:,} bytes; at most {LARGEST_DOCUMENT:,} are read.",
        suggestions=[Suggestion("Split it into several documents.")],
        metadata={"size_bytes": str(source.size_bytes), "limit": str(LARGEST_DOCUMENT)},
    )


def _unreadable(cause: str) -> UnreadableDocument:
    return UnreadableDocument(
        f"The document {_LIMITS[cause]}.",
        suggestions=[Suggestion("Simplify it: split it, or remove deeply nested or very long blocks.")],
        metadata={"cause": cause},
    )
