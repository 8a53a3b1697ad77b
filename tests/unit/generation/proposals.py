"""What an error proposes, read as the contract's message."""

from __future__ import annotations

from google.protobuf.any_pb2 import Any

from services.chassis.errors import StoryreelError
from services.story import wire
from storyreel.generation.v1 import footage_pb2


def proposed(error: StoryreelError) -> footage_pb2.Retry:
    """The attempt that an error proposes, checked against its contract."""
    assert error.proposal is not None
    packed, retry = Any(type_url=error.proposal.type_url, value=error.proposal.value), footage_pb2.Retry()
    assert packed.Unpack(retry)
    return wire.decode(wire.encode(retry), footage_pb2.Retry)


def names(retry: footage_pb2.Retry) -> set[str]:
    """The fields of footage that an attempt changes."""
    return {field.name for field, _ in retry.values.ListFields()}
