"""Events become JSON lines with their trace; spans and metrics go to an endpoint when there is one."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import socket
import sys
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.sdk.trace import TracerProvider

from services.chassis import telemetry
from services.chassis.telemetry import JsonLines, Log, log, start_log

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """The log of level info, as it goes to stdout; afterwards logging is as it was."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    root, own = logging.getLogger(), logging.getLogger("storyreel")
    before = (root.level, own.level)
    start_log("info")
    yield out
    for handler in root.handlers[:]:
        if isinstance(handler.formatter, JsonLines):
            root.removeHandler(handler)
            handler.close()
    root.setLevel(before[0])
    own.setLevel(before[1])


def parsed(out: io.StringIO) -> list[dict[str, Any]]:
    """The lines as objects."""
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.usefixtures("lines")
def test_a_log_on_a_full_disk_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    start_log("info", file=Path("/dev/full"))

    for number in range(3):
        log.info("clip.rendered", scene=number)

    assert capsys.readouterr().err == ""


def test_an_event_is_one_line_with_its_facts(lines: io.StringIO) -> None:
    log.info("clip.rendered", scene=3, frames=81, seconds=41.2, reused=False, voice=None)

    (line,) = parsed(lines)
    facts = {"scene": 3, "frames": 81, "seconds": 41.2, "reused": False, "voice": None}
    assert list(line)[:3] == ["time", "level", "event"]
    assert (
        line.items() >= ({"level": "info", "event": "clip.rendered", "logger": "storyreel"} | facts).items()
    )
    assert line["time"].endswith("+00:00")


def test_a_fact_cannot_forge_a_field_or_a_line(lines: io.StringIO) -> None:
    log.warning("job.failed\n", event="x", level="info", time=0, logger="y", why='a "quoted"\nline %s')

    (line,) = parsed(lines)
    assert (line["event"], line["level"], line["logger"]) == ("job.failed\n", "warning", "storyreel")
    assert line["why"] == 'a "quoted"\nline %s'


def test_a_long_fact_is_cut(lines: io.StringIO) -> None:
    log.info("x.done", text="y" * 1_000_000, path=Path("/tmp/a"))

    (line,) = parsed(lines)
    assert line["text"] == "y" * 2000 + "…"
    assert line["path"] == "/tmp/a"


