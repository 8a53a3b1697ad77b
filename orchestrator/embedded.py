"""Everything in one process: the services and JobService on unix sockets, a worker, the local engine.

The only file that imports other services' servicers. With STORYREEL_TEMPORAL_ADDRESS
set none of that is here: JobService and ArtifactService alone, on the cluster's engine and store.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import grpc
from temporalio.client import Client

from orchestrator import home_disk
from orchestrator.attend import attend
from orchestrator.client import JobClient, Storyreel
from orchestrator.engine import connect
from orchestrator.jobs import Jobs
from orchestrator.local_engine import LocalEngine
from orchestrator.presence import Workers, relieve
from orchestrator.servicer import room as jobs_room
from orchestrator.settings import OrchestratorSettings
from orchestrator.voices import room as voices_room
from services.artifacts.connect import StoreSettings
from services.artifacts.connect import store as connect_store
from services.artifacts.servicer import room as artifacts_room
from services.artifacts.store import Store
from services.cards.settings import CardSettings
from services.chassis import channel, scratch
from services.chassis.errors import Configuration
from services.chassis.scratch import Scratch
from services.chassis.server import Room, Server
from services.chassis.settings import home, load
from services.generation.settings import GenerationSettings
from services.muxing.settings import MuxingSettings
from services.parsing.settings import ParsingSettings
from services.script.settings import ScriptSettings
from services.tts.client import TtsClient
from services.tts.settings import TtsSettings

STAGES = ("parsing", "script", "tts", "cards", "muxing")
"""The services that every job needs; footage needs the generation service too."""

STOP_SECONDS = 2.0


def engine(tell: Callable[[str], None] | None = None) -> LocalEngine:
    """The local engine of this home; `tell` says a line to the person who waits."""
    return LocalEngine(home() / "engine", tell=tell)


@asynccontextmanager
async def storyreel(
    settings: OrchestratorSettings,
    *,
    work: bool,
    stages: bool = True,
    public: bool = False,
    tell: Callable[[str], None] | None = None,
) -> AsyncIterator[Storyreel]:
    """Start what is needed, and stop it in the reverse order.

    Args:
        settings: Which engine.
        work: Work on jobs here: run the stages and a worker. Without it jobs are only looked at
            and told what to do. A cluster's jobs are never worked on here.
        stages: Run the stages too. Without them a worker takes note of cancels and makes nothing.
        public: Answer others too, at the settings' address: JobService, ArtifactService and TtsService.
        tell: Says a line to the person who waits, such as for what.

    Raises:
        Configuration: A setting is wrong, or the home cannot be used.
        EngineUnavailable: The engine does not answer.
        StoreFull: The home's disk is full, or becomes so meanwhile; in a group of exceptions.
    """
    local = not settings.temporal_address
    stored = load(StoreSettings)
    if not local and stored.store == "local":
        raise Configuration(
            "STORYREEL_TEMPORAL_ADDRESS names a cluster, which cannot see this machine's folders. "
            "Set STORYREEL_STORE=s3 and STORYREEL_S3_* to the cluster's store."
        )
    # Before anything is started or a job taken that could not be worked on.
    settings_of_stages = _load_stages() if local and work and stages else None
    store = connect_store(stored)
    async with AsyncExitStack() as stack:
        short = _short()
        await asyncio.to_thread(scratch.clean, *([short] if short else []))
        sockets = stack.enter_context(Scratch(short)).path
        spoken = f"unix:{sockets}/tts.sock" if local else settings.tts
        own = engine(tell) if local else None
        engine_address = settings.temporal_address
        if own:
            engine_address = await stack.enter_async_context(own.use())
        workers = Workers(own.folder) if own else None
        identity = stack.enter_context(workers.join()) if workers and work else None
        client = await connect(engine_address, namespace=settings.temporal_namespace, identity=identity)
        forgetful = own is not None and own.replaced()
        jobs = jobs_room(Jobs(client, store, forgetful=forgetful, workers=workers), store, settings)
        bound = await _serve(stack, jobs, f"unix:{sockets}/jobs.sock")
        server = None
        if public:
            rooms = [jobs, artifacts_room(store), voices_room(_connect(stack, spoken))]
            server = await _publish(stack, rooms, settings)
        connection = _connect(stack, bound)
        # Jobs are taken at once; the work on them begins when the stages are warm.
        async with asyncio.TaskGroup() as starting:
            watching = [starting.create_task(one) for one in _watches(client, settings, own, tell)]
            if workers and work:
                watching.append(starting.create_task(relieve(client, workers)))
            if settings_of_stages:
                starting.create_task(_work(stack, client, store, sockets, settings, settings_of_stages))
            elif local and work:
                from orchestrator.worker import worker

                await stack.enter_async_context(worker(client, None, calls_at_once=1))
            # Beside the store nobody needs ArtifactService: its files would only be copied once more.
            yield Storyreel(JobClient(connection), store, server.bound if server else "")
            if server:  # while what its calls need is still there
                await _retire(server, settings)
            for watch in watching:
                watch.cancel()


def _watches(
    client: Client,
    settings: OrchestratorSettings,
    own: LocalEngine | None,
    tell: Callable[[str], None] | None,
) -> Iterator[Coroutine[Any, Any, NoReturn]]:
    """What is looked at meanwhile: the engine, and for one of our own the home's disk."""
    say = tell or (lambda _: None)
    if own is None:
        yield attend(client, f"The Temporal server at {settings.temporal_address}", tell=say)
    else:
        yield attend(client, "The local engine", tell=say, alive=lambda: own.running() is not None)
        yield home_disk.watch(home())


