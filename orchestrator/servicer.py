"""JobService: wire ↔ jobs; decides nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import grpc

from orchestrator.job import media_type, with_defaults
from orchestrator.jobs import Jobs
from orchestrator.settings import OrchestratorSettings
from services.artifacts import wire
from services.artifacts.store import Store
from services.chassis.errors import ArtifactMissing, EmptyDocument
from services.chassis.server import MethodLimits, Room
from services.chassis.settings import load
from services.tts.settings import TtsSettings
from storyreel.job.v1 import job_pb2
from storyreel.job.v1 import job_service_pb2 as pb
from storyreel.job.v1 import job_service_pb2_grpc as pb_grpc

Context = grpc.aio.ServicerContext[Any, Any]
WATCH_SECONDS = 24 * 3600.0


class JobServicer(pb_grpc.JobServiceServicer):
    """Serves the jobs of one engine and store, whose footage the pools of the settings generate."""

    def __init__(self, jobs: Jobs, store: Store, settings: OrchestratorSettings) -> None:
        self._jobs = jobs
        self._store = store
        self._settings = settings

    async def CreateJob(self, request: pb.CreateJobRequest, context: Context) -> pb.CreateJobResponse:
        """Take a job; a source that came with the call is stored first."""
        # What the contract calls output only is ours to say.
        job = job_pb2.Job(source=request.job.source, settings=request.job.settings)
        if job.source.WhichOneof("content") == "inline":
            if not job.source.inline.strip():
                raise EmptyDocument("The document is empty. Give one with text in it.")
            kind = media_type(job.source.name, job.source.inline)
            stored = await self._store.put_bytes(job.source.inline, media_type=kind)
            job.source.artifact.CopyFrom(wire.to_proto(stored))
        elif not await self._store.exists(wire.from_proto(job.source.artifact)):
            raise ArtifactMissing("The source is not in the store. Upload it first.")
        for file in job.source.files:
            if not await self._store.exists(wire.from_proto(file.file)):
                name = file.name[:100]
                raise ArtifactMissing(f"The source's file {name!r} is not in the store. Upload it first.")
        job.settings.CopyFrom(with_defaults(job.settings))
        # Whoever works on the job later may have another setting; the one who asked decides.
        job.settings.offline = job.settings.offline or not load(TtsSettings).online
        job.settings.pools[:] = self._settings.pool_names
        job.settings.footage_backend = self._settings.footage_backend
        job.settings.heartbeat_timeout.FromMilliseconds(round(1000 * self._settings.heartbeat_seconds))
        job.settings.call_attempts = self._settings.call_attempts
        job.plan_only = request.validate_only
        return pb.CreateJobResponse(job=await self._jobs.create(job, request_id=request.request_id))

    async def GetJob(self, request: pb.GetJobRequest, context: Context) -> pb.GetJobResponse:
        """Tell how a job is doing."""
        return pb.GetJobResponse(job=await self._jobs.get(request.name))

    async def ListJobs(self, request: pb.ListJobsRequest, context: Context) -> pb.ListJobsResponse:
        """List jobs."""
        jobs, token = await self._jobs.page(
            request.page_size or 50, request.page_token, plans=request.show_plans
        )
        for job in jobs:
            job.ClearField("outputs")
        return pb.ListJobsResponse(jobs=jobs, next_page_token=token)

    async def WatchJob(
        self, request: pb.WatchJobRequest, context: Context
    ) -> AsyncIterator[pb.WatchJobResponse]:
        """Follow a job to its end."""
        async for job in self._jobs.watch(request.name):
            yield pb.WatchJobResponse(job=job)

    async def CancelJob(self, request: pb.CancelJobRequest, context: Context) -> pb.CancelJobResponse:
        """Stop a job."""
        return pb.CancelJobResponse(job=await self._jobs.cancel(request.name))

    async def ResumeJob(self, request: pb.ResumeJobRequest, context: Context) -> pb.ResumeJobResponse:
        """Start a job again."""
        return pb.ResumeJobResponse(job=await self._jobs.resume(request.name))

    async def DeleteJob(self, request: pb.DeleteJobRequest, context: Context) -> pb.DeleteJobResponse:
        """Forget a job."""
        await self._jobs.delete(request.name)
        return pb.DeleteJobResponse()


def room(jobs: Jobs, store: Store, settings: OrchestratorSettings) -> Room:
    """JobService over an engine's jobs."""
    unary = MethodLimits(seconds=60, at_once=64)
    limits = {method.name: unary for method in pb.DESCRIPTOR.services_by_name["JobService"].methods}
    limits["WatchJob"] = MethodLimits(seconds=WATCH_SECONDS, at_once=256)
    return Room(
        service="storyreel.job.v1.JobService",
        add=partial(pb_grpc.add_JobServiceServicer_to_server, JobServicer(jobs, store, settings)),
        limits=limits,
        start=_nothing,
        close=_nothing,
    )


async def _nothing() -> None:
    """JobService owns nothing that starts or stops."""
