"""Everything in one process: five services and JobService on unix sockets, a worker, the local engine.

The only file that imports other services' servicers. With STORYREEL_TEMPORAL_ADDRESS
set none of that is here: JobService alone, on the cluster's engine and store.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client

from orchestrator.client import JobClient
from orchestrator.engine import LocalEngine, connect
from orchestrator.jobs import Jobs
from orchestrator.servicer import room as jobs_room
from orchestrator.settings import OrchestratorSettings
from services.artifacts.connect import StoreSettings
from services.artifacts.connect import store as connect_store
from services.artifacts.store import Store
from services.chassis import channel, scratch
from services.chassis.errors import Configuration
from services.chassis.scratch import Scratch
from services.chassis.server import Room, Server
from services.chassis.settings import home, load

STAGES = ("parsing", "script", "tts", "generation", "muxing")
STOP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Storyreel:
    """A running storyreel: its jobs, its store, and where JobService answers others ("" when nowhere)."""

    jobs: JobClient
    store: Store
    address: str = ""


def engine() -> LocalEngine:
    """The local engine of this home."""
    return LocalEngine(home() / "engine")


@asynccontextmanager
async def storyreel(
    settings: OrchestratorSettings, *, work: bool, public: bool = False
) -> AsyncIterator[Storyreel]:
    """Start what is needed, and stop it in the reverse order.

    Args:
        settings: Which engine.
        work: Work on jobs here: run the stages and a worker. Without it jobs are only looked at
            and told what to do. A cluster's jobs are never worked on here.
        public: Answer others too: JobService at the settings' address.
    """
    local = not settings.temporal_address
    stored = load(StoreSettings)
    if not local and stored.store == "local":
        raise Configuration(
            "STORYREEL_TEMPORAL_ADDRESS names a cluster, which cannot see this machine's folders. "
            "Set STORYREEL_STORE=s3 and STORYREEL_S3_* to the cluster's store."
        )
    store = connect_store(stored)
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(scratch.clean)
        sockets = stack.enter_context(Scratch(_short())).path
        engine_address = settings.temporal_address
        if local:
            engine_address = await stack.enter_async_context(engine().use())
        client = await connect(engine_address, namespace=settings.temporal_namespace)
        jobs = jobs_room(Jobs(client, store), store)
        bound = await _serve(stack, jobs, f"unix:{sockets}/jobs.sock")
        address = await _publish(stack, jobs, settings) if public else ""
        own = channel.connect(bound)
        stack.push_async_callback(own.close)
        # Jobs are taken at once; the work on them begins when the stages are warm.
        async with asyncio.TaskGroup() as starting:
            if local and work:
                starting.create_task(_work(stack, client, store, sockets, settings))
            yield Storyreel(JobClient(own), store, address)


async def _work(
    stack: AsyncExitStack, client: Client, store: Store, sockets: Path, settings: OrchestratorSettings
) -> None:
    """Run the five services and a worker."""
    # Only a process that works pays for importing the stages.
    from orchestrator.activities import Activities, Stages
    from orchestrator.worker import worker

    # In a thread: meanwhile jobs are taken already.
    rooms = await asyncio.to_thread(_rooms, store)
    bound = await asyncio.gather(
        *(_serve(stack, room(), f"unix:{sockets}/{name}.sock") for name, room in rooms.items())
    )
    channels = [channel.connect(address) for address in bound]
    for one in channels:
        stack.push_async_callback(one.close)
    activities = Activities(Stages(*channels), store)
    await stack.enter_async_context(worker(client, activities, calls_at_once=settings.calls_at_once))


def _rooms(store: Store) -> dict[str, Callable[[], Room]]:
    """The five services, in the order of STAGES."""
    from services.generation.servicer import room as generation
    from services.generation.settings import GenerationSettings
    from services.muxing.servicer import room as muxing
    from services.muxing.settings import MuxingSettings
    from services.parsing.servicer import room as parsing
    from services.parsing.settings import ParsingSettings
    from services.script.servicer import room as script
    from services.script.settings import ScriptSettings
    from services.tts.servicer import room as tts
    from services.tts.settings import TtsSettings

    return {
        "parsing": lambda: parsing(load(ParsingSettings), store),
        "script": lambda: script(load(ScriptSettings), store),
        "tts": lambda: tts(load(TtsSettings), store),
        "generation": lambda: generation(load(GenerationSettings), store),
        "muxing": lambda: muxing(load(MuxingSettings), store),
    }


async def _serve(stack: AsyncExitStack, room: Room, address: str) -> str:
    server = Server([room], address, setting="STORYREEL_HOME")
    await server.start()
    stack.push_async_callback(server.stop, STOP_SECONDS)
    return server.bound


async def _publish(stack: AsyncExitStack, jobs: Room, settings: OrchestratorSettings) -> str:
    """Serve JobService as the settings say; the address it is bound to."""
    server = Server(
        [jobs],
        settings.address,
        health_address=settings.health_address,
        reflection=settings.reflection,
        setting="STORYREEL_ORCHESTRATOR_ADDRESS",
    )
    await server.start()
    stack.push_async_callback(server.stop, STOP_SECONDS)
    return server.bound


def _short() -> Path | None:
    """A folder whose names fit a socket's 107 characters, or None for the default."""
    own = os.environ.get("XDG_RUNTIME_DIR", "")
    if own and os.access(own, os.W_OK) and len(own) < 60:
        return Path(own)
    return Path("/tmp") if len(tempfile.gettempdir()) > 60 else None  # noqa: S108 - mkdtemp makes it 0700
