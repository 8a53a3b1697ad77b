"""A look at the engine while a command works with it: who waits is told for what."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from services.chassis import telemetry
from services.chassis.errors import EngineUnavailable

SILENT = {RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED}
"""How a call ends that nobody answered."""
LOOK_SECONDS = 2.0
"""Between two looks."""
SILENT_SECONDS = 10.0
"""How long an engine may take to answer until somebody is told."""
LOOKS_AT_THE_DEAD = 3
"""In a row; meanwhile another command may have started the engine again at the same place."""


async def attend(
    client: Client,
    name: str,
    *,
    tell: Callable[[str], None],
    alive: Callable[[], bool] | None = None,
) -> NoReturn:
    """Look at the engine for as long as it answers or may come back.

    Args:
        client: The engine.
        name: How a person knows it.
        tell: Says a line to the person who waits, once for each silence.
        alive: Tells whether its process is there; None: nobody here can know.

    Raises:
        EngineUnavailable: Its process has ended.
    """
    silent, dead = False, 0
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            limit = timedelta(seconds=SILENT_SECONDS)
            await client.workflow_service.get_system_info(GetSystemInfoRequest(), timeout=limit)
            silent, dead = False, 0
        except RPCError as error:
            if error.status not in SILENT:
                continue  # it answers, if only that one may not ask
            if alive is not None and not await asyncio.to_thread(alive):
                dead += 1
                if dead == LOOKS_AT_THE_DEAD:
                    raise EngineUnavailable(f"{name} has ended. Nothing is lost: try again.") from error
            elif not silent:
                silent = True
                telemetry.log.warning("engine.silent", engine=name, status=error.status.name)
                tell(f"{name} does not answer. Waiting for it …")
