"""The long-lived processes."""

from __future__ import annotations

from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from orchestrator.__main__ import _healthy, main
from orchestrator.roles import POOLS
from orchestrator.settings import OrchestratorSettings
from orchestrator.stages import pool_queue
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


@pytest.mark.parametrize(
    ("words", "has", "lacks"),
    [
        (["--help"], ["serve ", "worker ", "pool ", "ROLE --help"], ["STORYREEL_"]),
        (
            ["serve", "--help"],
            ["STORYREEL_ORCHESTRATOR_ADDRESS (default: 127.0.0.1:50050)\n      Where `serve`", "_S3_BUCKET"],
            ["NAME is"],
        ),
        (
            ["worker", "--help"],
            ["STORYREEL_ORCHESTRATOR_TTS", "_S3_BUCKET", "example:"],
            ["NAME is", "_POOLS"],
        ),
        (
            ["pool", "--help"],
            [
                *(f"  {pool}  " for pool in POOLS),
                *(pool_queue(pool, plans=plans) for pool in POOLS for plans in (False, True)),
                "STORYREEL_GENERATION_DEVICE=cuda",
                "STORYREEL_ORCHESTRATOR_POOL_GRACE_SECONDS",
                "orchestrator pool t2v ti2v",
            ],
            ["STORYREEL_S3_BUCKET", "STORYREEL_ORCHESTRATOR_TTS"],
        ),
    ],
)
def test_each_role_has_a_help_of_its_own_with_what_it_reads(
    words: list[str],
    has: list[str],
    lacks: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["orchestrator", *words])

    with pytest.raises(SystemExit) as caught:
        main()

    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert [part for part in has if part not in said] == []
    assert [part for part in lacks if part in said] == []
    written = said.partition("\noptions:")[0]
    assert max(map(len, written.splitlines())) <= 97


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cook"], "'cook'"),
        (["serve", "--fast"], "--fast"),
        ([], "serve, worker, pool"),
        (["worker", "t2v"], "t2v"),
        (["pool"], "t2v, i2v, ti2v"),
        (["pool", "X 2V"], "'X 2V' is not the name of a pool"),
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
