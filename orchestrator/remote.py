"""A storyreel elsewhere: JobService and ArtifactService at STORYREEL_ADDRESS, and nothing on this machine."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from orchestrator.client import JobClient, Storyreel
from services.artifacts.client import ArtifactClient
from services.chassis import channel, health
from services.chassis.errors import Configuration, Suggestion, Unreachable

ANSWER_SECONDS = 5.0
"""How long a server may take to say that it is ready."""

_ADDRESS = re.compile(r"unix:/\S.*|[^\s/]+:[0-9]{1,5}")
_LONGEST = 200
"""Characters of gRPC's own words on a failure."""


@asynccontextmanager
async def storyreel(address: str) -> AsyncIterator[Storyreel]:
    """The jobs and artifacts of the server at an address.

    Raises:
        Configuration: It is not an address.
        Unreachable: No storyreel answers there, or it is not ready.
    """
    async with connected(address) as connection:
        yield Storyreel(JobClient(connection), ArtifactClient(connection), address)


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to the server at an address, which has answered; raises what `storyreel` raises."""
    check_address(address)
    async with channel.connect(address) as connection:
        await version(connection, address)
        yield connection


def check_address(address: str) -> None:
    """Refuse what is not an address, with Configuration."""
    if not _ADDRESS.fullmatch(address):
        raise Configuration(
            f"STORYREEL_ADDRESS is {address[:_LONGEST]!r}. Give host:port or unix:/path/of/a.sock."
        )


async def version(connection: grpc.aio.Channel, address: str) -> str:
    """The version of the server, "" when it does not say.

    Raises:
        Unreachable: It does not answer, or is not ready.
    """
    stub: Any = health_pb2_grpc.HealthStub(connection)  # type: ignore[no-untyped-call]
    call = stub.Check(health_pb2.HealthCheckRequest(service=health.READY), timeout=ANSWER_SECONDS)
    try:
        reply = await call
        told = dict(await call.initial_metadata())
    except grpc.aio.AioRpcError as error:
        raise _unreachable(address, _why(error)) from error
    if reply.status != health_pb2.HealthCheckResponse.SERVING:
        raise _unreachable(address, "the server is starting or going down")
    return str(told.get(health.VERSION_KEY, ""))


def _why(error: grpc.aio.AioRpcError) -> str:
    if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"no answer in {ANSWER_SECONDS:g} seconds"
    return " ".join((error.details() or error.code().name).split())[:_LONGEST]


def _unreachable(address: str, why: str) -> Unreachable:
    return Unreachable(
        f"No storyreel answers at {address} ({why}).",
        suggestions=[
            Suggestion(
                "Start `python -m orchestrator serve` there, correct STORYREEL_ADDRESS, "
                "or unset it to work on this machine."
            )
        ],
        metadata={"address": address},
    )
