"""Whatever a contract test asks a service, every reply keeps the reply's own contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import protovalidate
import pytest
from google.protobuf.message import Message

from services.chassis.interceptor import Interceptor


@pytest.fixture(autouse=True)
def _replies_keep_their_contract(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Check each message that a server sends; the test fails at its end when one breaks a rule."""
    original, broken = Interceptor.intercept_service, list[str]()
    validator = protovalidate.Validator()

    async def checking(self: Interceptor, continuation: Any, details: Any) -> Any:
        handler = await original(self, continuation, details)
        serialize = getattr(handler, "response_serializer", None)
        if serialize is None:
            return handler

        def checked(reply: Message) -> Any:
            name = reply.DESCRIPTOR.full_name
            broken.extend(
                f"{name}: {found.proto.message or found.proto.rule_id} ({found.proto.field})"
                for found in validator.collect_violations(reply)
            )
            return serialize(reply)

        return handler._replace(response_serializer=checked)

    monkeypatch.setattr(Interceptor, "intercept_service", checking)
    yield
    assert broken == []
