"""Every call is traced, bounded, checked, counted and answered with the right status."""

from __future__ import annotations

import logging
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.trace import StatusCode

from services.chassis.channel import errors
from services.chassis.errors import (
    BadInput,
    Internal,
    InvalidRequest,
    StoryreelError,
    Undecodable,
    UnknownVoice,
)
from storyreel.error.v1 import category_pb2
from storyreel.tts.v1 import tts_service_pb2
from tests.unit.chassis.recorded import Recorded

TTS = "storyreel.tts.v1.TtsService"


def choose(voice: str) -> tts_service_pb2.ChooseVoiceRequest:
    """A request for a voice."""
    return tts_service_pb2.ChooseVoiceRequest(voice=voice, language="en")


async def test_a_call_that_ends_well_has_a_span_and_a_metric(tts: Any, recorded: Recorded) -> None:
    await tts.ListVoices(tts_service_pb2.ListVoicesRequest())

    span = await recorded.span()
    expected = {
        "rpc.system.name": "grpc",
        "rpc.method": f"{TTS}/ListVoices",
        "rpc.status_code": "OK",
    }
    assert span.name == f"{TTS}/ListVoices"
    assert dict(span.attributes) == expected
    assert span.status.status_code is StatusCode.UNSET
    assert recorded.points() == [expected]


async def test_the_span_belongs_to_the_callers_trace(tts: Any, recorded: Recorded) -> None:
    header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    await tts.ListVoices(tts_service_pb2.ListVoicesRequest(), metadata=(("traceparent", header),))

    span = await recorded.span()
    assert f"{span.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"


