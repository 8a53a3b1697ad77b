"""The client's end of a connection: retries, keepalive, deadlines, the trace, errors as exceptions."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, Self, TypeVar, cast

import grpc

from services.chassis import status, telemetry
from services.chassis.stream import CallFailed, Outgoing, StreamMethod, UploadMethod

LARGEST_MESSAGE = 1 << 20
"""Bytes, both ways: bytes travel as artifacts, not in messages."""

LARGEST_METADATA = 8 << 10
"""Bytes of headers or trailers."""

UNARY_DEADLINE = timedelta(seconds=60)
"""For unary calls whose caller names none; no unary method may take longer."""

STREAM_DEADLINE = timedelta(hours=2)
"""For streams whose caller names none; the server's cap for the method is usually less."""

Q = TypeVar("Q")
R = TypeVar("R")


def connect(address: str) -> grpc.aio.Channel:
    """A channel to a service, to be made inside the running event loop and closed by its maker.

    Connects when the first call is made. Lost connections are retried (at most 4 attempts, never after
    the first message of a reply); nothing else is.

    Args:
        address: `host:port`, `dns:///name:port` (all its addresses take turns) or `unix:/path`.
    """
    options = [
        ("grpc.service_config", json.dumps(_service_config(address))),
        ("grpc.max_send_message_length", LARGEST_MESSAGE),
        ("grpc.max_receive_message_length", LARGEST_MESSAGE),
        ("grpc.max_metadata_size", LARGEST_METADATA),
        # A black-holed stream fails after 15 s; an idle channel sends nothing.
        ("grpc.keepalive_time_ms", 10_000),
        ("grpc.keepalive_timeout_ms", 5_000),
        ("grpc.keepalive_permit_without_calls", 0),
        # A server that comes back is found within 5 s, not within gRPC's 2 minutes.
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.min_reconnect_backoff_ms", 1_000),
        ("grpc.max_reconnect_backoff_ms", 5_000),
        # Channels of one process share no connection, so that one's failure is not another's.
        ("grpc.use_local_subchannel_pool", 1),
        # Services stand beside each other; a proxy for the internet is not on the way.
        ("grpc.enable_http_proxy", 0),
    ]
    channel = grpc.aio.insecure_channel(address, options=options, interceptors=[_Unary(address)])
    return _Channel(channel, address)


@contextmanager
def errors() -> Iterator[None]:
    """Raise a call's failure as the exception the service raised.

    Raises:
        StoryreelError: The class of the failure's reason; Unreachable or Deadline when no service answered.
    """
    try:
        yield
    except grpc.aio.AioRpcError as error:
        address = error.address if isinstance(error, CallFailed) else ""
        raise status.from_call(error, address=address) from error


def _service_config(address: str) -> dict[str, object]:
    config: dict[str, object] = {
        "loadBalancingConfig": [{"round_robin": {}}],
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 4,
                    "initialBackoff": "0.1s",
                    "maxBackoff": "2s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ],
        # In a total outage most calls are tried once: retries stop when more than half the budget is gone.
        "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
    }
    if not address.startswith("unix:"):
        config["healthCheckConfig"] = {"serviceName": "ready"}
    return config


def _outgoing(timeout: float | None, metadata: Any, *, deadline: timedelta) -> Outgoing:
    headers = grpc.aio.Metadata(*(metadata or ()))
    for key, value in telemetry.traceparent().items():
        headers[key] = value
    return Outgoing(deadline.total_seconds() if timeout is None else timeout, headers)


class _Unary(grpc.aio.UnaryUnaryClientInterceptor):
    """Completes a call with one reply, and says in its failure whom it called."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def intercept_unary_unary(
        self,
        continuation: Callable[[grpc.aio.ClientCallDetails, Q], Awaitable[grpc.aio.UnaryUnaryCall[Q, R]]],
        client_call_details: grpc.aio.ClientCallDetails,
        request: Q,
    ) -> grpc.aio.UnaryUnaryCall[Q, R]:
        given = client_call_details
        sent = _outgoing(given.timeout, given.metadata, deadline=UNARY_DEADLINE)
        call = await continuation(
            grpc.aio.ClientCallDetails(
                given.method, sent.timeout, sent.metadata, given.credentials, given.wait_for_ready
            ),
            request,
        )
        try:
            await call
        except grpc.aio.AioRpcError as error:
            raise CallFailed(error, self._address) from error
        return call


class _Channel(grpc.aio.Channel):
    """gRPC's channel with streams that end when they are no longer read."""

    def __init__(self, channel: grpc.aio.Channel, address: str) -> None:
        self._channel = channel
        self._address = address

    def unary_unary(self, *args: Any, **options: Any) -> grpc.aio.UnaryUnaryMultiCallable[Any, Any]:
        """A method with one reply."""
        return self._channel.unary_unary(*args, **options)

    def unary_stream(self, *args: Any, **options: Any) -> grpc.aio.UnaryStreamMultiCallable[Any, Any]:
        """A method with many replies."""
        method = self._channel.unary_stream(*args, **options)
        prepare = partial(_outgoing, deadline=STREAM_DEADLINE)
        return cast(
            "grpc.aio.UnaryStreamMultiCallable[Any, Any]",
            StreamMethod(method, address=self._address, prepare=prepare),
        )

    def stream_unary(self, *args: Any, **options: Any) -> grpc.aio.StreamUnaryMultiCallable[Any, Any]:
        """A method with many requests; it is called with an async iterator of them."""
        method = self._channel.stream_unary(*args, **options)
        prepare = partial(_outgoing, deadline=STREAM_DEADLINE)
        return cast(
            "grpc.aio.StreamUnaryMultiCallable[Any, Any]",
            UploadMethod(method, address=self._address, prepare=prepare),
        )

    def stream_stream(self, *args: Any, **options: Any) -> grpc.aio.StreamStreamMultiCallable[Any, Any]:
        """Not one of ours, but of server reflection's."""
        return self._channel.stream_stream(*args, **options)

    async def close(self, grace: float | None = None) -> None:
        """End the calls in flight, after `grace` seconds, and the connections."""
        await self._channel.close(grace)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """Whether it is connected."""
        return self._channel.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Wait until the state is another one."""
        await self._channel.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Wait until it is connected."""
        await self._channel.channel_ready()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()
