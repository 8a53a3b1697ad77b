"""Streams as a client reads them: one that is no longer read is cancelled, so that the server stops too.

grpc.aio keeps a call alive that nobody reads any more, and with interceptors its iterator as well: a reader
that leaves its loop early would hold the server's place until the deadline.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import grpc

Q = TypeVar("Q")
R = TypeVar("R")

ACCEPTED = ("storyreel-accepted", "1")
"""The header with which a server answers the first of many requests: the others may come."""


class CallFailed(grpc.aio.AioRpcError):
    """A failed call that knows whom it called."""

    def __init__(self, error: grpc.aio.AioRpcError, address: str) -> None:
        super().__init__(
            error.code(),
            error.initial_metadata(),
            error.trailing_metadata(),
            error.details(),
            error.debug_error_string(),
        )
        self.address = address


class Events(grpc.aio.UnaryStreamCall[Q, R]):
    """The replies of one call, in order."""

    def __init__(self, call: grpc.aio.UnaryStreamCall[Q, R], address: str) -> None:
        self._call = call
        self._address = address

    async def __aiter__(self) -> AsyncIterator[R]:
        """The replies; leaving the loop cancels the call. Raises CallFailed."""
        try:
            async for event in self._call:
                yield event
        except grpc.aio.AioRpcError as error:
            raise CallFailed(error, self._address) from error
        finally:
            self._call.cancel()  # without effect on a call that has ended

    async def read(self) -> Any:
        """The next reply, or EOF; whoever reads this way cancels by itself. Raises CallFailed."""
        try:
            return await self._call.read()
        except grpc.aio.AioRpcError as error:
            raise CallFailed(error, self._address) from error

    def cancel(self) -> bool:
        """End the call; False when it has ended."""
        return self._call.cancel()

    def cancelled(self) -> bool:
        """Whether the caller ended it."""
        return self._call.cancelled()

    def done(self) -> bool:
        """Whether it has ended."""
        return self._call.done()

    def time_remaining(self) -> float | None:
        """Seconds to its deadline."""
        return self._call.time_remaining()

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Be told of its end."""
        self._call.add_done_callback(callback)

    async def initial_metadata(self) -> grpc.aio.Metadata:
        """What the server sent first."""
        return await self._call.initial_metadata()

    async def trailing_metadata(self) -> grpc.aio.Metadata:
        """What the server sent last; waits for the end."""
        return await self._call.trailing_metadata()

    async def code(self) -> grpc.StatusCode:
        """How it ended; waits for the end."""
        return await self._call.code()

    async def details(self) -> str:
        """How it ended, in words; waits for the end."""
        return await self._call.details()

    async def wait_for_connection(self) -> None:
        """Wait until the server has the request. Raises AioRpcError."""
        await self._call.wait_for_connection()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a call takes along."""

    timeout: float
    metadata: grpc.aio.Metadata


Prepare = Callable[[float | None, Any], Outgoing]
"""Completes a call's own time-out (seconds) and headers."""


class StreamMethod(Generic[Q, R]):
    """A method with many replies; called like gRPC's own."""

    def __init__(
        self, method: grpc.aio.UnaryStreamMultiCallable[Q, R], *, address: str, prepare: Prepare
    ) -> None:
        self._method = method
        self._address = address
        self._prepare = prepare

    def __call__(
        self, request: Q, *, timeout: float | None = None, metadata: Any = None, **options: Any
    ) -> Events[Q, R]:
        """Start the call; `timeout` in seconds."""
        sent = self._prepare(timeout, metadata)
        call = self._method(request, timeout=sent.timeout, metadata=sent.metadata, **options)
        return Events(call, self._address)


class UploadMethod(Generic[Q, R]):
    """A method with many requests and one reply; called with an async iterator of requests."""

    def __init__(
        self, method: grpc.aio.StreamUnaryMultiCallable[Q, R], *, address: str, prepare: Prepare
    ) -> None:
        self._method = method
        self._address = address
        self._prepare = prepare

    async def __call__(self, requests: AsyncIterator[Q]) -> R:
        """Send the requests and give the reply. Raises CallFailed.

        The second request is sent when the server has accepted the first: a refusal that comes while
        something is being sent reaches gRPC's caller without its reason.
        """
        sent = self._prepare(None, None)
        call = self._method(timeout=sent.timeout, metadata=sent.metadata)
        try:
            await call.write(await anext(requests))
            if ACCEPTED in tuple(await call.initial_metadata()):
                async for request in requests:
                    if call.done():
                        break
                    await call.write(request)
                await call.done_writing()
            return await call
        except grpc.aio.AioRpcError as error:
            raise CallFailed(error, self._address) from error
        finally:
            call.cancel()  # without effect on a call that has ended
