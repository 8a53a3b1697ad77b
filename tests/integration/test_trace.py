"""One trace per job: from the command through the engine to the processes that draw."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from orchestrator.engine import connect
from orchestrator.local_engine import LocalEngine
from tests.e2e.command import Home
from tests.integration.collector import collecting, orphans


async def test_everything_that_is_done_for_a_render_is_one_trace_without_a_gap(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A trace\n\nOne paragraph, drawn and spoken.\n")

    async with collecting() as collector:
        home = Home(tmp_path / "home", collector.settings)
        command = ("render", str(tmp_path / "a.md"), "-o", str(tmp_path / "a.mp4"), "--size", "720p")
        ran = await asyncio.to_thread(home.run, *command)

    assert ran.code == 0, ran.err
    roots = Counter(span.name for span in collector.spans if not span.parent)
    assert roots == {"command.run": 1}
    assert len({span.trace for span in collector.spans}) == 1
    assert orphans(collector.spans) == []
    names = {span.name for span in collector.spans}
    assert names >= {
        "storyreel.job.v1.JobService/CreateJob",
        "RunWorkflow:JobWorkflow",
        "RunActivity:DrawCard",
        "storyreel.cards.v1.CardService/DrawCard",
        "child.call",
        "RunActivity:Publish",
    }


async def test_jobs_are_traced_through_the_engine_only_when_there_is_an_endpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with LocalEngine(tmp_path).use() as address:
        without = await connect(address)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
        traced = await connect(address)

    assert list(without.config()["interceptors"]) == []
    assert len(traced.config()["interceptors"]) == 1
