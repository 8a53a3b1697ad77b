"""Whether somebody works on jobs at all: a job that runs with nobody at work says so."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from orchestrator.job import ENDED
from orchestrator.presence import Workers
from storyreel.job.v1 import job_pb2

ASK_SECONDS = 10.0
"""Between two questions to the engine."""
POLLED_WITHIN = timedelta(seconds=90)
"""A worker asks for work at least once a minute; an engine names those of the last five."""


class Attendance:
    """Knows whether anybody works on the jobs of an engine.

    Args:
        client: The engine.
        queue: The task queue of its jobs.
        workers: Who works for a local engine; None: the engine is asked who polls the queue.
    """

    def __init__(self, client: Client, queue: str, workers: Workers | None) -> None:
        self._client = client
        self._queue = queue
        self._workers = workers
        self._known = True
        self._asked = float("-inf")

    async def tell(self, job: job_pb2.Job) -> None:
        """Say on a job that has not ended when nobody works on it, and how to go on."""
        if job.state in ENDED or await self._anybody():
            return
        if self._workers is None:
            job.waiting = (
                f"Nobody works on this job: no worker asks for the tasks of {self._queue}. "
                "Start one with `python -m orchestrator worker`."
            )
        else:
            job.waiting = f"Nobody works on this job. `storyreel resume {job.name}` goes on."

    async def _anybody(self) -> bool:
        if self._workers is not None:
            return await asyncio.to_thread(self._workers.any)
        if time.monotonic() - self._asked > ASK_SECONDS:
            self._asked = time.monotonic()
            self._known = await self._polled()
        return self._known

    async def _polled(self) -> bool:
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace,
            task_queue=TaskQueue(name=self._queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
        try:
            described = await self._client.workflow_service.describe_task_queue(request)
        except RPCError:
            return True  # nothing is known: one may not ask, or the engine is away
        since = datetime.now(UTC) - POLLED_WITHIN
        return any(poller.last_access_time.ToDatetime(UTC) > since for poller in described.pollers)
