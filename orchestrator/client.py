"""JobService for callers: the mirror of the servicer; raises the errors the server raised."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import grpc

from services.artifacts.store import Artifacts
from services.chassis import channel
from services.chassis.errors import Draining, Unreachable
from storyreel.job.v1 import job_pb2
from storyreel.job.v1 import job_service_pb2 as pb
from storyreel.job.v1 import job_service_pb2_grpc as pb_grpc

PATIENCE_SECONDS = 60.0
"""How long a watcher tries to reach a server again that it has lost."""


class JobClient:
    """Jobs over a channel; a job is its contract's message."""

    def __init__(self, connection: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.JobServiceStub(connection)

    async def create(self, job: job_pb2.Job, *, plan_only: bool = False, request_id: str = "") -> job_pb2.Job:
        """Hand a job in; the same request id with the same job is the same job."""
        request = pb.CreateJobRequest(job=job, validate_only=plan_only, request_id=request_id)
        with channel.errors():
            return (await self._stub.CreateJob(request)).job

    async def get(self, name: str) -> job_pb2.Job:
        """A job as it is now."""
        with channel.errors():
            return (await self._stub.GetJob(pb.GetJobRequest(name=name))).job

    async def list(self, *, size: int = 50, plans: bool = False) -> Sequence[job_pb2.Job]:
        """The newest jobs, at most `size` (1 to 200), the newest first."""
        with channel.errors():
            return (await self._stub.ListJobs(pb.ListJobsRequest(page_size=size, show_plans=plans))).jobs

    async def watch(self, name: str) -> AsyncIterator[job_pb2.Job]:
        """A job now and at each change; the last one has ended.

        A connection ends with its server, and after a while in any case: it is made again, and jobs go on.

        Raises:
            Unreachable: The server cannot be reached any more.
        """
        clock = asyncio.get_running_loop()
        until = 0.0
        while True:
            try:
                with channel.errors():
                    async for event in self._stub.WatchJob(pb.WatchJobRequest(name=name)):
                        until = clock.time() + PATIENCE_SECONDS
                        yield event.job
                return
            except (Unreachable, Draining):
                if clock.time() > until:
                    raise
                await asyncio.sleep(1)

    async def cancel(self, name: str) -> job_pb2.Job:
        """Stop a running job; answered when nothing works for it any more."""
        with channel.errors():
            return (await self._stub.CancelJob(pb.CancelJobRequest(name=name))).job

    async def resume(self, name: str) -> job_pb2.Job:
        """Start a failed or cancelled job again."""
        with channel.errors():
            return (await self._stub.ResumeJob(pb.ResumeJobRequest(name=name))).job

    async def delete(self, name: str) -> None:
        """Forget an ended job."""
        with channel.errors():
            await self._stub.DeleteJob(pb.DeleteJobRequest(name=name))


@dataclass(frozen=True, slots=True)
class Storyreel:
    """A storyreel to work with: its jobs, its artifacts, and where it answers ("" when others cannot ask)."""

    jobs: JobClient
    artifacts: Artifacts
    address: str = ""
