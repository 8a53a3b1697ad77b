"""ArtifactService from the caller's side; raises the errors the service raised."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import grpc

from services.artifacts import disk, keys, wire
from services.artifacts.store import Artifact
from services.chassis.channel import errors
from services.chassis.errors import ArtifactCorrupt, Draining, Unreachable
from storyreel.artifact.v1 import artifact_service_pb2 as pb
from storyreel.artifact.v1 import artifact_service_pb2_grpc as pb_grpc

CHUNK = 512 << 10
"""Bytes of a message's chunk, at most; the contract's limit."""


class ArtifactClient:
    """Puts bytes into a store elsewhere and fetches them, over a channel that the caller closes."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.ArtifactServiceStub(channel)

    async def put_bytes(self, data: bytes, *, media_type: str) -> Artifact:
        """Upload bytes; the empty string is refused with ValueError.

        Raises:
            StoreFull: The store, or the server's disk, is full.
        """
        if not data:
            raise ValueError("an artifact has at least one byte")
        sha256 = hashlib.sha256(data).hexdigest()
        header = pb.UploadHeader(media_type=media_type, size_bytes=len(data), sha256=sha256)
        return await self._upload(io.BytesIO(data), header)

    async def put_file(self, path: Path, *, media_type: str) -> Artifact:
        """Upload a file, which must not change meanwhile; an empty one is refused with ValueError.

        Raises:
            StoreFull: The store, or the server's disk, is full.
        """
        with path.open("rb") as file:
            sha256 = (await asyncio.to_thread(hashlib.file_digest, file, "sha256")).hexdigest()
            size = file.seek(0, io.SEEK_END)
            if not size:
                raise ValueError(f"{path} is empty; an artifact has at least one byte")
            file.seek(0)
            header = pb.UploadHeader(media_type=media_type, size_bytes=size, sha256=sha256)
            return await self._upload(file, header)

    async def fetch(self, artifact: Artifact, to: Path) -> None:
        """Download the bytes to a new file, verified, and only then under its name.

        Raises:
            ArtifactMissing: It is not in the store.
            ArtifactCorrupt: Other bytes came.
            StoreFull: The disk is full.
        """
        with (
            disk.errors(to.parent, remedy=disk.TARGET, needed=artifact.size_bytes),
            disk.new_file(to) as file,
        ):
            await self._download(artifact, file.write)

    async def read(self, artifact: Artifact, *, limit: int = 4 << 20) -> bytes:
        """The verified bytes of an artifact of at most `limit` bytes; InvalidRequest above it.

        Raises:
            ArtifactMissing: It is not in the store.
            ArtifactCorrupt: Other bytes came.
        """
        keys.checked_limit(artifact, limit)
        pieces: list[bytes] = []
        await self._download(artifact, pieces.append)
        return b"".join(pieces)

    async def get_url(self, artifact: Artifact) -> tuple[str, datetime]:
        """A URL that reads the bytes without a key, and when it stops to work (UTC).

        Raises:
            ArtifactMissing: It is not in the store.
            Configuration: The store makes no URLs.
        """
        with errors():
            reply = await self._stub.GetUrl(pb.GetUrlRequest(artifact=wire.to_proto(artifact)))
        return reply.url, reply.expire_time.ToDatetime()

    async def _upload(self, source: BinaryIO, header: pb.UploadHeader) -> Artifact:
        with errors():
            reply = await self._stub.Upload(_requests(source, header))
        return wire.from_proto(reply.artifact)

    async def _download(self, artifact: Artifact, use: Callable[[bytes], object]) -> None:
        """Hand on the artifact's bytes; a connection that breaks is made again, and goes on from there."""
        digest, size = hashlib.sha256(), 0
        while size < artifact.size_bytes:
            before = size
            try:
                async with aclosing(self._chunks(artifact, offset=size)) as chunks:
                    async for chunk in chunks:
                        await asyncio.to_thread(use, chunk)
                        digest.update(chunk)
                        size += len(chunk)
            except (Unreachable, Draining):
                if size == before:
                    raise
            else:
                break
        if (size, digest.hexdigest()) != (artifact.size_bytes, artifact.sha256):
            raise ArtifactCorrupt(
                f"Of {artifact.uri} ({artifact.size_bytes} bytes) {size} bytes with the digest "
                f"{digest.hexdigest()} came. Try again.",
                metadata={"uri": artifact.uri, "found": digest.hexdigest()},
            )

    async def _chunks(self, artifact: Artifact, *, offset: int) -> AsyncGenerator[bytes, None]:
        request = pb.DownloadRequest(artifact=wire.to_proto(artifact), offset=offset)
        with errors():
            async for reply in self._stub.Download(request):
                yield reply.chunk


async def _requests(source: BinaryIO, header: pb.UploadHeader) -> AsyncIterator[pb.UploadRequest]:
    yield pb.UploadRequest(header=header)
    while chunk := await asyncio.to_thread(source.read, CHUNK):
        yield pb.UploadRequest(chunk=chunk)
