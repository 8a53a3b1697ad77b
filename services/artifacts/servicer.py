"""ArtifactService on the wire: bytes into a store and out of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import grpc

from services.artifacts import disk, keys, wire
from services.artifacts.store import Artifact, Store
from services.chassis.errors import Deadline, InvalidRequest, StoryreelError, Violation
from services.chassis.server import MethodLimits, Room
from services.chassis.settings import home
from services.chassis.stream import ACCEPTED
from storyreel.artifact.v1 import artifact_service_pb2 as pb
from storyreel.artifact.v1 import artifact_service_pb2_grpc as pb_grpc

Context = grpc.aio.ServicerContext[Any, Any]

LARGEST_UPLOAD = 1 << 30
"""Bytes; the contract's limit."""

CHUNK = 512 << 10
"""Bytes of a message's chunk, at most; the contract's limit."""

URL_LIFE = timedelta(minutes=15)

SILENCE_SECONDS = 60.0
"""How long an upload waits for its next message."""


class ArtifactServicer(pb_grpc.ArtifactServiceServicer):
    """Serves the artifacts of one store's tenant.

    Args:
        store: Where they lie.
        scratch: The folder that uploads are gathered in.
    """

    def __init__(self, store: Store, *, scratch: Path) -> None:
        self._store = store
        self._scratch = scratch

    async def Upload(self, requests: AsyncIterator[pb.UploadRequest], context: Context) -> pb.UploadResponse:
        """Store bytes."""
        header = await _header(requests)
        # The caller may have waited for this with its bytes.
        await context.send_initial_metadata((ACCEPTED,))
        async with disk.new_folder(self._scratch, prefix="upload-") as folder:
            upload = _Upload(header, folder / "upload")
            await upload.gather(requests)
            artifact = await self._store.put_file(upload.path, media_type=header.media_type)
        if artifact.sha256 != upload.sha256:
            raise upload.refusal("chunk", "they changed on the server's disk; upload them again")
        return pb.UploadResponse(artifact=wire.to_proto(artifact))

    async def Download(
        self, request: pb.DownloadRequest, context: Context
    ) -> AsyncGenerator[pb.DownloadResponse, None]:
        """Send an artifact's bytes, or a range of them."""
        artifact = wire.from_proto(request.artifact)
        left = _length(artifact, request.offset, request.length)
        whole = left == artifact.size_bytes
        if not await self._store.exists(artifact):
            raise keys.missing(artifact)
        async with aclosing(_pieces(self._store, artifact, request.offset)) as pieces:
            async for piece in pieces:
                for start in range(0, min(len(piece), left), CHUNK):
                    yield pb.DownloadResponse(chunk=piece[start : min(start + CHUNK, left)])
                left -= min(len(piece), left)
                if not left and not whole:  # else the store still has to judge what it read
                    return

    async def GetUrl(self, request: pb.GetUrlRequest, context: Context) -> pb.GetUrlResponse:
        """Make a URL that reads an artifact."""
        reply = pb.GetUrlResponse()
        reply.expire_time.FromDatetime(datetime.now(UTC) + URL_LIFE)
        reply.url = await self._store.presign(wire.from_proto(request.artifact), ttl=URL_LIFE)
        return reply


