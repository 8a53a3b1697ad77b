"""An artifact to and from the contract."""

from __future__ import annotations

from services.artifacts.store import Artifact
from storyreel.artifact.v1 import artifact_pb2


def to_proto(artifact: Artifact) -> artifact_pb2.Artifact:
    """The contract's form of a reference."""
    return artifact_pb2.Artifact(
        uri=artifact.uri,
        sha256=artifact.sha256,
        size_bytes=artifact.size_bytes,
        media_type=artifact.media_type,
    )


def from_proto(message: artifact_pb2.Artifact) -> Artifact:
    """The reference of a message; the message must be valid."""
    return Artifact(message.uri, message.sha256, message.size_bytes, message.media_type)
