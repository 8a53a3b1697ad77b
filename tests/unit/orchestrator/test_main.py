"""The long-lived processes."""

from __future__ import annotations

from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from orchestrator.__main__ import _healthy, main
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


@pytest.mark.parametrize("words", [["--help"], ["serve", "--help"], ["pool", "t2v", "--help"]])
def test_help_lists_the_settings(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["orchestrator", *words])

    with pytest.raises(SystemExit) as caught:
        main()

    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert "STORYREEL_ORCHESTRATOR_ADDRESS (default: 127.0.0.1:50050)\n      Where `serve`" in said
    assert "STORYREEL_S3_BUCKET" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cook"], "'cook'"),
        (["serve", "--fast"], "--fast"),
        (["worker", "t2v"], "a pool, and nothing else"),
        (["pool"], "t2v, i2v, ti2v"),
        (["pool", "x2v"], "'x2v' is no mode"),
    ],
)
def test_what_is_not_understood_is_refused_in_one_line(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["orchestrator", *words])

    with pytest.raises(SystemExit) as caught:
        main()

    err = capsys.readouterr().err
    assert (caught.value.code, err.count("\n")) == (2, 1)
    assert said.lower() in err.lower()
