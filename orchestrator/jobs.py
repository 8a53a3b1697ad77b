"""Jobs as workflows of the engine: start, look, list, cancel, resume, forget."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowHandle,
)
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from orchestrator import running
from orchestrator.attendance import Attendance
from orchestrator.job import ENDED, Reached, measure, state_name
from orchestrator.presence import Workers
from orchestrator.publication import record_key
from orchestrator.watching import Watched
from orchestrator.worker import QUEUE
from orchestrator.workflow import JobWorkflow
from services.artifacts.store import Store
from services.chassis.errors import (
    EngineUnavailable,
    InvalidRequest,
    JobExists,
    JobNotFound,
    JobState,
    Suggestion,
)
from storyreel.error.v1 import error_reason_pb2
from storyreel.job.v1 import job_pb2

T = TypeVar("T")

ASK_SECONDS = 0.5
"""Until a silent engine is asked again."""
ANSWER_SECONDS = 10.0
"""How long the engine may take to say how a job is doing until it is asked again."""
PATIENCE_SECONDS = 300.0
"""How long an engine that is there may be silent: a suspended or overloaded machine goes on some time."""
SILENT = {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED}
"""How a call ends that was not answered in time; the engine's client calls it cancelled."""
LISTED_RUNS = 1000
"""Runs a listing looks at: those that run, then the last that ended."""
FETCHED_RUNS = 100
"""Runs the engine sends at once: each comes with its whole job, and a message holds 4 MB."""
DELETED = b"deleted "
"""With the id of its last run the record of a deleted job: the engine takes half a minute to forget it,
and a store never does. No message begins with these bytes."""

STATES = {
    WorkflowExecutionStatus.RUNNING: job_pb2.STATE_RUNNING,
    WorkflowExecutionStatus.COMPLETED: job_pb2.STATE_SUCCEEDED,
    WorkflowExecutionStatus.CANCELED: job_pb2.STATE_CANCELLED,
}
"""The engine's word on whether a job runs; every other status is a failure."""


