"""The artifact store in an S3 bucket, the same on every S3."""

from __future__ import annotations

import asyncio
import hashlib
import io
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from services.artifacts import disk, keys, records
from services.artifacts.bucket import Bucket, Download
from services.artifacts.store import LOCAL_TENANT, Artifact
from services.chassis.errors import ArtifactCorrupt
from services.chassis.scratch import Scratch

T = TypeVar("T")

CALLS_AT_ONCE = 8
LONGEST_URL = timedelta(minutes=15)
GIVING_UP_SECONDS = 5.0
"""How long a cancelled call waits for its thread, which looks up between two pieces."""
RECORD = "application/octet-stream"


class _Stopped(Exception):
    """The caller of a running transfer has gone."""


class S3Store:
    """Bytes as objects of one bucket, which must exist; the SDK runs in threads of the store's own.

    Nothing is written conditionally: an object's key is its content, so that writing twice is harmless.
    What has the right length and another ETag than these bytes would get is written again: that costs no
    download, but does not see bytes that changed on the server's disk, which readers do.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        bucket: str,
        access_key: str,
        secret_key: str,
        secure: bool = True,
        region: str = "us-east-1",
        tenant: str = LOCAL_TENANT,
        scratch: Path | None = None,
    ) -> None:
        """Connect to nothing yet.

        Args:
            endpoint: `host:port`.
            scratch: Where `path` puts files; the system's folder for temporary files by default.
        """
        self.tenant = keys.checked_tenant(tenant)
        self._scratch = scratch or Path(tempfile.gettempdir())
        self._threads = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="s3")
        self._bucket = Bucket(
            endpoint,
            bucket,
            access_key=access_key,
            secret_key=secret_key,
            secure=secure,
            region=region,
            connections=CALLS_AT_ONCE,
        )

    async def close(self) -> None:
        """End the threads and the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self._bucket.close()

    async def put_file(self, path: Path, *, media_type: str) -> Artifact:
        """Store a copy of a file, which must not change meanwhile."""
        keys.checked_media_type(media_type)

        def work(stop: threading.Event) -> Artifact:
            with path.open("rb") as source:
                digest = hashlib.sha256()
                while piece := source.read(disk.PIECE):
                    digest.update(piece)
                size = source.tell()
                if size == 0:
                    raise ValueError(f"{path} is empty; an artifact has at least one byte")
                source.seek(0)
                return self._put(source, digest.hexdigest(), size, media_type, stop)

        return await self._run(work)

    async def put_bytes(self, data: bytes, *, media_type: str) -> Artifact:
        """Store bytes; the empty string is refused with ValueError."""
        keys.checked_media_type(media_type)
        if not data:
            raise ValueError("an artifact has at least one byte")

        def work(stop: threading.Event) -> Artifact:
            sha256 = hashlib.sha256(data).hexdigest()
            return self._put(io.BytesIO(data), sha256, len(data), media_type, stop)

        return await self._run(work)

    async def fetch(self, artifact: Artifact, to: Path) -> None:
        """Write the bytes to a new file, verified, and only then under its name."""

        def work(stop: threading.Event) -> None:
            place = disk.errors(to.parent, remedy=disk.TARGET, needed=artifact.size_bytes)
            with place, disk.new_file(to) as file:
                self._read(artifact, file.write, stop)

        await self._run(work)

    async def read(self, artifact: Artifact, *, limit: int = 4 << 20) -> bytes:
        """The verified bytes of an artifact of at most `limit` bytes; InvalidRequest above it."""
        keys.checked_limit(artifact, limit)
        pieces: list[bytes] = []
        await self._run(lambda stop: self._read(artifact, pieces.append, stop))
        return b"".join(pieces)

    @asynccontextmanager
    async def path(self, artifact: Artifact) -> AsyncIterator[Path]:
        """The verified bytes as a file in the scratch folder, fetched now and removed in the end."""
        with disk.errors(self._scratch):
            folder = Scratch(self._scratch)
        with folder:
            place = folder.path / artifact.sha256
            await self.fetch(artifact, place)
            yield place

    async def open(self, artifact: Artifact, *, start: int = 0) -> AsyncIterator[bytes]:
        """The bytes from `start` on, in pieces of at most 1 MiB; verified when read from 0 to the end."""
        if not 0 <= start <= artifact.size_bytes:
            raise ValueError(f"{start} is outside the {artifact.size_bytes} bytes of {artifact.uri}")
        if start == artifact.size_bytes:
            return
        download = await self._run(lambda _: self._get(artifact, start=start))
        with download:
            digest, end = hashlib.sha256(), start
            while piece := await self._run(lambda _: download.read(disk.PIECE)):
                digest.update(piece)
                end += len(piece)
                yield piece
        if start == 0:
            await self._run(lambda _: self._judge(artifact, end, digest.hexdigest()))
        elif end != artifact.size_bytes:
            raise keys.missing(artifact, stored_bytes=end)

    async def exists(self, artifact: Artifact) -> bool:
        """Tell whether the bytes are there, without reading them."""
        if artifact.tenant != self.tenant:
            return False
        key = keys.object_key(self.tenant, artifact.sha256)
        return await self._run(lambda _: self._bucket.size(key) == artifact.size_bytes)

    async def delete(self, artifact: Artifact) -> None:
        """Remove the bytes; nothing there, or another tenant's, is not an error."""
        if artifact.tenant == self.tenant:
            key = keys.object_key(self.tenant, artifact.sha256)
            await self._run(lambda _: self._bucket.remove(key))

    async def presign(self, artifact: Artifact, *, ttl: timedelta) -> str:
        """A URL that reads the bytes, without a key, for 1 second to 15 minutes; ValueError outside."""
        if not timedelta(seconds=1) <= ttl <= LONGEST_URL:
            raise ValueError(f"a URL lives 1 to 900 seconds, not {ttl.total_seconds():g}")
        if not await self.exists(artifact):
            raise keys.missing(artifact)
        key = keys.object_key(self.tenant, artifact.sha256)
        return await self._run(lambda _: self._bucket.url(key, ttl=ttl))

    async def get_result(self, stage: str, digest: str) -> bytes | None:
        """The stored reply for a request digest, or None; a damaged record is a miss."""
        key = keys.result_key(self.tenant, stage, digest)

        def work(_: threading.Event) -> bytes | None:
            if (download := self._bucket.get(key)) is None:
                return None
            with download:
                record = download.read()
            return records.opened(stage, digest, record)

        return await self._run(work)

    async def put_result(self, stage: str, digest: str, reply: bytes) -> None:
        """Store the reply for a request digest, replacing an older one."""
        key = keys.result_key(self.tenant, stage, digest)
        record = records.sealed(stage, digest, reply)
        await self._run(lambda _: self._bucket.put(key, io.BytesIO(record), len(record), media_type=RECORD))

    async def results(self, stage: str) -> Sequence[bytes]:
        """Every stored reply of a stage, in no order; damaged records are left out."""
        prefix = keys.results_prefix(self.tenant, stage)
        digests = [key.rpartition("/")[2] for key in await self._run(lambda _: self._bucket.keys(prefix))]
        found = await asyncio.gather(*(self.get_result(stage, digest) for digest in digests))
        return [reply for reply in found if reply is not None]

    async def _run(self, work: Callable[[threading.Event], T]) -> T:
        """Run `work` in a thread of ours; a cancelled caller tells it to stop, and waits a little."""
        stop = threading.Event()

        def unless_stopped() -> T:
            if stop.is_set():
                raise _Stopped
            return work(stop)

        future = asyncio.get_running_loop().run_in_executor(self._threads, unless_stopped)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            stop.set()
            future.add_done_callback(_forget)
            await asyncio.wait({future}, timeout=GIVING_UP_SECONDS)
            raise

    def _put(
        self, source: BinaryIO, sha256: str, size: int, media_type: str, stop: threading.Event
    ) -> Artifact:
        key = keys.object_key(self.tenant, sha256)
        if not self._bucket.holds(key, source, size):
            source.seek(0)
            upload = cast(BinaryIO, _Upload(source, sha256, size, stop))
            self._bucket.put(key, upload, size, media_type=media_type)
        return Artifact.of(self.tenant, sha256, size_bytes=size, media_type=media_type)

    def _get(self, artifact: Artifact, *, start: int = 0) -> Download:
        if artifact.tenant != self.tenant:
            raise keys.missing(artifact)
        download = self._bucket.get(keys.object_key(self.tenant, artifact.sha256), start=start)
        if download is None:
            raise keys.missing(artifact)
        return download

    def _read(self, artifact: Artifact, use: Callable[[bytes], object], stop: threading.Event) -> None:
        """Hand on at most the artifact's bytes, then judge what was there."""
        with self._get(artifact) as download:
            digest, size = hashlib.sha256(), 0
            while piece := download.read(disk.PIECE):
                if stop.is_set():
                    raise _Stopped
                use(piece[: max(0, artifact.size_bytes - size)])
                digest.update(piece)
                size += len(piece)
        self._judge(artifact, size, digest.hexdigest())

    def _judge(self, artifact: Artifact, size: int, found: str) -> None:
        """Accept an object that was read to its end, or set it aside."""
        if found == artifact.sha256:
            if size != artifact.size_bytes:
                raise keys.missing(artifact, stored_bytes=size)
            return
        aside = keys.corrupt_key(self.tenant, artifact.sha256)
        self._bucket.move(keys.object_key(self.tenant, artifact.sha256), aside)
        raise ArtifactCorrupt(
            f"The {size} bytes stored for {artifact.uri} have the digest {found}. They were set aside "
            f"as {aside}; repeat the call that made the artifact.",
            metadata={"uri": artifact.uri, "found": found},
        )


def _forget(future: asyncio.Future[T]) -> None:
    """Look at the error of work that nobody waits for, or asyncio complains."""
    if not future.cancelled():
        future.exception()


class _Upload(io.RawIOBase):
    """A file being uploaded: at its end, before the object appears, its bytes must be those of the digest."""

    def __init__(self, source: BinaryIO, sha256: str, size: int, stop: threading.Event) -> None:
        self._source = source
        self._sha256 = sha256
        self._left = size
        self._stop = stop
        self._digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; ValueError at the end when the bytes are others than those hashed before."""
        if self._stop.is_set():
            raise _Stopped
        piece = self._source.read(self._left if size < 0 else min(size, self._left))
        self._digest.update(piece)
        self._left -= len(piece)
        if (self._left == 0 or not piece) and self._digest.hexdigest() != self._sha256:
            raise ValueError(f"the source of {self._sha256} changed while it was stored")
        return piece
