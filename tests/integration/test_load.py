"""Jobs on a machine that gives them little time: busy stages, slow stores, killed workers, many watchers."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from orchestrator.presence import Workers, relieve
from services.artifacts.local import LocalStore
from services.artifacts.store import Artifact
from services.chassis.errors import Overloaded
from storyreel.job.v1 import job_pb2
from tests.integration.noop_reel import Reel, engine, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

SILENCE = timedelta(seconds=2)
"""The limit of these tests' heartbeats."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with engine() as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def reel(client: Client, tmp_path: Path) -> AsyncIterator[Reel]:
    async with running(client, tmp_path, scenes=2) as reel:
        yield reel


class SlowStore(LocalStore):
    """A store each of whose writes takes longer than the heartbeats' limit; it counts them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.puts: Counter[bytes] = Counter()

    async def put_bytes(self, data: bytes, *, media_type: str) -> Artifact:
        """Store bytes, slowly."""
        self.puts[data] += 1
        await asyncio.sleep(1.5 * SILENCE.total_seconds())
        return await super().put_bytes(data, media_type=media_type)


def job_of(reel: Reel, *, silence: timedelta = SILENCE) -> job_pb2.Job:
    """A job whose calls may be silent for so long."""
    job = reel.job()
    job.settings.heartbeat_timeout.FromTimedelta(silence)
    return job


async def attempts(reel: Reel, job: job_pb2.Job) -> set[int]:
    """Which attempts the calls of a job took."""
    history = await reel.client.get_workflow_handle("job/" + job.name.removeprefix("jobs/")).fetch_history()
    started = EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED
    return {
        event.activity_task_started_event_attributes.attempt
        for event in history.events
        if event.event_type == started
    }


async def test_calls_are_not_given_to_others_while_the_event_loop_is_busy(reel: Reel) -> None:
    def blocks(rpc: str, request: Any) -> None:
        if rpc == "ParseDocument":
            time.sleep(2.5 * SILENCE.total_seconds())

    reel.noop.fault = blocks

    job = (await reel.run(job_of(reel)))[-1]

    assert job.state == job_pb2.STATE_SUCCEEDED
    assert await attempts(reel, job) == {1}
    assert reel.noop.calls["ParseDocument"] == 1


async def test_a_job_on_a_slow_store_writes_everything_once(client: Client, tmp_path: Path) -> None:
    store = SlowStore(tmp_path / "store")
    async with running(client, tmp_path, scenes=2, store=store) as reel:
        store.puts.clear()

        job = (await reel.run(job_of(reel)))[-1]

        assert job.state == job_pb2.STATE_SUCCEEDED
        assert await attempts(reel, job) == {1}
        assert set(store.puts.values()) == {1}


async def test_all_watchers_of_a_job_get_every_change_from_one_poller(reel: Reel) -> None:
    reel.noop.progress_seconds = 2
    job = await reel.jobs.create(reel.job(), request_id="")
    looked = reel.jobs.looks

    async def watch() -> list[bytes]:
        seen = [change async for change in reel.jobs.watch(job.name)]
        return [change.SerializeToString(deterministic=True) for change in seen]

    seen = await asyncio.gather(*(watch() for _ in range(256)))

    assert len({tuple(each) for each in seen}) == 1
    assert len(seen[0]) > 2
    assert reel.jobs.looks - looked < 256


async def test_the_calls_of_a_killed_worker_are_made_by_another_one(reel: Reel, tmp_path: Path) -> None:
    reached = asyncio.Event()
    workers = Workers(tmp_path)

    async def hangs(rpc: str, request: Any) -> None:
        if rpc == "ParseDocument" and not reached.is_set():
            reached.set()
            await asyncio.sleep(3600)

    reel.noop.fault = hangs
    job = await reel.jobs.create(job_of(reel, silence=timedelta(hours=1)), request_id="")
    await reached.wait()
    # Its lock is free, as a kill -9 leaves it; what it had taken is never answered.
    (tmp_path / "workers").mkdir()
    (tmp_path / "workers" / reel.client.identity).touch()
    relieving = asyncio.create_task(relieve(reel.client, workers))

    ended = [change async for change in reel.jobs.watch(job.name)][-1]

    relieving.cancel()
    assert ended.state == job_pb2.STATE_SUCCEEDED
    assert reel.noop.calls["ParseDocument"] == 2
    assert not workers.killed()


async def test_a_job_on_which_nobody_works_says_so_and_how_to_go_on(client: Client, tmp_path: Path) -> None:
    async with running(client, tmp_path, scenes=1) as reel:
        workers = Workers(tmp_path)
        jobs = type(reel.jobs)(client, reel.store, workers=workers)
        reel.noop.progress_seconds = 60
        job = await jobs.create(reel.job(), request_id="")

        alone = await jobs.get(job.name)
        with workers.join():
            attended = await jobs.get(job.name)
        await jobs.end()

    assert alone.waiting == f"Nobody works on this job. `storyreel resume {job.name}` goes on."
    assert not attended.waiting


@pytest.mark.parametrize("most", [2, 4])
async def test_a_call_is_repeated_as_often_as_the_jobs_settings_allow(reel: Reel, most: int) -> None:
    def away(rpc: str, request: Any) -> None:
        if rpc == "ChooseVoice":
            raise Overloaded("Too many calls.", retry_after=timedelta(milliseconds=10))

    reel.noop.fault = away
    job = reel.job()
    job.settings.call_attempts = most

    ended = (await reel.run(job))[-1]

    assert ended.state == job_pb2.STATE_FAILED
    assert reel.noop.calls["ChooseVoice"] == most