class Jobs:
    """The jobs of one engine.

    Args:
        client: The engine.
        store: Where jobs that succeeded are recorded.
        forgetful: The engine has lost jobs: those that the store has on record are listed, too.
        workers: Who works on the jobs of a local engine; None: a cluster's workers are asked for.
    """

    def __init__(
        self, client: Client, store: Store, *, forgetful: bool = False, workers: Workers | None = None
    ) -> None:
        self._client = client
        self._store = store
        self._forgetful = forgetful
        self._attendance = Attendance(client, QUEUE, workers)
        self._watched: dict[str, Watched] = {}
        self._reached: dict[str, Reached] = {}

    async def create(self, job: job_pb2.Job, *, request_id: str) -> job_pb2.Job:
        """Start a job; the same request id with the same job is the same job.

        Raises:
            JobExists: The request id was used for another job.
        """
        body = _asked(job)
        tenant = self._store.tenant
        job_id = (
            hashlib.sha256(f"{tenant}/{request_id}".encode()).hexdigest()[:12]
            if request_id
            else secrets.token_hex(6)
        )
        job.name = f"jobs/{job_id}"
        job.create_time.FromDatetime(datetime.now(UTC))
        job.state = job_pb2.STATE_PENDING
        try:
            await self._start(job, body, WorkflowIDReusePolicy.REJECT_DUPLICATE)
        except WorkflowAlreadyStartedError:
            before = await self._describe(job.name)
            if await self._deleted(before):
                await self._start(job, body, WorkflowIDReusePolicy.ALLOW_DUPLICATE)
                return job
            if await before.memo_value("body", "") != body:
                raise JobExists(
                    f"The request_id {request_id!r} was used for another job.",
                    suggestions=[Suggestion("Use a new request_id for a new job.")],
                    metadata={"name": job.name},
                ) from None
            return await self._job(before)
        return job

    async def get(self, name: str, *, news: running.News | None = None) -> job_pb2.Job:
        """A job as it is now.

        Args:
            name: `jobs/<id>`.
            news: Of the job, where it is looked at again and again.

        Raises:
            JobNotFound: There is none of this name.
        """
        try:
            return await self._job(await self._kept(name), news)
        except JobNotFound:
            record = await self._store.get_result("jobs", record_key(name))
            if record is None or record.startswith(DELETED):
                raise
            return job_pb2.Job.FromString(record)

    async def watch(self, name: str) -> AsyncIterator[job_pb2.Job]:
        """A job now and at each change; the last one has ended."""
        watched = self._watched.get(name)
        if watched is None:
            look = partial(self.get, name, news=running.News())
            watched = self._watched[name] = Watched(look, closed=partial(self._unwatch, name))
        async for job in watched.events():
            yield job

    def _unwatch(self, name: str, watched: Watched) -> None:
        if self._watched.get(name) is watched:
            del self._watched[name]

    async def page(self, size: int, token: str, *, plans: bool) -> tuple[list[job_pb2.Job], str]:
        """A page of jobs, the last created first, and the token of the next one (empty after the last).

        Raises:
            InvalidRequest: The token is not one of ours.
        """
        start = _offset(token)
        runs: list[tuple[job_pb2.Job, WorkflowExecution | None]] = [
            (await self._listed(run), run) for run in (await self._newest_runs()).values()
        ]
        if self._forgetful:
            known = {job.name for job, _ in runs}
            runs += [(job, None) for job in await self._recorded() if job.name not in known]
        runs = [(job, run) for job, run in runs if plans or not job.plan_only]
        runs.sort(key=lambda each: (each[0].create_time.ToNanoseconds(), each[0].name), reverse=True)
        jobs: list[job_pb2.Job] = []
        while start < len(runs) and len(jobs) < size:
            some = runs[start : start + size - len(jobs)]
            start += len(some)
            gone = await asyncio.gather(*(self._deleted(run) for _, run in some))
            jobs += [job for (job, _), deleted in zip(some, gone, strict=True) if not deleted]
        for job in jobs:
            await self._attendance.tell(job)
        return jobs, str(start) if start < len(runs) else ""

    async def _recorded(self) -> list[job_pb2.Job]:
        """The jobs that the store has on record."""
        records = await self._store.results("jobs")
        return [job_pb2.Job.FromString(record) for record in records if not record.startswith(DELETED)]

    async def _newest_runs(self) -> dict[str, WorkflowExecution]:
        """The newest run of each job, by workflow id: a resumed job has several."""
        newest: dict[str, WorkflowExecution] = {}
        with _engine_errors():
            async for run in self._client.list_workflows(
                "WorkflowType = 'JobWorkflow'", page_size=FETCHED_RUNS, limit=LISTED_RUNS
            ):
                if run.id not in newest or run.start_time > newest[run.id].start_time:
                    newest[run.id] = run
        return newest

    async def cancel(self, name: str) -> job_pb2.Job:
        """Stop a running job, and wait until nothing works for it any more.

        Raises:
            JobState: The job has ended.
        """
        job = await self.get(name)
        if job.state in ENDED:
            raise _wrong_state(job, "it cannot be cancelled")
        with _missing(name):
            await _patiently(self._handle(name).cancel)
        return await self._ended(name)

    async def _ended(self, name: str) -> job_pb2.Job:
        """Wait until a job has ended; its last record."""
        last = job_pb2.Job()
        async for job in self.watch(name):
            last = job
        return last

    async def resume(self, name: str) -> job_pb2.Job:
        """Start a failed or cancelled job again; one that runs is answered as it is.

        Raises:
            JobState: The job has succeeded.
        """
        before = await self._kept(name)
        if before.raw_description.workflow_extended_info.cancel_requested:
            # Whoever cancelled it did not wait for the end: that comes first.
            await self._ended(name)
            before = await self._kept(name)
        job = await self._job(before)
        if job.state == job_pb2.STATE_SUCCEEDED:
            raise _wrong_state(job, "there is nothing to resume")
        if job.state in ENDED:
            job.state = job_pb2.STATE_PENDING
            self._reached.pop(name, None)
            await self._start(
                job, await before.memo_value("body", ""), WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
            )
        return await self.get(name)

    async def delete(self, name: str) -> None:
        """Forget an ended job.

        Raises:
            JobNotFound: There is none of this name.
            JobState: The job runs.
        """
        job = await self.get(name)
        if job.state not in ENDED:
            raise _wrong_state(job, "cancel it first")
        runs: list[str] = []
        with suppress(JobNotFound):  # only the record was left
            last = (await self._describe(name)).run_id
            runs = [last, *(run for run in await self._runs(name) if run != last)]
        await self._store.put_result("jobs", record_key(name), DELETED + "".join(runs[:1]).encode())
        self._reached.pop(name, None)
        for run in runs:
            with suppress(JobNotFound):  # the engine forgets by itself, too, and so may somebody else
                await self._delete_run(name, run)

    async def _runs(self, name: str) -> list[str]:
        """All runs of a job that exists: its name is one we made, so it may stand in a query."""
        with _engine_errors():
            listing = self._client.list_workflows(f"WorkflowId = '{_workflow_id(name)}'", limit=LISTED_RUNS)
            return [run.run_id async for run in listing]

    async def _delete_run(self, name: str, run: str) -> None:
        from temporalio.api.common.v1 import WorkflowExecution as Execution
        from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest as Delete

        execution = Execution(workflow_id=_workflow_id(name), run_id=run)
        with _engine_errors(), _missing(name):
            await self._client.workflow_service.delete_workflow_execution(
                Delete(namespace=self._client.namespace, workflow_execution=execution)
            )

    async def _start(self, job: job_pb2.Job, body: str, reuse: WorkflowIDReusePolicy) -> None:
        await _patiently(
            lambda: self._client.start_workflow(
                JobWorkflow.run,
                job,
                id=_workflow_id(job.name),
                task_queue=QUEUE,
                id_reuse_policy=reuse,
                memo={"job": job, "body": body},
            )
        )

    def _handle(self, name: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(_workflow_id(name))

    async def _describe(self, name: str) -> WorkflowExecutionDescription:
        with _missing(name):
            limit = timedelta(seconds=ANSWER_SECONDS)
            return await _patiently(lambda: self._handle(name).describe(rpc_timeout=limit))

    async def _kept(self, name: str) -> WorkflowExecutionDescription:
        """The newest run of a job that was not deleted."""
        description = await self._describe(name)
        if await self._deleted(description):
            raise _no_job(name)
        return description

    async def _deleted(self, run: WorkflowExecution | None) -> bool:
        """Tell whether a run that the engine still knows was deleted with its job."""
        if run is None or run.status == WorkflowExecutionStatus.RUNNING:
            return False
        record = await self._store.get_result("jobs", record_key("jobs/" + run.id.removeprefix("job/")))
        return record == DELETED + run.run_id.encode()

    async def _job(
        self, description: WorkflowExecutionDescription, news: running.News | None = None
    ) -> job_pb2.Job:
        """The record, with what the running calls report, and what it waits for."""
        job = await self._listed(description)
        pending = description.raw_description.pending_activities
        if job.state == job_pb2.STATE_RUNNING:
            calls, footage = await running.reports(pending)
            measure(job, calls)
            running.show_footage(job, footage)
            self._reached.setdefault(job.name, Reached()).hold(job)
        if news and job.state not in ENDED:
            job.waiting = news.waiting(pending)
        await self._attendance.tell(job)
        return job

    async def _listed(self, execution: WorkflowExecution) -> job_pb2.Job:
        job: job_pb2.Job = await execution.memo_value("job", type_hint=job_pb2.Job)
        state = STATES.get(execution.status or WorkflowExecutionStatus.RUNNING, job_pb2.STATE_FAILED)
        if job.state != state and (job.state in ENDED or state in ENDED):
            job.state = state
            if state == job_pb2.STATE_FAILED and not job.error.reason:
                status = execution.status.name.lower() if execution.status else "unknown"
                job.error.reason = error_reason_pb2.ERROR_REASON_INTERNAL
                job.error.retryable = True
                job.error.message = f"The workflow ended as {status}."
        return job


def _asked(job: job_pb2.Job) -> str:
    """The digest of what was asked for, without what the server adds of its own."""
    asked = job_pb2.Job()
    asked.CopyFrom(job)
    for own in ("pools", "footage_backend", "heartbeat_timeout", "call_attempts"):
        asked.settings.ClearField(own)
    return hashlib.sha256(asked.SerializeToString(deterministic=True)).hexdigest()


def _workflow_id(name: str) -> str:
    return "job/" + name.removeprefix("jobs/")


def _offset(token: str) -> int:
    """How many jobs the pages before this one held."""
    if not token:
        return 0
    if not (token.isascii() and token.isdigit()) or len(token) > len(str(LISTED_RUNS)):
        raise InvalidRequest(
            f"The page token of {len(token)} characters is not one that ListJobs gave out. "
            "Send next_page_token as it came, or nothing for the first page."
        )
    return int(token)


def _no_job(name: str) -> JobNotFound:
    return JobNotFound(
        f"There is no job {name}.", suggestions=[Suggestion("`storyreel list` shows the jobs.")]
    )


def _wrong_state(job: job_pb2.Job, what: str) -> JobState:
    state = state_name(job.state)
    return JobState(f"{job.name} is {state.lower()}: {what}.", metadata={"state": state})


async def _patiently(call: Callable[[], Awaitable[T]]) -> T:
    """What the engine answers to a call that may be repeated, asked again while it is silent.

    Raises:
        EngineUnavailable: It cannot be reached, or was silent for `PATIENCE_SECONDS`.
    """
    end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            with _engine_errors():
                return await call()
        except EngineUnavailable as error:
            cause = error.__cause__
            if not isinstance(cause, RPCError) or cause.status not in SILENT:
                raise
            if asyncio.get_running_loop().time() >= end:
                raise
            await asyncio.sleep(ASK_SECONDS)


@contextmanager
def _engine_errors() -> Iterator[None]:
    try:
        yield
    except RPCError as error:
        if error.status == RPCStatusCode.UNAVAILABLE or error.status in SILENT:
            raise EngineUnavailable(
                "The workflow engine does not answer. Nothing is lost; try again when it is back."
            ) from error
        raise


@contextmanager
def _missing(name: str) -> Iterator[None]:
    try:
        yield
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        raise _no_job(name) from None
