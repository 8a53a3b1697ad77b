"""Listing and forgetting jobs, on a real engine with stages that do no work."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from orchestrator import jobs
from orchestrator.activities import Activities
from orchestrator.engine import connect
from orchestrator.job import with_defaults
from orchestrator.jobs import Jobs
from orchestrator.local_engine import LocalEngine
from orchestrator.publication import record_key
from orchestrator.worker import worker
from services.artifacts.local import LocalStore
from services.chassis.errors import InvalidRequest, JobNotFound, JobState, UnknownVoice
from storyreel.job.v1 import job_pb2
from tests.integration.noop_stages import NoOp, serve


class Desk:
    """Jobs of an engine of their own, and the stages that work for them."""

    def __init__(self, jobs: Jobs, noop: NoOp, store: LocalStore) -> None:
        self.jobs, self.noop, self.store = jobs, noop, store

    async def create(self, *, plan: bool = False) -> str:
        """Start a job; its name."""
        source = job_pb2.Source(artifact=self.noop.artifact, name="noop.md")
        job = job_pb2.Job(source=source, settings=with_defaults(job_pb2.Settings()), plan_only=plan)
        return (await self.jobs.create(job, request_id="")).name

    async def end(self, name: str) -> job_pb2.Job:
        """Follow a job to its end."""
        return [job async for job in self.jobs.watch(name)][-1]

    async def listed(self, states: dict[str, int]) -> list[str]:
        """The names listed, once the engine lists these states: it does so with a short delay."""
        for _ in range(600):
            jobs, _token = await self.jobs.page(200, "", plans=False)
            if {job.name: job.state for job in jobs} == states:
                return [job.name for job in jobs]
            await asyncio.sleep(0.02)
        raise AssertionError(f"the engine lists {jobs}")


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = LocalStore(tmp_path / "store")
    noop = NoOp(store, 1)
    await noop.prepare()
    async with AsyncExitStack() as stack:
        client = await connect(await stack.enter_async_context(LocalEngine(tmp_path / "engine").use()))
        sockets = stack.enter_context(tempfile.TemporaryDirectory())
        stages, _ = await stack.enter_async_context(serve(noop, Path(sockets)))
        await stack.enter_async_context(worker(client, Activities(stages, store), calls_at_once=8))
        yield Desk(Jobs(client, store), noop, store)


async def test_jobs_are_listed_by_creation_whatever_ended_last(desk: Desk) -> None:
    desk.noop.progress_seconds = 60
    first, second, third = [await desk.create() for _ in range(3)]
    while desk.noop.calls["DrawCard"] < 3:
        await asyncio.sleep(0.05)
    for name in (third, second, first):
        await desk.jobs.cancel(name)

    names = await desk.listed(dict.fromkeys((first, second, third), job_pb2.STATE_CANCELLED))

    assert names == [third, second, first]


async def test_a_job_is_watched_to_its_end_though_its_engine_was_silent(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ANSWER_SECONDS", 0.5)
    desk.noop.progress_seconds = 2
    engine = LocalEngine(tmp_path / "engine").running()
    assert engine is not None
    name = await desk.create()
    watching = asyncio.create_task(desk.end(name))
    while not desk.noop.calls["DrawCard"]:
        await asyncio.sleep(0.05)

    os.kill(engine.pid, signal.SIGSTOP)
    await asyncio.sleep(3)
    os.kill(engine.pid, signal.SIGCONT)
    ended = await watching

    assert ended.state == job_pb2.STATE_SUCCEEDED


async def test_a_job_that_was_handed_in_while_its_engine_was_silent_is_one_job(
    desk: Desk, tmp_path: Path
) -> None:
    engine = LocalEngine(tmp_path / "engine").running()
    assert engine is not None
    os.kill(engine.pid, signal.SIGSTOP)
    creating = asyncio.create_task(desk.create())
    await asyncio.sleep(1)
    os.kill(engine.pid, signal.SIGCONT)

    name = await creating

    assert (await desk.end(name)).state == job_pb2.STATE_SUCCEEDED
    await desk.listed({name: job_pb2.STATE_SUCCEEDED})


async def test_a_resumed_job_is_listed_once_as_its_newest_run_and_forgotten_whole(desk: Desk) -> None:
    def refuses(rpc: str, request: Any) -> None:
        if rpc == "ChooseVoice":
            raise UnknownVoice("There is no voice nobody.")

    desk.noop.fault = refuses
    resumed = await desk.create()
    await desk.end(resumed)
    desk.noop.fault = lambda rpc, request: None
    newer = await desk.create()
    await desk.end(newer)
    await desk.jobs.resume(resumed)
    await desk.end(resumed)

    both = await desk.listed(dict.fromkeys((resumed, newer), job_pb2.STATE_SUCCEEDED))
    await desk.jobs.delete(resumed)
    left = await desk.listed({newer: job_pb2.STATE_SUCCEEDED})

    assert both == [newer, resumed]
    assert left == [newer]


async def test_pages_are_full_when_plans_lie_between_and_the_last_has_no_token(desk: Desk) -> None:
    jobs = []
    for plan in (False, True, True, False, True, False):
        name = await desk.create(plan=plan)
        await desk.end(name)
        jobs += [] if plan else [name]
    await desk.listed(dict.fromkeys(jobs, job_pb2.STATE_SUCCEEDED))

    pages, token = [], ""
    while True:
        page, token = await desk.jobs.page(2, token, plans=False)
        pages.append([job.name for job in page])
        if not token:
            break

    assert pages == [[jobs[2], jobs[1]], [jobs[0]]]


@pytest.mark.parametrize("token", ["next", "-1", "٣", "9" * 5000])
async def test_a_token_that_was_never_given_out_is_refused(desk: Desk, token: str) -> None:
    with pytest.raises(InvalidRequest, match="page token"):
        await desk.jobs.page(10, token, plans=True)


async def test_a_deleted_job_is_gone_also_from_the_record(desk: Desk) -> None:
    name = await desk.create()
    await desk.end(name)
    kept = await desk.store.get_result("jobs", record_key(name))

    await desk.jobs.delete(name)

    assert kept
    with pytest.raises(JobNotFound):
        await desk.jobs.get(name)
    for refused in (desk.jobs.delete, desk.jobs.resume, desk.jobs.cancel):
        with pytest.raises(JobNotFound):
            await refused(name)


async def test_a_job_only_the_record_knows_is_deleted_too(desk: Desk) -> None:
    old = job_pb2.Job(name="jobs/0123456789ab", state=job_pb2.STATE_SUCCEEDED)
    await desk.store.put_result("jobs", record_key(old.name), old.SerializeToString())
    known = await desk.jobs.get(old.name)

    await desk.jobs.delete(old.name)

    assert known == old
    with pytest.raises(JobNotFound):
        await desk.jobs.get(old.name)


async def test_a_running_job_is_not_deleted(desk: Desk) -> None:
    desk.noop.progress_seconds = 60
    name = await desk.create()
    while not desk.noop.calls["DrawCard"]:
        await asyncio.sleep(0.05)

    with pytest.raises(JobState, match="cancel it first"):
        await desk.jobs.delete(name)

    assert (await desk.jobs.cancel(name)).state == job_pb2.STATE_CANCELLED
