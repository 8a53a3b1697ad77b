"""How a result record lies in a store: its digest, then the reply; no other bytes pass for a reply."""

from __future__ import annotations

import hashlib

from services.chassis import telemetry

_DIGEST_BYTES = hashlib.sha256().digest_size


def sealed(stage: str, digest: str, reply: bytes) -> bytes:
    """The record of a reply: 32 bytes of SHA-256 over its place and its bytes, then its bytes."""
    return _digest(stage, digest, reply) + reply


def opened(stage: str, digest: str, record: bytes) -> bytes | None:
    """The reply in a record; None, and a line in the log, when the record is damaged or of another place."""
    reply = record[_DIGEST_BYTES:]
    if record[:_DIGEST_BYTES] == _digest(stage, digest, reply):
        return reply
    telemetry.log.warning("result.damaged", stage=stage, digest=digest, size_bytes=len(record))
    return None


def _digest(stage: str, digest: str, reply: bytes) -> bytes:
    """The place counts, too: a record that was copied or restored to another one is not its reply."""
    return hashlib.sha256(f"{stage}/{digest}\n".encode() + reply).digest()
