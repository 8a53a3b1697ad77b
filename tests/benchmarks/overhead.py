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
from tests.benchmarks import bare
from tests.benchmarks.measure import say
from tests.integration.noop_stages import NoOp, serve

SCENES, RUNS, LIMIT_RATIO = 20, 9, 1.5


async def main() -> None:
    """Run the job and the bare one in turns on one engine, and print their medians."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = LocalStore(folder / "store")
        noop = NoOp(store, SCENES)
        await noop.prepare()
        address = await stack.enter_async_context(LocalEngine(folder / "engine").use())
        client = await connect(address)
        stages, _ = await stack.enter_async_context(serve(noop, folder))
        await stack.enter_async_context(worker(client, Activities(stages, store), calls_at_once=32))
        await stack.enter_async_context(bare.worker(client))
        jobs = Jobs(client, store)
        seconds: list[float] = []
        floor: list[float] = []
        for _ in range(RUNS):
            began = time.monotonic()
            await (await bare.start(client, SCENES)).result()
            floor.append(time.monotonic() - began)
            job = job_pb2.Job(
                source=job_pb2.Source(artifact=noop.artifact, name="noop.md"),
                settings=with_defaults(job_pb2.Settings()),
            )
            began = time.monotonic()
            name = (await jobs.create(job, request_id="")).name
            await client.get_workflow_handle("job/" + name.removeprefix("jobs/")).result()
            seconds.append(time.monotonic() - began)
        calls = sum(noop.calls.values()) // RUNS
    middle, least = median(seconds), median(floor)
    what = f"a job of {SCENES} scenes, {calls} calls that do nothing, beside {3 * SCENES} bare activities"
    say(what, f"{middle / least:.1f} x", f"{LIMIT_RATIO} x", ok=middle <= LIMIT_RATIO * least)
    print(f"      medians {middle:.2f} s and {least:.2f} s over {RUNS} runs each")
    least_and_most = (f"{min(each):.2f} to {max(each):.2f} s" for each in (seconds, floor))
    print(f"      from the least to the most: {', '.join(least_and_most)}")


if __name__ == "__main__":
    asyncio.run(main())
