"""Whether a process has started, is ready and lives, as gRPC health checks ask it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse

from services.chassis.version import version

STARTUP: Final = "startup"
"""Serving once everything is warmed up, and from then on."""

READY: Final = "ready"
"""Serving while calls are welcome; off while the server goes down. The empty name says the same."""

VERSION_KEY: Final = "storyreel-version"
"""The header in which an answer to a check names the server's version."""

LIVE: Final = "live"
"""Serving as long as the process answers; it never depends on anything else."""


class Health(health.aio.HealthServicer):  # type: ignore[name-defined,misc]
    """The answers to health checks."""

    def __init__(self) -> None:
        super().__init__()
        self._ended = asyncio.Event()

    def add_to(self, server: grpc.aio.Server) -> None:
        """Answer on a server."""
        health_pb2_grpc.add_HealthServicer_to_server(self, server)  # type: ignore[no-untyped-call]

    async def Check(self, request: Any, context: Any) -> Any:
        """Answer a check, and say which version answers."""
        await context.send_initial_metadata(((VERSION_KEY, version()),))
        return await super().Check(request, context)

    async def warm_up(self) -> None:
        """The process lives, and is not ready yet."""
        await self._tell({LIVE: True, STARTUP: False, READY: False, "": False})

    async def open(self) -> None:
        """Calls are welcome."""
        await self._tell({STARTUP: True, READY: True, "": True})

    async def drain(self) -> None:
        """New calls should go elsewhere."""
        await self._tell({READY: False, "": False})

    def end(self) -> None:
        """End what watches: a server that goes down waits for its streams, and these would never end."""
        self._ended.set()

    async def Watch(
        self,
        request: health_pb2.HealthCheckRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> None:
        """Send the state now and at each change, until the server goes down."""
        watching = asyncio.ensure_future(super().Watch(request, context))
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait((watching, ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            watching.cancel()
            ended.cancel()
            await asyncio.gather(watching, ended, return_exceptions=True)

    async def _tell(self, states: dict[str, bool]) -> None:
        for name, serving in states.items():
            await self.set(name, HealthCheckResponse.SERVING if serving else HealthCheckResponse.NOT_SERVING)
