"""The connection to a Temporal server, whoever runs it."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
from collections.abc import Sequence

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, Interceptor
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError, RPCStatusCode

from orchestrator.converter import CONVERTER
from services.chassis import telemetry
from services.chassis.errors import Configuration, EngineUnavailable

NAMESPACE = "default"


async def connect(
    address: str, *, namespace: str = NAMESPACE, seconds: float = 10.0, identity: str | None = None
) -> Client:
    """Connect to a Temporal server.

    Args:
        address: Where it is.
        namespace: Which of its namespaces.
        seconds: How long it may take to answer.
        identity: How it knows this process; by default by its id and its host.

    Raises:
        Configuration: The server has no such namespace.
        EngineUnavailable: Nothing answered within `seconds`.
    """
    end = (loop := asyncio.get_running_loop()).time() + seconds
    while True:
        try:
            async with asyncio.timeout(max(end - loop.time(), 0.1)):
                client = await Client.connect(
                    address,
                    namespace=namespace,
                    data_converter=CONVERTER,
                    interceptors=_interceptors(),
                    runtime=_runtime(),
                    identity=identity,
                )
                await _check_namespace(client, address)
                return client
        except (RuntimeError, RPCError, TimeoutError) as error:
            if loop.time() >= end:
                raise EngineUnavailable(
                    f"No Temporal server answers at {address}. "
                    "Start it, or correct STORYREEL_TEMPORAL_ADDRESS."
                ) from error
            await asyncio.sleep(0.03)


async def _check_namespace(client: Client, address: str) -> None:
    """Connecting succeeds whatever the namespace; each call would fail later."""
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            raise Configuration(
                f"The Temporal server at {address} has no namespace {client.namespace!r}. "
                "Create it, or correct STORYREEL_TEMPORAL_NAMESPACE."
            ) from None
        if error.status != RPCStatusCode.PERMISSION_DENIED:  # one may work in what one may not describe
            raise


@functools.cache
def _runtime() -> Runtime:
    """The client library's threads; its log goes to ours instead of, in colours, to the user's terminal."""
    forwarding = LogForwardingConfig(logger=logging.getLogger("temporalio.core"))
    levels = TelemetryFilter(core_level="WARN", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=levels, forwarding=forwarding)))


def _interceptors() -> Sequence[Interceptor]:
    """What takes a job's trace through the engine; imported only when the trace goes somewhere."""
    if not os.environ.get(telemetry.ENDPOINT):
        return ()
    from temporalio.contrib.opentelemetry import TracingInterceptor

    return (TracingInterceptor(),)
