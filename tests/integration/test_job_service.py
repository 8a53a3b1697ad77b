"""JobService over a socket: what it answers keeps the contract, and can be handed in again."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import protovalidate
import pytest
import pytest_asyncio

from orchestrator.client import JobClient
from orchestrator.servicer import room
from orchestrator.settings import OrchestratorSettings
from services.chassis import channel
from services.chassis.errors import StoreFull
from services.chassis.server import Server
from storyreel.job.v1 import job_pb2
from storyreel.job.v1.job_service_pb2 import ListJobsRequest, ListJobsResponse
from storyreel.job.v1.job_service_pb2_grpc import JobServiceStub
from tests.integration.footage import client, fails, reel, short_of_memory
from tests.integration.noop_reel import Reel

__all__ = ["client", "reel"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Desk:
    """JobService as its callers see it, and what works behind it."""

    def __init__(self, reel: Reel, jobs: JobClient, stub: Any) -> None:
        self.reel, self.jobs, self.stub = reel, jobs, stub

    async def create(self, *, plan: bool = False) -> job_pb2.Job:
        """Create a job whose second scene wishes for footage."""
        self.reel.noop.wish(2, "a lamp", steps=50)
        source = job_pb2.Source(artifact=self.reel.noop.artifact, name="noop.md")
        return await self.jobs.create(job_pb2.Job(source=source), plan_only=plan)

    async def run(self, *, plan: bool = False) -> list[job_pb2.Job]:
        """Create such a job; every answer about it to its end."""
        created = await self.create(plan=plan)
        changes = [change async for change in self.jobs.watch(created.name)]
        return [created, *changes, await self.jobs.get(created.name)]

    async def page(self, **request: Any) -> ListJobsResponse:
        """A page of jobs."""
        answer: ListJobsResponse = await self.stub.ListJobs(ListJobsRequest(**request))
        return answer


@pytest_asyncio.fixture(loop_scope="module")
async def desk(reel: Reel) -> AsyncIterator[Desk]:
    with tempfile.TemporaryDirectory() as sockets:
        settings = OrchestratorSettings(pools="t2v")
        server = Server([room(reel.jobs, reel.store, settings)], f"unix:{Path(sockets)}/jobs.sock")
        await server.start()
        async with channel.connect(server.bound) as connection:
            yield Desk(reel, JobClient(connection), JobServiceStub(connection))
        await server.stop(0)


async def test_every_job_that_is_answered_keeps_the_contract(desk: Desk) -> None:
    desk.reel.noop.progress_seconds = 1.2
    fails(desk.reel, short_of_memory(1))
    succeeded = await desk.run()
    planned = await desk.run(plan=True)
    fails(desk.reel, short_of_memory(2), StoreFull("The disk is full."))
    failed = await desk.run()
    desk.reel.noop.progress_seconds = 60
    cancelled = await desk.jobs.cancel((await desk.create()).name)
    listed = (await desk.page(show_plans=True)).jobs

    answers = [*succeeded, *planned, *failed, cancelled, *listed]
    for answer in answers:
        protovalidate.validate(answer)

    assert [jobs[-1].state for jobs in (succeeded, planned, failed)] == [
        job_pb2.STATE_SUCCEEDED,
        job_pb2.STATE_SUCCEEDED,
        job_pb2.STATE_FAILED,
    ]
    assert cancelled.state == job_pb2.STATE_CANCELLED
    assert any(stage.running for answer in answers for stage in answer.stages)
    assert succeeded[-1].attempts[0].HasField("retry")
    assert succeeded[-1].degradations
    assert failed[-1].HasField("error")


async def test_a_job_that_was_read_can_be_handed_in_again_and_is_a_new_one(desk: Desk) -> None:
    fails(desk.reel, short_of_memory(1))
    read = (await desk.run())[-1]

    again = await desk.jobs.create(read, request_id="again")
    ended = [change async for change in desk.jobs.watch(again.name)][-1]
    same = await desk.jobs.create(ended, request_id="again")

    assert read.attempts
    assert again == job_pb2.Job(
        name=again.name,
        source=read.source,
        settings=read.settings,
        state=job_pb2.STATE_PENDING,
        create_time=again.create_time,
    )
    assert again.name != read.name
    assert (ended.state, len(ended.attempts)) == (job_pb2.STATE_SUCCEEDED, 0)
    assert same.name == again.name


async def test_a_page_is_followed_by_the_token_of_the_one_before_which_is_text(desk: Desk) -> None:
    names = [(await desk.run(plan=True))[-1].name for _ in range(3)]
    while {job.name for job in (await desk.page(show_plans=True)).jobs}.isdisjoint(names[-1:]):
        await asyncio.sleep(0.05)  # the engine lists with a short delay

    first = await desk.page(page_size=2, show_plans=True)
    second = await desk.page(page_size=1, page_token=first.next_page_token, show_plans=True)

    assert isinstance(first.next_page_token, str)
    assert [job.name for job in (*first.jobs, *second.jobs)] == names[::-1]
