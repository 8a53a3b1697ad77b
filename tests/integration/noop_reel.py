"""Jobs on a real engine, worked on by stages that do no work."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import grpc
from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.service import RPCError

from orchestrator.activities import Activities
from orchestrator.engine import connect
from orchestrator.footage.pool import Pool
from orchestrator.job import with_defaults
from orchestrator.jobs import Jobs
from orchestrator.local_engine import LocalEngine
from orchestrator.presence import Workers
from orchestrator.worker import worker
from services.artifacts import wire
from services.artifacts.local import LocalStore
from storyreel.job.v1 import job_pb2
from tests.integration.noop_stages import NoOp, serve


class Remembering(Jobs):
    """Jobs that can be ended after a test: an unfinished one would be the next test's worker's."""

    def __init__(self, client: Client, store: LocalStore, *, workers: Workers | None = None) -> None:
        super().__init__(client, store, workers=workers)
        self.client, self.names = client, set[str]()
        self.looks = 0

    async def _describe(self, name: str) -> WorkflowExecutionDescription:
        """Count the questions to the engine."""
        self.looks += 1
        return await super()._describe(name)

    async def create(self, job: job_pb2.Job, *, request_id: str) -> job_pb2.Job:
        """Create a job, and remember it."""
        created = await super().create(job, request_id=request_id)
        self.names.add(created.name)
        return created

    async def end(self) -> None:
        """End what still runs."""
        for name in self.names:
            with contextlib.suppress(RPCError):
                await self.client.get_workflow_handle("job/" + name.removeprefix("jobs/")).terminate()


class Reel:
    """Jobs, and the stages that work for them."""

    def __init__(
        self, jobs: Remembering, noop: NoOp, client: Client, store: LocalStore, generation: grpc.aio.Channel
    ) -> None:
        self.jobs, self.noop, self.client, self.store = jobs, noop, client, store
        self.generation = generation

    def job(self, text: bytes = b"", *, pools: Sequence[str] = ()) -> job_pb2.Job:
        """A job on the no-op document."""
        settings = with_defaults(job_pb2.Settings())
        settings.pools.extend(pools)
        settings.footage_backend = "diffusers"
        return job_pb2.Job(
            source=job_pb2.Source(artifact=self.noop.artifact, name=f"noop{text.decode()}.md"),
            settings=settings,
        )

    async def run(self, job: job_pb2.Job | None = None, request_id: str = "") -> list[job_pb2.Job]:
        """Create a job; every change of it to its end."""
        job = await self.jobs.create(job or self.job(), request_id=request_id)
        return [change async for change in self.jobs.watch(job.name)]

    async def manifest(self, job: job_pb2.Job) -> bytes:
        """The manifest of a finished job, as JSON."""
        return await self.store.read(wire.from_proto(job.outputs.manifest))

    async def plan(self, job: job_pb2.Job) -> bytes:
        """The plan of a finished job, as JSON."""
        return await self.store.read(wire.from_proto(job.outputs.plan))


@asynccontextmanager
async def engine() -> AsyncIterator[Client]:
    """An engine of its own, and a client of it."""
    with tempfile.TemporaryDirectory() as folder:
        async with LocalEngine(Path(folder)).use() as address:
            yield await connect(address)


@asynccontextmanager
async def running(
    client: Client,
    folder: Path,
    *,
    scenes: int,
    pools: Sequence[str] = (),
    store: LocalStore | None = None,
) -> AsyncIterator[Reel]:
    """Stages, a worker, and the pools of some modes."""
    store = store or LocalStore(folder / "store")
    noop = NoOp(store, scenes)
    await noop.prepare()
    async with AsyncExitStack() as stack:
        sockets = stack.enter_context(tempfile.TemporaryDirectory())
        stages, generation = await stack.enter_async_context(serve(noop, Path(sockets)))
        await stack.enter_async_context(worker(client, Activities(stages, store), calls_at_once=32))
        if pools:
            await stack.enter_async_context(Pool(client, generation, pools, grace=0))
        jobs = Remembering(client, store)
        stack.push_async_callback(jobs.end)
        yield Reel(jobs, noop, client, store, generation)