def test_an_event_in_a_span_carries_its_trace(lines: io.StringIO) -> None:
    span = TracerProvider().get_tracer("test").start_span("call")

    with trace.use_span(span):
        log.info("inside.done")
    log.info("outside.done")

    inside, outside = parsed(lines)
    assert inside["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert inside["span_id"] == f"{span.get_span_context().span_id:016x}"
    assert "trace_id" not in outside


def test_what_broke_is_logged_with_its_stack(lines: io.StringIO) -> None:
    try:
        raise KeyError("gone")
    except KeyError:
        log.exception("call.broke", error_id="1f")

    (line,) = parsed(lines)
    assert (line["level"], line["error_id"]) == ("error", "1f")
    assert "KeyError: 'gone'" in line["stack"]


def test_events_below_the_level_and_the_chatter_of_libraries_are_left_out(lines: io.StringIO) -> None:
    log.debug("too.fine")
    Log("storyreel.child").error("child.died")
    logging.getLogger("library").info("connecting")
    logging.getLogger("library").warning("slow %s", "disk")

    assert [line["event"] for line in parsed(lines)] == ["child.died", "slow disk"]


def test_the_log_can_go_to_a_file_instead_that_stays_small(lines: io.StringIO, tmp_path: Path) -> None:
    start_log("debug", file=tmp_path / "log" / "storyreel.jsonl")

    for number in range(3000):
        log.debug("fact.told", number=number, text="x" * 1900)

    files = sorted(path.name for path in (tmp_path / "log").iterdir())
    newest = (tmp_path / "log" / "storyreel.jsonl").read_text().splitlines()
    assert files == ["storyreel.jsonl", "storyreel.jsonl.1"]
    assert json.loads(newest[-1])["number"] == 2999
    assert all(path.stat().st_size <= 5_000_000 for path in (tmp_path / "log").iterdir())
    assert lines.getvalue() == ""


def test_a_trace_survives_the_way_through_headers() -> None:
    span = TracerProvider().get_tracer("test").start_span("call")

    with trace.use_span(span):
        headers = telemetry.traceparent()
    found = trace.get_current_span(telemetry.parent_of(headers)).get_span_context()

    assert found.trace_id == span.get_span_context().trace_id
    assert telemetry.traceparent() == {}


@pytest.mark.parametrize("header", ["", "nonsense", "00-0-0-00", "x" * 10_000])
def test_a_broken_header_is_no_trace(header: str) -> None:
    found = trace.get_current_span(telemetry.parent_of({"traceparent": header})).get_span_context()

    assert not found.is_valid


def test_names_follow_the_convention() -> None:
    names = {
        name: value for name, value in vars(telemetry).items() if name.isupper() and isinstance(value, str)
    }
    own = [value for value in names.values() if value.startswith("storyreel")]

    assert names["CALL_DURATION"] == "rpc.server.call.duration"
    assert len(set(names.values())) == len(names)
    assert all(value == value.lower() and value.count(".") >= 1 for value in own)


class Collector(trace_service_pb2_grpc.TraceServiceServicer, metrics_service_pb2_grpc.MetricsServiceServicer):
    """An OTLP endpoint that keeps what it is sent."""

    def __init__(self) -> None:
        self.spans: list[str] = []
        self.metrics: list[str] = []
        self.services: set[str] = set()

    async def Export(self, request: Any, context: object) -> Any:
        """Take spans or metrics; both calls have this name."""
        if isinstance(request, trace_service_pb2.ExportTraceServiceRequest):
            for group in request.resource_spans:
                self.services |= {
                    a.value.string_value for a in group.resource.attributes if a.key == "service.name"
                }
                self.spans += [span.name for scope in group.scope_spans for span in scope.spans]
            return trace_service_pb2.ExportTraceServiceResponse()
        for group in request.resource_metrics:
            self.metrics += [metric.name for scope in group.scope_metrics for metric in scope.metrics]
        return metrics_service_pb2.ExportMetricsServiceResponse()


@pytest.fixture
async def collector() -> AsyncGenerator[tuple[Collector, str], None]:
    """A running endpoint and its address."""
    collecting = Collector()
    server = grpc.aio.server()
    add: Any
    for add in (
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server,
        metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server,
    ):
        add(collecting, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield collecting, f"http://127.0.0.1:{port}"
    await server.stop(0)


PROGRAM = """
import asyncio, sys
from services.chassis import telemetry
telemetry.start_log()
telemetry.start("storyreel.tts.v1.TtsService")
with telemetry.tracer.start_as_current_span("clip.render"):
    telemetry.log.info("clip.rendered")
telemetry.call_duration.record(1.5, {})
asyncio.run(telemetry.stop(seconds=float(sys.argv[1])))
print("sdk" if "opentelemetry.sdk.trace" in sys.modules else "no sdk")
"""


async def program(*arguments: str, **environment: str) -> list[str]:
    """What a process with telemetry prints."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, *arguments),
        cwd=ROOT,
        env=own | {"PYTHONPATH": f"{ROOT}:{ROOT / 'protos' / 'gen'}"} | environment,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode().splitlines()


async def test_spans_and_metrics_reach_the_endpoint_before_the_process_ends(
    collector: tuple[Collector, str],
) -> None:
    collecting, endpoint = collector

    out = await program("30", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)

    assert len(json.loads(out[0])["trace_id"]) == 32
    assert collecting.spans == ["clip.render"]
    assert collecting.metrics == ["rpc.server.call.duration"]
    assert collecting.services == {"storyreel.tts.v1.TtsService"}


async def test_without_an_endpoint_there_is_no_sdk_and_no_exporter() -> None:
    out = await program("30")

    assert "trace_id" not in json.loads(out[0])
    assert out[1] == "no sdk"


async def test_an_endpoint_that_does_not_answer_does_not_hold_the_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]

        out = await program("0.1", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}")

    assert json.loads(out[1])["event"] == "telemetry.abandoned"