class _Upload:
    """Bytes on their way in, compared with what their header said of them."""

    def __init__(self, header: pb.UploadHeader, path: Path) -> None:
        self.path = path
        self._header = header
        self._most = header.size_bytes or LARGEST_UPLOAD
        self._size = 0
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The digest of what came."""
        return self._digest.hexdigest()

    async def gather(self, requests: AsyncIterator[pb.UploadRequest]) -> None:
        """Write what comes to `path`.

        Raises:
            InvalidRequest: It is not what the header said.
            StoreFull: The disk is full.
            Deadline: The caller fell silent.
        """
        refused: StoryreelError | None = None
        received = 0
        with disk.errors(self.path.parent), self.path.open("wb") as file:
            while received <= LARGEST_UPLOAD and (request := await _next(requests)) is not None:
                received += len(request.chunk)
                # After a refusal the rest is read all the same: a caller that is refused while it
                # sends may learn no more than that its call broke.
                if refused is None:
                    try:
                        self._expect(request)
                        await asyncio.to_thread(self._write, file, request.chunk)
                    except StoryreelError as error:
                        refused = error
        if refused is not None:
            raise refused
        self._judge()

    def refusal(self, field: str, told: str) -> InvalidRequest:
        """The error for bytes that are not what they should be."""
        return InvalidRequest(
            f"Nothing was stored of the upload: {told}.", violations=[Violation(field, told)]
        )

    def _expect(self, request: pb.UploadRequest) -> None:
        if request.WhichOneof("part") != "chunk":
            raise self.refusal("header", "a second header came; the first message alone is one")
        self._size += len(request.chunk)
        if self._size > self._most:
            said = f"the header says {self._most} bytes" if self._header.size_bytes else "1 GiB is the most"
            raise self.refusal("header.size_bytes", f"{said}, and more came")

    def _write(self, file: BinaryIO, chunk: bytes) -> None:
        with disk.errors(self.path.parent, needed=self._header.size_bytes):
            file.write(chunk)
        self._digest.update(chunk)

    def _judge(self) -> None:
        header = self._header
        if not self._size:
            raise self.refusal("chunk", "no bytes came; an artifact has at least one")
        if header.size_bytes and self._size != header.size_bytes:
            told = f"the header says {header.size_bytes} bytes, and {self._size} came"
            raise self.refusal("header.size_bytes", told)
        if header.sha256 and self.sha256 != header.sha256:
            told = f"the header says the SHA-256 {header.sha256}, and bytes of {self.sha256} came"
            raise self.refusal("header.sha256", told)


async def _header(requests: AsyncIterator[pb.UploadRequest]) -> pb.UploadHeader:
    """The first message.

    Raises:
        InvalidRequest: There is none, or it is not a header.
    """
    first = await _next(requests)
    if first is None or first.WhichOneof("part") != "header":
        told = "the first message must be the header"
        raise InvalidRequest(f"Nothing was stored: {told}.", violations=[Violation("header", told)])
    return first.header


async def _next(requests: AsyncIterator[pb.UploadRequest]) -> pb.UploadRequest | None:
    """The next message, None at the end; Deadline when none comes."""
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            return await anext(requests, None)
    except TimeoutError:
        raise Deadline(f"The upload sent nothing for {SILENCE_SECONDS:g} seconds. Upload again.") from None


def _pieces(store: Store, artifact: Artifact, start: int) -> AsyncGenerator[bytes, None]:
    """A store's pieces, as a generator that can be closed."""

    async def pieces() -> AsyncGenerator[bytes, None]:
        async for piece in store.open(artifact, start=start):
            yield piece

    return pieces()


def _length(artifact: Artifact, offset: int, length: int) -> int:
    """How many bytes a range has.

    Raises:
        InvalidRequest: It goes beyond the artifact's end.
    """
    size = artifact.size_bytes
    if offset < size and offset + length <= size:
        return length or size - offset
    field, told = "offset", f"the artifact has {size} bytes, and byte {offset} is not one of them"
    if offset < size:
        field = "length"
        told = f"of the artifact's {size} bytes {size - offset} follow byte {offset}, not {length}"
    raise InvalidRequest(f"The range goes beyond the end: {told}.", violations=[Violation(field, told)])


def room(store: Store) -> Room:
    """ArtifactService over a store."""
    servicer = ArtifactServicer(store, scratch=home() / "scratch")
    return Room(
        service="storyreel.artifact.v1.ArtifactService",
        add=partial(pb_grpc.add_ArtifactServiceServicer_to_server, servicer),
        limits={
            "Upload": MethodLimits(seconds=1800, at_once=16),
            "Download": MethodLimits(seconds=3600, at_once=64),
            "GetUrl": MethodLimits(seconds=60, at_once=64),
        },
        start=_nothing,
        close=_nothing,
    )


async def _nothing() -> None:
    """ArtifactService owns nothing that starts or stops."""
