"""The floor of what the engine costs: as many calls as a job makes, and nothing else."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

QUEUE = "bare"


@activity.defn
async def nothing(text: str) -> str:
    """The least that a call can be."""
    return text


@workflow.defn
class Bare:
    """Three calls for each scene, one after the other, all scenes at once."""

    @workflow.run
    async def run(self, scenes: int) -> None:
        """Make the calls of so many scenes."""

        async def scene() -> None:
            for _ in range(3):
                await workflow.execute_activity(nothing, "x", start_to_close_timeout=timedelta(seconds=60))

        await asyncio.gather(*(scene() for _ in range(scenes)))


def worker(client: Client) -> Worker:
    """Works on bare jobs; a context manager."""
    return Worker(client, task_queue=QUEUE, workflows=[Bare], activities=[nothing])


async def start(client: Client, scenes: int) -> WorkflowHandle[Bare, None]:
    """Start a job of so many scenes."""
    return await client.start_workflow(Bare.run, scenes, id=f"bare/{uuid4()}", task_queue=QUEUE)
