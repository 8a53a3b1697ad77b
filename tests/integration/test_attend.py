"""A look at the engine while a command works with it: a real server, stopped and killed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client

from orchestrator import attend as module
from orchestrator.attend import attend
from orchestrator.engine import connect
from orchestrator.local_engine import LocalEngine
from services.chassis.errors import EngineUnavailable


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(module, "SILENT_SECONDS", 0.5)


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[tuple[LocalEngine, Client]]:
    engine = LocalEngine(tmp_path)
    async with engine.use() as address:
        yield engine, await connect(address)


def pid(engine: LocalEngine) -> int:
    running = engine.running()
    assert running is not None
    return running.pid


async def test_each_silence_is_told_once(engine: tuple[LocalEngine, Client]) -> None:
    local, client = engine
    told: asyncio.Queue[str] = asyncio.Queue()
    looking = asyncio.create_task(
        attend(client, "The engine", tell=told.put_nowait, alive=lambda: local.running() is not None)
    )

    lines = []
    for _ in range(2):
        os.kill(pid(local), signal.SIGSTOP)
        lines.append(await told.get())
        await asyncio.sleep(2)  # more looks at the same silence
        os.kill(pid(local), signal.SIGCONT)
        await asyncio.sleep(2)
    looking.cancel()

    assert lines == ["The engine does not answer. Waiting for it …"] * 2
    assert told.empty()


async def test_an_engine_that_has_ended_is_not_waited_for(engine: tuple[LocalEngine, Client]) -> None:
    local, client = engine
    looking = attend(client, "The engine", tell=lambda _: None, alive=lambda: local.running() is not None)
    os.kill(pid(local), signal.SIGKILL)

    with pytest.raises(EngineUnavailable, match="The engine has ended"):
        await looking
