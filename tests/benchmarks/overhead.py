"""What the engine adds: a job of 20 scenes whose stages do no work, from CreateJob to its end."""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median

from orchestrator.activities import Activities
from orchestrator.engine import connect
from orchestrator.job import with_defaults
from orchestrator.jobs import Jobs
from orchestrator.local_engine import LocalEngine
from orchestrator.worker import worker
from services.artifacts.local import LocalStore
from storyreel.job.v1 import job_pb2
from tests.benchmarks.measure import say
from tests.integration.noop_stages import NoOp, serve

SCENES, RUNS, LIMIT_SECONDS = 20, 9, 0.6


async def main() -> None:
    """Run the job a few times on one engine, and print the median."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = LocalStore(folder / "store")
        noop = NoOp(store, SCENES)
        await noop.prepare()
        address = await stack.enter_async_context(LocalEngine(folder / "engine").use())
        client = await connect(address)
        stages = await stack.enter_async_context(serve(noop, folder))
        await stack.enter_async_context(worker(client, Activities(stages, store), calls_at_once=32))
        jobs = Jobs(client, store)
        seconds = []
        for _ in range(RUNS):
            job = job_pb2.Job(
                source=job_pb2.Source(artifact=noop.artifact, name="noop.md"),
                settings=with_defaults(job_pb2.Settings()),
            )
            began = time.monotonic()
            name = (await jobs.create(job, request_id="")).name
            await client.get_workflow_handle("job/" + name.removeprefix("jobs/")).result()
            seconds.append(time.monotonic() - began)
        calls = sum(noop.calls.values()) // RUNS
    middle = median(seconds)
    what = f"a job of {SCENES} scenes, {calls} calls that do nothing (median)"
    say(what, f"{middle:.2f} s", f"{LIMIT_SECONDS} s", ok=middle <= LIMIT_SECONDS)
    print(f"      min {min(seconds):.2f} s, max {max(seconds):.2f} s over {RUNS} runs")


if __name__ == "__main__":
    asyncio.run(main())
