"""The long-lived processes."""

from __future__ import annotations

from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from orchestrator.__main__ import _healthy
from orchestrator.settings import OrchestratorSettings
from services.chassis import channel
from services.chassis.settings import load


@pytest.mark.parametrize("asked", ["", "live", "ready", "startup"])
async def test_a_worker_answers_health_checks_where_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    address = f"unix:{tmp_path}/h.sock"
    monkeypatch.setenv("STORYREEL_ORCHESTRATOR_HEALTH_ADDRESS", address)

    async with _healthy(load(OrchestratorSettings)), channel.connect(address) as connection:
        stub = health_pb2_grpc.HealthStub(connection)  # type: ignore[no-untyped-call]
        reply = await stub.Check(health_pb2.HealthCheckRequest(service=asked))

    assert reply.status == health_pb2.HealthCheckResponse.SERVING
