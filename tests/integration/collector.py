"""An OTLP endpoint that keeps the spans it is sent, and tells how they hang together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

PATIENCE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Span:
    """One span, with the name of the process it comes from; `parent` is empty for a root."""

    trace: str
    id: str
    parent: str
    name: str
    service: str


@dataclass(slots=True)
class Collector:
    """The spans so far, and what a process sets to send its own here."""

    spans: list[Span] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    async def until(self, arrived: Callable[[], bool]) -> None:
        """Wait until something has arrived: processes send what they have every 100 ms."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not arrived():
                await asyncio.sleep(0.05)


def orphans(spans: list[Span]) -> list[Span]:
    """The spans whose parent is not among them."""
    known = {span.id for span in spans}
    return [span for span in spans if span.parent and span.parent not in known]


class _Traces(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    async def Export(self, request: Any, context: object) -> trace_service_pb2.ExportTraceServiceResponse:
        for group in request.resource_spans:
            [service] = [a.value.string_value for a in group.resource.attributes if a.key == "service.name"]
            self._collector.spans += [
                Span(span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.name, service)
                for scope in group.scope_spans
                for span in scope.spans
            ]
        return trace_service_pb2.ExportTraceServiceResponse()


class _Metrics(metrics_service_pb2_grpc.MetricsServiceServicer):
    async def Export(
        self, request: object, context: object
    ) -> metrics_service_pb2.ExportMetricsServiceResponse:
        return metrics_service_pb2.ExportMetricsServiceResponse()


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A running endpoint."""
    server, collector = grpc.aio.server(), Collector()
    add: Any = trace_service_pb2_grpc.add_TraceServiceServicer_to_server
    add(_Traces(collector), server)
    add = metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server
    add(_Metrics(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    collector.settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    await server.start()
    try:
        yield collector
    finally:
        await server.stop(0)
