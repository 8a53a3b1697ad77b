"""Telemetry: the names of all spans, metrics and attributes; the log; the way to an OTLP endpoint.

Text of documents, prompts and narrations never goes into an attribute, and never into a log line.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final, Protocol

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

# Attributes: the names of OpenTelemetry's RPC conventions, then our own.
RPC_SYSTEM: Final = "rpc.system.name"
RPC_METHOD: Final = "rpc.method"
RPC_STATUS_CODE: Final = "rpc.status_code"
ERROR_TYPE: Final = "error.type"
ERROR_ID: Final = "storyreel.error.id"
REASON: Final = "storyreel.error.reason"
STAGE: Final = "storyreel.stage"
REUSED: Final = "storyreel.reused"
CHILD: Final = "storyreel.child"
COMMAND: Final = "storyreel.command"

# Spans; a served call's span is named after its method.
CHILD_SPAN: Final = "child.call"
COMMAND_SPAN: Final = "command.run"

# Metrics.
CALL_DURATION: Final = "rpc.server.call.duration"
CALLS_BUSY: Final = "storyreel.calls.busy"
RESULTS: Final = "storyreel.results"

ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"

tracer: Final = trace.get_tracer("storyreel")
"""Makes spans; they go nowhere until `start` found an endpoint."""

meter: Final = metrics.get_meter("storyreel")
"""Makes instruments, likewise."""

call_duration: Final = meter.create_histogram(CALL_DURATION, unit="s", description="Served calls.")
calls_busy: Final = meter.create_up_down_counter(CALLS_BUSY, unit="{call}", description="Calls in flight.")
results: Final = meter.create_counter(RESULTS, unit="{reply}", description="Replies, by stage and reuse.")

_traces = TraceContextTextMapPropagator()


def parent_of(carrier: Mapping[str, str]) -> Context:
    """The caller's trace from headers or an environment (key `traceparent`, in lower case)."""
    return _traces.extract(carrier)


def traceparent() -> dict[str, str]:
    """The current trace as headers; empty when there is none."""
    carrier: dict[str, str] = {}
    _traces.inject(carrier)
    return carrier


class Log:
    """Events with facts: `log.info("clip.rendered", scene=3, frames=81)`; one JSON line each.

    An event is named in the past tense, `<noun>.<verb>`. Facts are numbers and short strings.
    """

    def __init__(self, name: str = "storyreel") -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, /, **facts: object) -> None:
        """What only the developer of this part wants to know."""
        self._write(logging.DEBUG, event, facts)

    def info(self, event: str, /, **facts: object) -> None:
        """What happened as it should."""
        self._write(logging.INFO, event, facts)

    def warning(self, event: str, /, **facts: object) -> None:
        """What happened otherwise, and was dealt with."""
        self._write(logging.WARNING, event, facts)

    def error(self, event: str, /, **facts: object) -> None:
        """What broke."""
        self._write(logging.ERROR, event, facts)

    def exception(self, event: str, /, **facts: object) -> None:
        """What broke, with the stack of the exception being handled."""
        self._write(logging.ERROR, event, facts, stack=True)

    def _write(self, level: int, event: str, facts: dict[str, object], *, stack: bool = False) -> None:
        self._logger.log(level, event, exc_info=stack, extra={"facts": facts})


log: Final = Log()


class JsonLines(logging.Formatter):
    """A log record as one line of JSON: time, level, event, the facts, trace_id and span_id, stack."""

    longest = 2000
    """Characters of a fact; what is longer is cut."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; a fact cannot take the place of a field."""
        facts: Mapping[str, object] = getattr(record, "facts", {})
        line: dict[str, object] = {key: self._short(value) for key, value in facts.items()}
        line |= {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": self._short(record.getMessage()),
            "logger": record.name,
        }
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            line |= {
                "trace_id": trace.format_trace_id(span.trace_id),
                "span_id": trace.format_span_id(span.span_id),
            }
        if record.exc_info:
            line["stack"] = self.formatException(record.exc_info)
        first = ("time", "level", "event")
        return json.dumps(
            {key: line[key] for key in (*first, *(key for key in line if key not in first))},
            ensure_ascii=False,
        )

    def _short(self, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        text = str(value)
        return text if len(text) <= self.longest else text[: self.longest] + "…"


class _LogFile(RotatingFileHandler):
    """A log that is not written when its disk is full: whoever runs into that says so."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing of what the system refuses."""
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)

    def close(self) -> None:
        """Close the file, whatever of the last lines it could not take."""
        with suppress(OSError):
            super().close()


def start_log(level: str = "info", *, file: Path | None = None) -> None:
    """Write the log to stdout, or to a file of at most 4 x 5 MB (`file`, `file.1` … `file.3`).

    Events of storyreel are written from `level` on, those of libraries from `warning` on. May be called
    again; the last call decides.
    """
    target: logging.Handler
    if file is None:
        target = logging.StreamHandler(sys.stdout)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        target = _LogFile(file, maxBytes=5_000_000, backupCount=3, encoding="utf-8", delay=True)
    target.setFormatter(JsonLines())
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old.formatter, JsonLines):
            root.removeHandler(old)
            old.close()
    root.addHandler(target)
    root.setLevel(logging.WARNING)
    logging.getLogger("storyreel").setLevel(level.upper())


class _Provider(Protocol):
    def shutdown(self) -> None: ...


_providers: list[_Provider] = []


def start(service: str) -> None:
    """Send spans and metrics to the endpoint in OTEL_EXPORTER_OTLP_ENDPOINT; without one do nothing.

    The SDK takes half a second to import; a process without an endpoint never pays it. The first call of
    a process decides.
    """
    if not os.environ.get(ENDPOINT) or _providers:
        return
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": service, "service.namespace": "storyreel"})
    spans = TracerProvider(resource=resource, shutdown_on_exit=False)
    spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    numbers = MeterProvider(
        [PeriodicExportingMetricReader(OTLPMetricExporter())], resource=resource, shutdown_on_exit=False
    )
    trace.set_tracer_provider(spans)
    metrics.set_meter_provider(numbers)
    _providers.extend((spans, numbers))


async def stop(*, seconds: float = 5.0) -> None:
    """Send what has not been sent, and end; an endpoint that does not answer is given up after `seconds`."""
    if not _providers:
        return
    loop, sent = asyncio.get_running_loop(), asyncio.Event()

    def shut_down() -> None:
        while _providers:
            _providers.pop(0).shutdown()
        with suppress(RuntimeError):  # the loop ended before
            loop.call_soon_threadsafe(sent.set)

    # A daemon: the loop's own threads would be waited for at exit, however long the endpoint is silent.
    threading.Thread(target=shut_down, name="telemetry", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            await sent.wait()
    except TimeoutError:
        log.warning("telemetry.abandoned", seconds=seconds)
