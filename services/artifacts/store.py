"""What an artifact store is: bytes under the digest of their content."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
DIGEST = re.compile(r"[0-9a-f]{64}")
LOCAL_TENANT = "local"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A reference to immutable bytes in the store; `uri` is `artifact://<tenant>/<sha256>`."""

    uri: str
    sha256: str
    size_bytes: int
    media_type: str

    def __post_init__(self) -> None:
        if self.uri != f"artifact://{self.tenant}/{self.sha256}" or not TENANT.fullmatch(self.tenant):
            raise ValueError(f"{self.uri!r} is not an artifact uri for {self.sha256!r}")
        if not DIGEST.fullmatch(self.sha256):
            raise ValueError(f"{self.sha256!r} is not a SHA-256")

    @property
    def tenant(self) -> str:
        """Whose artifact it is."""
        return self.uri.removeprefix("artifact://").partition("/")[0]

    @classmethod
    def of(cls, tenant: str, sha256: str, *, size_bytes: int, media_type: str) -> Artifact:
        """The reference to a tenant's bytes."""
        return cls(f"artifact://{tenant}/{sha256}", sha256, size_bytes, media_type)


class Artifacts(Protocol):
    """What callers do with artifacts; a store does it itself, a client asks ArtifactService to.

    Every method may raise `StoreUnavailable`; those that write `StoreFull`; those that read
    `ArtifactMissing`, and `ArtifactCorrupt` when the bytes are not those of the digest.
    """

    async def put_file(self, path: Path, *, media_type: str) -> Artifact:
        """Store a file's bytes."""
        ...

    async def put_bytes(self, data: bytes, *, media_type: str) -> Artifact:
        """Store bytes; the empty string is refused with ValueError."""
        ...

    async def fetch(self, artifact: Artifact, to: Path) -> None:
        """Write the bytes to a new file, verified, and only then under its name."""
        ...

    async def read(self, artifact: Artifact, *, limit: int = 4 << 20) -> bytes:
        """The verified bytes of an artifact of at most `limit` bytes."""
        ...


class Store(Artifacts, Protocol):
    """Bytes under the digest of their content; writes are atomic, durable and harmless to repeat.

    Its methods raise what those of Artifacts do.
    """

    tenant: str

    def path(self, artifact: Artifact) -> AbstractAsyncContextManager[Path]:
        """The verified bytes as a file that must not be written to, gone when the context ends."""
        ...

    def open(self, artifact: Artifact, *, start: int = 0) -> AsyncIterator[bytes]:
        """The bytes from `start` on, in pieces; verified when read from 0 to the end."""
        ...

    async def exists(self, artifact: Artifact) -> bool:
        """Tell whether the bytes are there, without reading them."""
        ...

    async def delete(self, artifact: Artifact) -> None:
        """Remove the bytes; nothing there is no error."""
        ...

    async def presign(self, artifact: Artifact, *, ttl: timedelta) -> str:
        """A URL that reads the bytes for at most 15 minutes; only S3 has one, others raise Configuration."""
        ...

    async def get_result(self, stage: str, digest: str) -> bytes | None:
        """The stored reply for a request digest, or None; kept beside the objects, not content-addressed."""
        ...

    async def put_result(self, stage: str, digest: str, reply: bytes) -> None:
        """Store the reply for a request digest, replacing an older one."""
        ...

    async def results(self, stage: str) -> Sequence[bytes]:
        """Every stored reply of a stage, in no order; damaged records are left out."""
        ...
