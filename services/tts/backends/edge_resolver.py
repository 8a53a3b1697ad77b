"""Connections to the online service, with names looked up in threads that nobody waits for."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class _Connector(aiohttp.TCPConnector):
    """Outlives the sessions that edge-tts opens and closes, one for each piece of a long text."""

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Stay open; `connector` ends it."""

    async def end(self) -> None:
        """Close all connections."""
        await super().close()


@asynccontextmanager
async def connector() -> AsyncGenerator[aiohttp.BaseConnector, None]:
    """What one question to the service connects with."""
    made = _Connector(resolver=DetachedResolver())
    try:
        yield made
    finally:
        await made.end()


class DetachedResolver(AbstractResolver):
    """Looks names up without holding the process.

    The lookup of the operating system cannot be cancelled and takes up to half a minute where there is a
    network but no name server. A process waits for the threads of its event loop, not for these.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host.

        Raises:
            OSError: It has none, or nobody can tell.
        """
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[ResolveResult]] = loop.create_future()

        def tell(addresses: list[ResolveResult] | OSError) -> None:
            if found.done():
                return
            if isinstance(addresses, OSError):
                found.set_exception(addresses)
            else:
                found.set_result(addresses)

        def look() -> None:
            try:
                answer: list[ResolveResult] | OSError = _addresses(host, port, family)
            except OSError as error:
                answer = error
            # The loop may be gone by the time the answer comes.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(tell, answer)

        threading.Thread(target=look, name="edge-resolver", daemon=True).start()
        return await found

    async def close(self) -> None:
        """Nothing to close."""


def _addresses(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    infos = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    return [
        ResolveResult(
            hostname=host,
            host=str(address[0]),
            port=int(address[1]),
            family=kind,
            proto=proto,
            flags=_NUMERIC,
        )
        for kind, _, proto, _, address in infos
    ]
