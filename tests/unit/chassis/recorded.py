"""What a server told telemetry, kept by the SDK's own in-memory ends."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.chassis import telemetry


class Recorded:
    """What went to telemetry, kept by the SDK's own in-memory ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._spans = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        traces = TracerProvider()
        traces.add_span_processor(SimpleSpanProcessor(self._spans))
        meter = MeterProvider([self._reader]).get_meter("test")
        monkeypatch.setattr(telemetry, "tracer", traces.get_tracer("test"))
        monkeypatch.setattr(telemetry, "call_duration", meter.create_histogram(telemetry.CALL_DURATION))

    async def span(self) -> Any:
        """The one finished span; the server ends it a moment after the client has its answer."""
        async with asyncio.timeout(10):
            while not self._spans.get_finished_spans():
                await asyncio.sleep(0.005)
        (span,) = self._spans.get_finished_spans()
        return span

    def points(self) -> list[Mapping[str, Any]]:
        """The attributes of each counted kind of call."""
        data = self._reader.get_metrics_data()
        assert data is not None
        points = data.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points
        return [dict(p.attributes or {}) for p in points if isinstance(p, HistogramDataPoint)]
