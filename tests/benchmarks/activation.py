"""The CPU of the workflow's longest step for a job of 500 scenes, beside that of one that keeps nothing."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from temporalio import workflow
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from orchestrator.converter import CONVERTER
from orchestrator.workflow import JobWorkflow
from tests.benchmarks import bare
from tests.benchmarks.measure import say
from tests.integration.noop_reel import engine, running

LIMIT_SECONDS = 0.05


@dataclass
class Timed(WorkflowRunner):
    """A runner that measures the CPU of each activation."""

    seconds: list[float] = field(default_factory=list)
    runner: WorkflowRunner = field(default_factory=SandboxedWorkflowRunner)

    def prepare_workflow(self, defn: workflow._Definition) -> None:
        """As the runner does."""
        self.runner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """An instance whose activations are measured."""
        return _Measured(self.runner.create_instance(det), self.seconds)


class _Measured(WorkflowInstance):
    def __init__(self, instance: WorkflowInstance, seconds: list[float]) -> None:
        self._instance = instance
        self._seconds = seconds

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        began = time.thread_time()
        try:
            return self._instance.activate(act)
        finally:
            self._seconds.append(time.thread_time() - began)

    def get_serialization_context(self, command_info):  # type: ignore[no-untyped-def]
        return self._instance.get_serialization_context(command_info)

    def get_external_store_context(self, command_info):  # type: ignore[no-untyped-def]
        return self._instance.get_external_store_context(command_info)

    def get_info(self):  # type: ignore[no-untyped-def]
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        return self._instance.get_thread_id()


async def _replayed(history: WorkflowHistory, kind: type) -> list[float]:
    """The CPU seconds of each activation of a history, the longest first."""
    timed = Timed()
    replayer = Replayer(workflows=[kind], data_converter=CONVERTER, workflow_runner=timed)
    await replayer.replay_workflow(history)
    return sorted(timed.seconds, reverse=True)


async def main(scenes: int) -> None:
    """Run both once on one engine, and measure their histories."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        client = await stack.enter_async_context(engine())
        async with bare.worker(client):
            handle = await bare.start(client, scenes)
            await handle.result()
        floor = await _replayed(await handle.fetch_history(), bare.Bare)
        reel = await stack.enter_async_context(running(client, folder, scenes=scenes))
        job = (await reel.run())[-1]
        handle = client.get_workflow_handle("job/" + job.name.removeprefix("jobs/"))
        steps = await _replayed(await handle.fetch_history(), JobWorkflow)
    what = f"the longest of {len(steps)} steps of the workflow, {scenes} scenes (CPU)"
    say(what, f"{1000 * steps[0]:.0f} ms", f"{1000 * LIMIT_SECONDS:.0f} ms", ok=steps[0] <= LIMIT_SECONDS)
    print(
        f"      {steps[0] / floor[0]:.1f} times the longest of a workflow that keeps nothing "
        f"({1000 * floor[0]:.0f} ms); all steps {sum(steps):.2f} s, its {sum(floor):.2f} s; "
        f"the longest ones: {', '.join(f'{1000 * each:.0f}' for each in steps[:8])} ms"
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