async def test_an_expected_error_has_its_code_everywhere_and_is_no_fault_of_the_server(
    tts: Any, recorded: Recorded
) -> None:
    with pytest.raises(UnknownVoice) as caught, errors():
        await tts.ChooseVoice(choose("nobody"))

    span = await recorded.span()
    assert caught.value.metadata == {"voice": "nobody"}
    assert span.attributes["rpc.status_code"] == "INVALID_ARGUMENT"
    assert span.attributes["storyreel.error.reason"] == "UNKNOWN_VOICE"
    assert span.status.status_code is StatusCode.UNSET
    assert recorded.points()[0]["rpc.status_code"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize("voice", ["broken", "late"])
async def test_a_defect_is_told_by_its_id_and_explained_only_in_log_and_span(
    tts: Any, recorded: Recorded, caplog: pytest.LogCaptureFixture, voice: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await tts.ChooseVoice(choose(voice))
    with pytest.raises(Internal) as translated, errors():
        raise caught.value

    span = await recorded.span()
    error_id = translated.value.error_id
    assert translated.value.message == f"internal error {error_id}"
    assert len(error_id) == 12
    assert "hunter2" not in str(caught.value.trailing_metadata())
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["storyreel.error.id"] == error_id
    assert span.attributes["error.type"] == "INTERNAL"
    assert span.events[0].attributes["storyreel.error.id"] == error_id
    (line,) = [r for r in caplog.records if r.name == "storyreel" and r.levelno == logging.ERROR]
    assert line.__dict__["facts"]["error_id"] == error_id
    assert line.exc_info is not None


@pytest.mark.parametrize("method", ["TtsService/ListVoices", "TtsService/Synthesize"])
async def test_bytes_that_are_no_request_are_refused_with_a_span(
    channel: grpc.aio.Channel, recorded: Recorded, method: str
) -> None:
    call: Any = channel.unary_unary(f"/storyreel.tts.v1.{method}")

    with pytest.raises(Undecodable) as caught, errors():
        await call(b"\xff\xff\xff")

    span = await recorded.span()
    assert method in caught.value.message
    assert span.attributes["rpc.status_code"] == "INVALID_ARGUMENT"


async def test_a_stream_refuses_bytes_that_are_no_request(channel: grpc.aio.Channel) -> None:
    call: Any = channel.unary_stream("/storyreel.generation.v1.GenerationService/GenerateFootage")

    with pytest.raises(Undecodable), errors():
        _ = [event async for event in call(b"\xff\xff\xff")]


async def test_each_broken_rule_is_named_with_the_path_of_its_field(tts: Any) -> None:
    request = tts_service_pb2.ChooseVoiceRequest(voice="!", language="en", excluded_engines=["ok", "BAD"])

    with pytest.raises(InvalidRequest) as caught, errors():
        await tts.ChooseVoice(request)

    assert [v.field for v in caught.value.violations] == ["voice", "excluded_engines[1]"]
    assert "excluded_engines[1]" in caught.value.message


async def test_the_path_of_a_nested_field_has_its_message_before_it(generation: Any, clip: Any) -> None:
    clip.spec.footage.retries.add(category=category_pb2.CATEGORY_MODEL_LOADING).values.steps = 20

    with pytest.raises(InvalidRequest) as caught, errors():
        _ = [event async for event in generation.GenerateFootage(clip)]

    assert [v.field for v in caught.value.violations] == ["spec.footage.retries[0].category"]


async def test_a_rule_between_fields_names_the_message_that_they_are_in(generation: Any, clip: Any) -> None:
    clip.spec.continues = True

    with pytest.raises(InvalidRequest) as caught, errors():
        _ = [event async for event in generation.GenerateFootage(clip)]

    assert [v.field for v in caught.value.violations] == ["spec"]
    assert "continues needs an image in footage" in caught.value.message


async def test_a_refused_request_never_reaches_the_method(tts: Any, rooms: Any) -> None:
    with pytest.raises(BadInput), errors():
        await tts.ChooseVoice(tts_service_pb2.ChooseVoiceRequest(voice="!", language="en"))

    assert rooms.voices.attempts == 0


async def test_a_stream_delivers_its_events_in_order(generation: Any, clip: Any, recorded: Recorded) -> None:
    events = [event async for event in generation.GenerateFootage(clip)]

    span = await recorded.span()
    assert [event.WhichOneof("event") for event in events] == ["accepted", "footage"]
    assert span.attributes["rpc.status_code"] == "OK"


@pytest.mark.parametrize(("backend", "kind"), [("broken", Internal), ("nobody", UnknownVoice)])
async def test_a_stream_that_breaks_half_way_keeps_what_came_and_tells_why(
    generation: Any, clip: Any, backend: str, kind: type[StoryreelError]
) -> None:
    clip.spec.backend = backend
    events = []

    with pytest.raises(kind), errors():
        async for event in generation.GenerateFootage(clip):
            events.append(event)

    assert [event.WhichOneof("event") for event in events] == ["accepted"]


async def test_a_stream_that_nobody_reads_any_more_is_closed_at_once(
    generation: Any, rooms: Any, clip: Any, recorded: Recorded
) -> None:
    clip.spec.backend = "endless"
    call = generation.GenerateFootage(clip)
    async for _ in call:
        break
    await rooms.clips.waiting.wait()

    call.cancel()

    span = await recorded.span()
    assert rooms.clips.closed.is_set()
    assert span.attributes["rpc.status_code"] == "CANCELLED"


async def test_a_method_that_aborts_by_itself_keeps_its_code(tts: Any, recorded: Recorded) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await tts.ChooseVoice(choose("aborting"))

    span = await recorded.span()
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert span.attributes["rpc.status_code"] == "UNIMPLEMENTED"


async def test_any_grpc_client_can_read_the_refusal(tts: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await tts.ChooseVoice(tts_service_pb2.ChooseVoiceRequest(voice="!", language="en"))

    trailers = dict(caught.value.trailing_metadata())
    sent = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    kinds = [detail.type_url.rpartition("/")[2] for detail in sent.details]
    info = error_details_pb2.ErrorInfo()
    sent.details[0].Unpack(info)
    assert kinds == ["google.rpc.ErrorInfo", "google.rpc.BadRequest"]
    assert sent.message == caught.value.details()
    assert info.reason == "INVALID_REQUEST"
