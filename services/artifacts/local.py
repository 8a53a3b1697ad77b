"""The artifact store of one machine: a folder in which a file's name is the digest of its content."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from services.artifacts import disk, keys, records
from services.artifacts.store import DIGEST, LOCAL_TENANT, Artifact
from services.chassis import telemetry
from services.chassis.errors import ArtifactCorrupt, ArtifactMissing, Configuration

REMEMBERED = 4096
"""How many verified files are remembered, so that a file used often is not hashed as often."""

Identity = tuple[int, int, int, int, int]
"""What changes when a file does: device, inode, size, time of its content, time of its inode (ns)."""


class LocalStore:
    """Bytes in files under `root`; stages read them where they lie.

    Objects are written under another name, synced, and renamed; they are never changed afterwards
    (mode 0444, less the umask). What is read whole is hashed, and moved to `<root>/corrupt` when it is
    not what its name says.
    """

    def __init__(self, root: Path, *, tenant: str = LOCAL_TENANT) -> None:
        self.root = root
        self.tenant = keys.checked_tenant(tenant)
        self._swept = False
        self._verified: OrderedDict[Path, Identity] = OrderedDict()

    async def put_file(self, path: Path, *, media_type: str) -> Artifact:
        """Store a copy of a file; the file stays the caller's and must not change meanwhile."""
        return await asyncio.to_thread(self._put_file, path, keys.checked_media_type(media_type))

    async def put_bytes(self, data: bytes, *, media_type: str) -> Artifact:
        """Store bytes; the empty string is refused with ValueError."""
        return await asyncio.to_thread(self._put_bytes, data, keys.checked_media_type(media_type))

    async def fetch(self, artifact: Artifact, to: Path) -> None:
        """Write the bytes to a new file, verified, and only then under its name."""

        def work() -> None:
            place = disk.errors(to.parent, remedy=disk.TARGET, needed=artifact.size_bytes)
            with place, disk.new_file(to) as file:
                self._read(artifact, file.write)

        await asyncio.to_thread(work)

    async def read(self, artifact: Artifact, *, limit: int = 4 << 20) -> bytes:
        """The verified bytes of an artifact of at most `limit` bytes; InvalidRequest above it."""
        keys.checked_limit(artifact, limit)
        pieces: list[bytes] = []
        await asyncio.to_thread(self._read, artifact, pieces.append)
        return b"".join(pieces)

    @asynccontextmanager
    async def path(self, artifact: Artifact) -> AsyncIterator[Path]:
        """The object's own file, verified now or since it last changed; it must not be written to."""
        yield await asyncio.to_thread(self._verified_path, artifact)

    async def open(self, artifact: Artifact, *, start: int = 0) -> AsyncIterator[bytes]:
        """The bytes from `start` on, in pieces of at most 1 MiB; verified when read from 0 to the end."""
        if not 0 <= start <= artifact.size_bytes:
            raise ValueError(f"{start} is outside the {artifact.size_bytes} bytes of {artifact.uri}")
        file = await asyncio.to_thread(self._open, artifact)
        with file:
            file.seek(start)
            digest = hashlib.sha256()
            while piece := await asyncio.to_thread(self._piece, file, digest.update):
                yield piece
            if start == 0:
                await asyncio.to_thread(self._judge, artifact, file, digest.hexdigest())
            elif (stored := os.fstat(file.fileno()).st_size) != artifact.size_bytes:
                raise keys.missing(artifact, stored_bytes=stored)

    async def exists(self, artifact: Artifact) -> bool:
        """Tell whether the bytes are there, without reading them."""

        def work() -> bool:
            with disk.errors(self.root):
                return self._stored_bytes(artifact.sha256) == artifact.size_bytes

        return artifact.tenant == self.tenant and await asyncio.to_thread(work)

    async def delete(self, artifact: Artifact) -> None:
        """Remove the bytes; nothing there, or another tenant's, is not an error."""

        def work() -> None:
            with disk.errors(self.root):
                self._object(artifact.sha256).unlink(missing_ok=True)

        if artifact.tenant == self.tenant:
            await asyncio.to_thread(work)

    async def presign(self, artifact: Artifact, *, ttl: timedelta) -> str:
        """Refused: files have no URL."""
        raise Configuration(
            "This store keeps files and makes no URLs. Download the artifact, or set STORYREEL_STORE=s3."
        )

    async def get_result(self, stage: str, digest: str) -> bytes | None:
        """The stored reply for a request digest, or None; a damaged record is a miss."""
        place = self.root / keys.result_key(self.tenant, stage, digest)

        def work() -> bytes | None:
            with disk.errors(self.root):
                try:
                    record = place.read_bytes()
                except FileNotFoundError:
                    return None
            return records.opened(stage, digest, record)

        return await asyncio.to_thread(work)

    async def put_result(self, stage: str, digest: str, reply: bytes) -> None:
        """Store the reply for a request digest, replacing an older one."""
        place = self.root / keys.result_key(self.tenant, stage, digest)

        def work() -> None:
            with disk.errors(self.root), self._new_file(place) as file:
                file.write(records.sealed(stage, digest, reply))

        await asyncio.to_thread(work)

    async def results(self, stage: str) -> Sequence[bytes]:
        """Every stored reply of a stage, in no order; damaged records are left out."""
        folder = self.root / keys.results_prefix(self.tenant, stage)

        def work() -> Sequence[bytes]:
            with disk.errors(self.root):
                places = [place for place in folder.glob("*/*") if DIGEST.fullmatch(place.name)]
                found = [records.opened(stage, place.name, place.read_bytes()) for place in places]
            return [reply for reply in found if reply is not None]

        return await asyncio.to_thread(work)

    def _new_file(self, place: Path, *, mode: int = 0o666) -> AbstractContextManager[BinaryIO]:
        """A new file of the store; the first one of a process takes away what killed ones left."""
        unfinished = self.root / "unfinished"
        if not self._swept:
            self._swept = True
            disk.sweep(unfinished)
        return disk.new_file(place, mode=mode, unfinished=unfinished)

    def _object(self, sha256: str) -> Path:
        return self.root / keys.object_key(self.tenant, sha256)

    def _stored_bytes(self, sha256: str) -> int | None:
        try:
            return self._object(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def _holds(self, sha256: str, size: int) -> bool:
        """Tell whether the bytes are there, read now or since they last changed; others are set aside."""
        if self._stored_bytes(sha256) is None:
            return False
        try:
            self._verified_path(Artifact.of(self.tenant, sha256, size_bytes=size, media_type=""))
        except (ArtifactMissing, ArtifactCorrupt):
            telemetry.log.warning("artifact.replaced", sha256=sha256, size_bytes=size)
            return False
        return True

    def _put_bytes(self, data: bytes, media_type: str) -> Artifact:
        if not data:
            raise ValueError("an artifact has at least one byte")
        sha256 = hashlib.sha256(data).hexdigest()
        with disk.errors(self.root):
            if not self._holds(sha256, len(data)):
                with self._new_file(self._object(sha256), mode=0o444) as file:
                    file.write(data)
        return Artifact.of(self.tenant, sha256, size_bytes=len(data), media_type=media_type)

    def _put_file(self, path: Path, media_type: str) -> Artifact:
        with path.open("rb") as source:
            sha256 = hashlib.file_digest(source, "sha256").hexdigest()
            size = source.tell()
            if size == 0:
                raise ValueError(f"{path} is empty; an artifact has at least one byte")
            with disk.errors(self.root):
                if not self._holds(sha256, size):
                    self._copy(source, sha256)
        return Artifact.of(self.tenant, sha256, size_bytes=size, media_type=media_type)

    def _copy(self, source: BinaryIO, sha256: str) -> None:
        digest = hashlib.sha256()
        source.seek(0)
        with self._new_file(self._object(sha256), mode=0o444) as file:
            while piece := source.read(disk.PIECE):
                digest.update(piece)
                file.write(piece)
            if digest.hexdigest() != sha256:
                raise ValueError(f"{source.name} changed while it was stored")

    def _open(self, artifact: Artifact) -> BinaryIO:
        if artifact.tenant != self.tenant:
            raise keys.missing(artifact)
        with disk.errors(self.root):
            try:
                return self._object(artifact.sha256).open("rb")
            except FileNotFoundError:
                raise keys.missing(artifact) from None

    def _piece(self, file: BinaryIO, seen: Callable[[bytes], object]) -> bytes:
        with disk.errors(self.root):
            piece = file.read(disk.PIECE)
        seen(piece)
        return piece

    def _read(self, artifact: Artifact, use: Callable[[bytes], object]) -> None:
        """Hand on at most the artifact's bytes, then judge what was there."""
        with self._open(artifact) as file:
            digest, left = hashlib.sha256(), artifact.size_bytes
            while piece := self._piece(file, digest.update):
                use(piece[:left])
                left = max(0, left - len(piece))
            self._judge(artifact, file, digest.hexdigest())

    def _judge(self, artifact: Artifact, file: BinaryIO, found: str) -> None:
        """Accept a file that was read to its end, or set it aside."""
        with disk.errors(self.root):
            size = os.fstat(file.fileno()).st_size
            if found == artifact.sha256:
                if size != artifact.size_bytes:
                    raise keys.missing(artifact, stored_bytes=size)
                return
            aside = self.root / keys.corrupt_key(self.tenant, artifact.sha256)
            self._set_aside(self._object(artifact.sha256), aside, os.fstat(file.fileno()).st_ino)
        raise ArtifactCorrupt(
            f"The {size} bytes stored for {artifact.uri} have the digest {found}. They were set aside "
            f"as {aside}; repeat the call that made the artifact.",
            metadata={"uri": artifact.uri, "found": found},
        )

    def _set_aside(self, place: Path, aside: Path, inode: int) -> None:
        disk.make_folder(aside.parent)
        try:
            # Somebody may have put the right bytes there since: those stay.
            if place.stat().st_ino == inode:
                place.replace(aside)
        except FileNotFoundError:
            return  # another reader was first

    def _verified_path(self, artifact: Artifact) -> Path:
        place = self._object(artifact.sha256)
        with self._open(artifact) as file:
            before = _identity(file)
            if self._verified.get(place) == before and before[2] == artifact.size_bytes:
                return place
            digest = hashlib.sha256()
            while self._piece(file, digest.update):
                pass
            self._judge(artifact, file, digest.hexdigest())
            if _identity(file) == before:
                self._verified[place] = before
                while len(self._verified) > REMEMBERED:
                    self._verified.popitem(last=False)
        return place


def _identity(file: BinaryIO) -> Identity:
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
