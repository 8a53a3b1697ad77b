"""A server of one or more services: its addresses, its health, its start and its end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

import grpc
from google.protobuf import descriptor_pool
from pydantic_settings import BaseSettings

from services.chassis import scratch, telemetry
from services.chassis.address import Address
from services.chassis.channel import LARGEST_MESSAGE, LARGEST_METADATA
from services.chassis.errors import Configuration, StoryreelError
from services.chassis.health import Health
from services.chassis.interceptor import Interceptor, MethodLimits
from services.chassis.settings import CONFIGURATION_EXIT, CommonSettings, ServerSettings, load
from services.chassis.telemetry import log
from services.chassis.usage import read_no_arguments

__all__ = ["MethodLimits", "Room", "Server", "main"]

Own = TypeVar("Own", bound=ServerSettings)
Stored = TypeVar("Stored", bound=BaseSettings)

OPTIONS: Final = (
    ("grpc.max_send_message_length", LARGEST_MESSAGE),
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
    ("grpc.max_metadata_size", LARGEST_METADATA),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    # Two processes on one port would share its connections unevenly; a port has one owner.
    ("grpc.so_reuseport", 0),
)
CONNECTION_AGE_MS: Final = 300_000
"""Only on TCP: clients learn of new replicas when they have to connect again (gRPC adds 10% of jitter)."""
CONNECTION_GRACE_MS: Final = 30_000
"""How long calls go on in a connection of that age. An upload cannot go on in another: it has its limit."""


@dataclass(frozen=True, slots=True)
class Room:
    """One service of a process.

    Args:
        service: Its full name, `storyreel.tts.v1.TtsService`.
        add: Adds its servicer to a server.
        limits: By method name, for every method of the service.
        start: Warms it up; it is ready afterwards.
        close: Ends what it started.
    """

    service: str
    add: Callable[[grpc.aio.Server], None]
    limits: Mapping[str, MethodLimits]
    start: Callable[[], Awaitable[None]]
    close: Callable[[], Awaitable[None]]

    def __post_init__(self) -> None:
        methods = descriptor_pool.Default().FindServiceByName(self.service).methods
        if {method.name for method in methods} != set(self.limits):
            raise ValueError(f"the limits of {self.service} must name each of its methods")


class Server:
    """Serves rooms at one address.

    Args:
        rooms: What it serves.
        address: `unix:/path/of/a.sock` or `host:port`; port 0 takes a free one.
        health_address: Where to answer health checks alone; they are answered at `address` too.
        reflection: Answer questions about the contract.
        setting: What a person sets to move the address, named in errors.
    """

    def __init__(
        self,
        rooms: Sequence[Room],
        address: str,
        *,
        health_address: str | None = None,
        reflection: bool = True,
        setting: str = "the address",
    ) -> None:
        self._rooms = tuple(rooms)
        self._address = Address(address, setting)
        self._health_address = (
            Address(health_address, setting.replace("ADDRESS", "HEALTH_ADDRESS")) if health_address else None
        )
        self._reflection = reflection
        self._ending = AsyncExitStack()
        self._health = Health()
        self._server: grpc.aio.Server | None = None
        self.bound = address
        """The address clients connect to; with the port taken, once started."""
        self.health_bound = health_address or address
        """The address of the health checks, likewise."""

    @property
    def private(self) -> bool:
        """True when only this machine can reach it."""
        return self._address.private

    async def start(self) -> None:
        """Take the addresses, warm the rooms up, and serve. A start that fails leaves nothing behind.

        Raises:
            Configuration: An address cannot be had.
            StoryreelError: What a room could not start for; Configuration when the system refused it a file.
        """
        async with AsyncExitStack() as undo:
            await self._health.warm_up()
            server = await self._listen(undo)
            if self._health_address is not None:
                await self._serve_health(self._health_address, undo)
            for room in self._rooms:
                undo.push_async_callback(room.close)
                with _refusals():
                    await room.start()
            await server.start()
            self._server = server
            await self._health.open()
            self._ending = undo.pop_all()

    async def drain(self) -> None:
        """Tell balancers to send new calls elsewhere; calls are still taken."""
        await self._health.drain()

    async def stop(self, grace: float) -> None:
        """Refuse new calls, let those in flight end within `grace` seconds, close the rooms."""
        await self._health.drain()
        server, self._server = self._server, None
        if server is not None:
            stopping = asyncio.ensure_future(server.stop(grace))
            await asyncio.sleep(0)
            self._health.end()
            await stopping
        await self._ending.aclose()

    async def _listen(self, undo: AsyncExitStack) -> grpc.aio.Server:
        limits = {
            f"{room.service}/{name}": limit for room in self._rooms for name, limit in room.limits.items()
        }
        aging = () if self._address.private else _aging(self._rooms)
        server = grpc.aio.server(interceptors=[Interceptor(limits)], options=[*OPTIONS, *aging])
        claim = self._address.claim()
        undo.callback(claim.release)
        self.bound = claim.bind(server)
        for room in self._rooms:
            room.add(server)
        self._health.add_to(server)
        if self._reflection:
            from grpc_reflection.v1alpha import reflection

            names = [room.service for room in self._rooms]
            enable: Callable[[list[str], grpc.aio.Server], None] = reflection.enable_server_reflection
            enable([*names, reflection.SERVICE_NAME], server)
        undo.push_async_callback(server.stop, 0)
        return server

    async def _serve_health(self, address: Address, undo: AsyncExitStack) -> None:
        server = grpc.aio.server(options=list(OPTIONS))
        claim = address.claim()
        undo.callback(claim.release)
        self.health_bound = claim.bind(server)
        self._health.add_to(server)
        await server.start()
        undo.push_async_callback(server.stop, 0)


def main(
    serves: str,
    kind: type[Own],
    stored: type[Stored],
    room: Callable[[Own, Stored], Room],
    *,
    others: Sequence[type[BaseSettings]] = (),
) -> None:
    """Serve a room until SIGTERM or SIGINT, let calls in flight end, and return.

    A start that fails writes in one line why, and what helps, to stderr and exits with 4. A second signal
    ends the process at once. `--help` tells what is served and ends with 0; other arguments end with 2.

    Args:
        serves: The service and what it does, as `--help` says it.
        kind: The settings of the stage.
        stored: Those of its store.
        room: Makes what is served of both.
        others: What the room reads later; `--help` lists these settings too.
    """
    read_no_arguments(serves, kind, *others, stored, CommonSettings)
    try:
        settings, where = load(kind), load(stored)
        level = "debug" if settings.debug else load(CommonSettings).log
        telemetry.start_log(level)
        asyncio.run(_serve(lambda: room(settings, where), settings), debug=settings.debug)
    except StoryreelError as error:
        more = (way.description for way in error.suggestions if way.description not in str(error))
        sys.stderr.write(f"{' '.join([str(error), *more])}\n")
        raise SystemExit(CONFIGURATION_EXIT) from None


def _aging(rooms: Sequence[Room]) -> Sequence[tuple[str, int]]:
    """How long a connection lives, and the calls in it after that."""
    uploads = [
        round(room.limits[method.name].seconds * 1000)
        for room in rooms
        for method in descriptor_pool.Default().FindServiceByName(room.service).methods
        if method.client_streaming
    ]
    grace = max([CONNECTION_GRACE_MS, *uploads])
    return (
        ("grpc.max_connection_age_ms", CONNECTION_AGE_MS),
        ("grpc.max_connection_age_grace_ms", grace),
    )


@contextmanager
def _refusals() -> Iterator[None]:
    """What the system refuses at a start is for a person to settle: a folder, a program, a permission."""
    try:
        yield
    except OSError as error:
        place = error.filename or "A file"
        raise Configuration(
            f"{place} cannot be used: {error.strerror}. Correct it, or the setting that names it.",
            metadata={"path": str(place)},
        ) from error


async def _serve(room: Callable[[], Room], settings: ServerSettings) -> None:
    told = asyncio.Event()

    def end(number: signal.Signals) -> None:
        if told.is_set():
            os._exit(128 + number)
        told.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    await asyncio.to_thread(scratch.clean)
    served = room()
    telemetry.start(served.service)
    prefix = str(settings.model_config.get("env_prefix", ""))
    server = Server(
        [served],
        settings.address,
        health_address=settings.health_address,
        reflection=settings.reflection,
        setting=f"{prefix}ADDRESS",
    )
    try:
        if not await _started(server, told):
            log.info("server.stopped", service=served.service, started=False)
            return
        log.info("server.started", service=served.service, address=server.bound)
        await told.wait()
        log.info("server.signalled", grace_seconds=settings.grace_seconds)
        await server.drain()
        if not server.private:
            await asyncio.sleep(settings.drain_seconds)
        await server.stop(settings.grace_seconds)
        log.info("server.stopped", service=served.service)
    finally:
        await telemetry.stop()


async def _started(server: Server, told: asyncio.Event) -> bool:
    """Start a server, which may warm up for minutes; False when it is told to end before it has."""
    starting, ending = asyncio.ensure_future(server.start()), asyncio.ensure_future(told.wait())
    try:
        await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ending.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
        return False
    await starting
    return True
