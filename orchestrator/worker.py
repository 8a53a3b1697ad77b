"""Which task queue, which activities, how many at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from orchestrator.activities import Activities
from orchestrator.heartbeats import HEARTBEAT, Heartbeats
from orchestrator.workflow import JobWorkflow

QUEUE = "storyreel-jobs"
"""Workflows and every stage that runs on a CPU."""


@asynccontextmanager
async def worker(client: Client, activities: Activities | None, *, calls_at_once: int) -> AsyncIterator[None]:
    """Work on jobs; leaving the context hands back what was in flight.

    Args:
        client: The engine.
        activities: The calls of stages; None: jobs take note of what they are told, and nothing is made.
        calls_at_once: Calls in flight at once.
    """
    with Heartbeats(client) as heartbeats:
        async with Worker(
            client,
            task_queue=QUEUE,
            workflows=[JobWorkflow],
            activities=activities.all() if activities else [],
            interceptors=[heartbeats],
            max_concurrent_activities=calls_at_once,
            # Heartbeats carry progress out and a cancel in; the SDK's own 30 s would delay both.
            default_heartbeat_throttle_interval=HEARTBEAT,
            max_heartbeat_throttle_interval=HEARTBEAT,
            # After a worker died a workflow waits this long for its cache.
            sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
            graceful_shutdown_timeout=timedelta(seconds=2),
            # A defect fails the job, which can be resumed; it would hang unseen otherwise.
            workflow_failure_exception_types=[Exception],
        ):
            yield
