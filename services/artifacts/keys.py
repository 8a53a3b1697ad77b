"""Where things lie in a store: names made of tenants and digests, never of what people wrote."""

from __future__ import annotations

import re

from services.artifacts.store import DIGEST, TENANT, Artifact
from services.chassis.errors import ArtifactMissing, InvalidRequest, Violation

STAGE = re.compile(r"[a-z][a-z0-9_]{0,31}")
MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]*")
LONGEST_MEDIA_TYPE = 100
"""Both are the contract's rules (artifact.proto)."""


def checked_tenant(tenant: str) -> str:
    """The tenant itself, or ValueError when it could leave its folder."""
    if not TENANT.fullmatch(tenant):
        raise ValueError(f"{tenant!r} is not a tenant: lower-case letters, digits and dashes, at most 63")
    return tenant


def checked_media_type(media_type: str) -> str:
    """The media type itself, or ValueError when the contract would refuse it."""
    if len(media_type) > LONGEST_MEDIA_TYPE or not MEDIA_TYPE.fullmatch(media_type):
        raise ValueError(f"{media_type[:LONGEST_MEDIA_TYPE]!r} is not a media type such as audio/flac")
    return media_type


def object_key(tenant: str, sha256: str) -> str:
    """The key of a tenant's bytes: `<tenant>/sha256/ab/<hex>`."""
    return f"{checked_tenant(tenant)}/sha256/{_checked_digest(sha256)[:2]}/{sha256}"


def result_key(tenant: str, stage: str, digest: str) -> str:
    """The key of a stored reply: `<tenant>/results/<stage>/ab/<digest>`."""
    return f"{results_prefix(tenant, stage)}{_checked_digest(digest)[:2]}/{digest}"


def results_prefix(tenant: str, stage: str) -> str:
    """What the keys of all stored replies of a stage begin with."""
    if not STAGE.fullmatch(stage):
        raise ValueError(f"{stage!r} is not a stage: lower-case letters, digits and underscores, at most 32")
    return f"{checked_tenant(tenant)}/results/{stage}/"


def corrupt_key(tenant: str, sha256: str) -> str:
    """Where bytes are kept that are not those of their digest: `corrupt/<tenant>/<hex>`."""
    return f"corrupt/{checked_tenant(tenant)}/{_checked_digest(sha256)}"


def checked_limit(artifact: Artifact, limit: int) -> None:
    """Refuse an artifact that is too large to be held in memory.

    Raises:
        InvalidRequest: It has more than `limit` bytes.
    """
    if artifact.size_bytes > limit:
        told = f"{artifact.size_bytes} bytes; at most {limit} may be read into memory here"
        raise InvalidRequest(
            f"The artifact {artifact.uri} has {told}.", violations=[Violation("size_bytes", told)]
        )


def missing(artifact: Artifact, *, stored_bytes: int | None = None) -> ArtifactMissing:
    """The error for a reference that leads nowhere, or to bytes of another length (`stored_bytes`)."""
    found = "" if stored_bytes is None else f" under that length: {stored_bytes} bytes are there"
    return ArtifactMissing(
        f"The artifact {artifact.uri} ({artifact.size_bytes} bytes, {artifact.media_type}) "
        f"is not in the store{found}. Repeat the call that made it.",
        metadata={"uri": artifact.uri, "size_bytes": str(artifact.size_bytes)},
    )


def _checked_digest(digest: str) -> str:
    if not DIGEST.fullmatch(digest):
        raise ValueError(f"{digest!r} is not a SHA-256 in lower-case hexadecimal")
    return digest