@dataclass(frozen=True, slots=True)
class _StageSettings:
    parsing: ParsingSettings
    script: ScriptSettings
    tts: TtsSettings
    cards: CardSettings
    generation: GenerationSettings
    muxing: MuxingSettings


def _load_stages() -> _StageSettings:
    """The settings of the services.

    Raises:
        Configuration: A variable does not parse.
    """
    return _StageSettings(
        parsing=load(ParsingSettings),
        script=load(ScriptSettings),
        tts=load(TtsSettings),
        cards=load(CardSettings),
        generation=load(GenerationSettings),
        muxing=load(MuxingSettings),
    )


async def _work(
    stack: AsyncExitStack,
    client: Client,
    store: Store,
    sockets: Path,
    settings: OrchestratorSettings,
    stages: _StageSettings,
) -> None:
    """Run the services and a worker."""
    # Only a process that works pays for importing the stages.
    from orchestrator.activities import Activities, Stages
    from orchestrator.footage.pool import Pool
    from orchestrator.worker import worker

    # In a thread: meanwhile jobs are taken already.
    makers = await asyncio.to_thread(_rooms, store, stages, footage=bool(settings.pool_names))
    # All of them first: a service that cannot be made leaves none half started.
    rooms = {name: make() for name, make in makers.items()}
    bound = await asyncio.gather(
        *(_serve(stack, room, f"unix:{sockets}/{name}.sock") for name, room in rooms.items()),
        return_exceptions=True,
    )
    channels: dict[str, grpc.aio.Channel] = {}
    for name, address in zip(rooms, bound, strict=True):
        if isinstance(address, BaseException):
            raise address
        channels[name] = _connect(stack, address)
    activities = Activities(Stages(**{name: channels[name] for name in STAGES}), store)
    await stack.enter_async_context(worker(client, activities, calls_at_once=settings.calls_at_once))
    if settings.pool_names:
        pool = Pool(client, channels["generation"], settings.pool_names, grace=STOP_SECONDS)
        await stack.enter_async_context(pool)


def _rooms(store: Store, stages: _StageSettings, *, footage: bool) -> dict[str, Callable[[], Room]]:
    """What makes the services: those of STAGES, and for footage the one that generates."""
    from services.cards.servicer import room as cards
    from services.muxing.servicer import room as muxing
    from services.parsing.servicer import room as parsing
    from services.script.servicer import room as script
    from services.tts.servicer import room as tts

    rooms = {
        "parsing": lambda: parsing(stages.parsing, store),
        "script": lambda: script(stages.script, store),
        "tts": lambda: tts(stages.tts, store),
        "cards": lambda: cards(stages.cards, store),
        "muxing": lambda: muxing(stages.muxing, store),
    }
    if footage:
        from services.generation.servicer import room as generation

        rooms["generation"] = lambda: generation(stages.generation, store, lenient=True)
    return rooms


@asynccontextmanager
async def voices() -> AsyncIterator[TtsClient]:
    """The tts service alone, without an engine: for who asks for voices before there is a job."""
    from services.tts.servicer import room

    async with AsyncExitStack() as stack:
        sockets = stack.enter_context(Scratch(_short())).path
        tts = room(load(TtsSettings), connect_store(load(StoreSettings)))
        bound = await _serve(stack, tts, f"unix:{sockets}/tts.sock")
        yield TtsClient(_connect(stack, bound))


def _connect(stack: AsyncExitStack, address: str) -> grpc.aio.Channel:
    """A channel that is closed with the stack."""
    connection = channel.connect(address)
    stack.push_async_callback(connection.close)
    return connection


async def _serve(stack: AsyncExitStack, room: Room, address: str) -> str:
    server = Server([room], address, setting="STORYREEL_HOME")
    await server.start()
    stack.push_async_callback(server.stop, STOP_SECONDS)
    return server.bound


async def _publish(stack: AsyncExitStack, rooms: Sequence[Room], settings: OrchestratorSettings) -> Server:
    """Serve others as the settings say."""
    server = Server(
        rooms,
        settings.address,
        health_address=settings.health_address,
        reflection=settings.reflection,
        setting="STORYREEL_ORCHESTRATOR_ADDRESS",
    )
    await server.start()
    stack.push_async_callback(server.stop, STOP_SECONDS)
    return server


async def _retire(server: Server, settings: OrchestratorSettings) -> None:
    """Let balancers send new calls elsewhere, and calls in flight end, as the settings say."""
    await server.drain()
    if not server.private:
        await asyncio.sleep(settings.drain_seconds)
    await server.stop(settings.grace_seconds)


def _short() -> Path | None:
    """A folder whose names fit a socket's 107 characters, or None for the default."""
    own = os.environ.get("XDG_RUNTIME_DIR", "")
    if own and os.access(own, os.W_OK) and len(own) < 60:
        return Path(own)
    return Path("/tmp") if len(tempfile.gettempdir()) > 60 else None  # noqa: S108 - mkdtemp makes it 0700
