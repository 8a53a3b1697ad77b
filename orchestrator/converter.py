"""How messages lie in a workflow's history: protobuf as JSON that survives fields it does not know."""

from __future__ import annotations

from temporalio.converter import (
    BinaryNullPayloadConverter,
    BinaryPlainPayloadConverter,
    CompositePayloadConverter,
    DataConverter,
    JSONPlainPayloadConverter,
    JSONProtoPayloadConverter,
)


class Payloads(CompositePayloadConverter):
    """The SDK's converters, with unknown fields ignored: raising on them would break rolling upgrades."""

    def __init__(self) -> None:
        super().__init__(
            BinaryNullPayloadConverter(),
            BinaryPlainPayloadConverter(),
            JSONProtoPayloadConverter(ignore_unknown_fields=True),
            JSONPlainPayloadConverter(),
        )


CONVERTER = DataConverter(payload_converter_class=Payloads)
"""The one converter of clients and workers."""
