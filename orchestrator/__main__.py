"""python -m orchestrator serve | worker | pool: the long-lived processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from orchestrator.engine import connect
from orchestrator.roles import parse
from orchestrator.settings import OrchestratorSettings
from services.artifacts.connect import StoreSettings, store
from services.chassis import channel, telemetry
from services.chassis.errors import StoryreelError
from services.chassis.server import Server
from services.chassis.settings import CONFIGURATION_EXIT, CommonSettings, load

Work = Callable[[OrchestratorSettings, asyncio.Event], Coroutine[Any, Any, None]]
"""What a role does until it is asked to stop."""

TEMPORAL = "127.0.0.1:7233"
"""Where Temporal listens when nobody says otherwise."""


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    options = parse()
    role: str = options.role
    code = 0
    try:
        settings = load(OrchestratorSettings)
        telemetry.start_log("debug" if settings.debug else load(CommonSettings).log)
        telemetry.start(f"storyreel-{role}")
        works: dict[str, Work] = {"serve": _serve, "worker": _work}
        work = works[role] if role in works else partial(_generate, options.modes)
        asyncio.run(_until_stopped(role, work, settings), debug=settings.debug)
    except StoryreelError as error:
        ways = [way.description for way in error.suggestions if way.description not in error.message]
        sys.stderr.write(f"{' '.join([error.message, *ways])}\n")
        code = CONFIGURATION_EXIT
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # see orchestrator.cli.main.main


async def _until_stopped(role: str, work: Work, settings: OrchestratorSettings) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    running = asyncio.ensure_future(work(settings, stopped))
    try:
        await running
        telemetry.log.info("orchestrator.stopped", role=role)
    except BaseExceptionGroup as group:
        ours = group.subgroup(StoryreelError)
        raise (ours.exceptions[0] if ours else group) from None
    finally:
        await telemetry.stop()


async def _serve(settings: OrchestratorSettings, stopped: asyncio.Event) -> None:
    from orchestrator.embedded import storyreel

    async with storyreel(settings, work=True, public=True) as reel:
        telemetry.log.info("orchestrator.serving", address=reel.address)
        await stopped.wait()


async def _work(settings: OrchestratorSettings, stopped: asyncio.Event) -> None:
    from orchestrator.activities import Activities, Stages
    from orchestrator.worker import worker

    engine = settings.temporal_address or TEMPORAL
    client = await connect(engine, namespace=settings.temporal_namespace)
    addresses = (settings.parsing, settings.script, settings.tts, settings.generation, settings.muxing)
    channels = [channel.connect(address) for address in addresses]
    activities = Activities(Stages(*channels), store(load(StoreSettings)))
    async with worker(client, activities, calls_at_once=settings.calls_at_once), _healthy(settings):
        telemetry.log.info("orchestrator.working", engine=engine)
        await stopped.wait()
    for one in channels:
        with contextlib.suppress(Exception):
            await one.close()


async def _generate(modes: Sequence[str], settings: OrchestratorSettings, stopped: asyncio.Event) -> None:
    from orchestrator.footage.pool import Pool

    engine = settings.temporal_address or TEMPORAL
    client = await connect(engine, namespace=settings.temporal_namespace)
    generation = channel.connect(settings.generation)
    stop = asyncio.ensure_future(stopped.wait())
    async with Pool(client, generation, modes, grace=settings.pool_grace_seconds) as pool:
        async with _healthy(settings):
            telemetry.log.info("orchestrator.generating", engine=engine, modes=",".join(modes))
            ended = asyncio.ensure_future(pool.ended())
            await asyncio.wait([stop, ended], return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                await ended
        telemetry.log.info("orchestrator.draining", seconds=settings.pool_grace_seconds)
    await generation.close()


@contextlib.asynccontextmanager
async def _healthy(settings: OrchestratorSettings) -> AsyncIterator[None]:
    """Answer the health checks of a worker, where the settings name a place; it serves nothing else."""
    if not settings.health_address:
        yield
        return
    setting = "STORYREEL_ORCHESTRATOR_HEALTH_ADDRESS"
    server = Server([], settings.health_address, reflection=settings.reflection, setting=setting)
    await server.start()
    try:
        yield
    finally:
        await server.stop(0)


if __name__ == "__main__":
    main()
