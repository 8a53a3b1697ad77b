"""Which processes work on the jobs of a home, and what is done with the calls of one that was killed.

Each process that works holds a lock on a file of its own for as long as it lives. Whoever
works beside it, or after it, finds the file without its lock, and gives back the calls that
it held: the engine alone would wait for their heartbeats.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from temporalio.api.enums.v1 import PendingActivityState as PendingState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from services.chassis import lock, telemetry
from services.chassis.settings import PRIVATE

LOOK_SECONDS = 2.0
"""Between two looks for processes that were killed."""
HELD = {PendingState.PENDING_ACTIVITY_STATE_STARTED, PendingState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED}
"""States of a call that a worker has taken."""
AT_ONCE = timedelta(milliseconds=1)


class Workers:
    """The processes that work on the jobs of one local engine.

    Args:
        engine: The engine's folder.
    """

    def __init__(self, engine: Path) -> None:
        self._folder = engine / "workers"

    @contextmanager
    def join(self) -> Iterator[str]:
        """Work as one of them; yields the name under which the engine knows this process."""
        self._folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        file = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}"
        new = file.with_name(f".{file.name}")
        with new.open("w") as held:
            lock.take(held, fcntl.LOCK_EX, folder=self._folder)
            new.rename(file)  # only now: a file without its lock is that of a killed process
            try:
                yield file.name
            finally:
                file.unlink(missing_ok=True)

    def any(self) -> bool:
        """Tell whether somebody works."""
        return any(not lock.free(file) for file in self._files())

    def killed(self) -> set[str]:
        """The names of those that ended without leaving."""
        return {file.name for file in self._files() if lock.free(file)}

    def forget(self, names: Iterable[str]) -> None:
        """Those that were killed hold nothing any more."""
        for name in names:
            (self._folder / name).unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        files = self._folder.iterdir() if self._folder.is_dir() else ()
        return [file for file in files if not file.name.startswith(".")]


async def relieve(client: Client, workers: Workers) -> NoReturn:
    """Give back the calls of workers that are killed, for as long as this runs."""
    while True:
        killed = await asyncio.to_thread(workers.killed)
        if killed:
            with suppress(RPCError):  # the engine is away: at the next look
                await _give_back(client, killed)
                await asyncio.to_thread(workers.forget, killed)
        await asyncio.sleep(LOOK_SECONDS)


async def _give_back(client: Client, killed: set[str]) -> None:
    """End the calls that these workers held, so that others make them at once."""
    running = "WorkflowType = 'JobWorkflow' AND ExecutionStatus = 'Running'"
    async for execution in client.list_workflows(running):
        workflow = client.get_workflow_handle(execution.id)
        with suppress(RPCError):  # it has ended meanwhile
            described = await workflow.describe()
            for call in described.raw_description.pending_activities:
                if call.last_worker_identity in killed and call.state in HELD:
                    await _end(client, execution.id, call)


async def _end(client: Client, workflow_id: str, call: PendingActivityInfo) -> None:
    handle = client.get_async_activity_handle(
        workflow_id=workflow_id, run_id=None, activity_id=call.activity_id
    )
    telemetry.log.info("call.given_back", call=call.activity_id, worker=call.last_worker_identity)
    with suppress(RPCError):  # it was given to somebody else meanwhile
        if call.state == PendingState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED:
            await handle.report_cancellation()
        else:
            why = ApplicationError("Its worker was killed.", type="WORKER_KILLED", next_retry_delay=AT_ONCE)
            await handle.fail(why)
