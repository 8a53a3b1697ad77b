"""Errors cross the wire and arrive as the same class, small enough for the trailers."""

from __future__ import annotations

from datetime import timedelta

import grpc
import pytest
from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2, status_pb2

from services.chassis import status
from services.chassis.errors import (
    BY_REASON,
    Change,
    Configuration,
    Deadline,
    Internal,
    InvalidRequest,
    Overloaded,
    Proposal,
    StoryreelError,
    Suggestion,
    Unreachable,
    Violation,
)


def failed(code: grpc.StatusCode, text: str = "", *, trailer: bytes | None = None) -> grpc.aio.AioRpcError:
    """What a client sees of a failed call."""
    trailers = grpc.aio.Metadata() if trailer is None else grpc.aio.Metadata((status.TRAILER, trailer))
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailers, details=text)


@pytest.mark.parametrize("kind", BY_REASON.values(), ids=lambda kind: kind.reason)
def test_every_error_arrives_as_it_was_raised(kind: type[StoryreelError]) -> None:
    raised = kind(
        "Es geht nicht: 3 > 2 ✗",
        suggestions=[Suggestion("Use another voice.", (Change("voice", "nobody", "male"),))],
        metadata={"exit": "signal 9"},
        violations=[Violation("scenes[3].title", "must not be empty")],
        retry_after=timedelta(seconds=1.5),
        error_id="abc123",
        proposal=Proposal("type.googleapis.com/storyreel.generation.v1.Retry", b"\x08\x02"),
    )

    arrived = status.from_status(status.to_status(raised))

    assert type(arrived) is kind
    assert arrived == raised


def test_the_status_has_the_errors_code_and_our_domain() -> None:
    sent = status.to_status(Overloaded("Full."))

    info = error_details_pb2.ErrorInfo()
    sent.details[0].Unpack(info)
    assert sent.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert (info.reason, info.domain) == ("OVERLOADED", "storyreel")


def test_an_internal_errors_id_is_in_the_metadata() -> None:
    sent = status.to_status(Internal("internal error 1f", error_id="1f"))

    info = error_details_pb2.ErrorInfo()
    sent.details[0].Unpack(info)
    assert dict(info.metadata) == {"error_id": "1f"}


def test_twenty_violations_are_told_and_the_rest_is_counted() -> None:
    violations = [Violation(f"words[{n}]", "must not be empty") for n in range(33)]

    arrived = status.from_status(status.to_status(InvalidRequest("33 rules.", violations=violations)))

    assert arrived is not None
    assert list(arrived.violations) == [*violations[:20], Violation("", "and 13 more")]


@pytest.mark.parametrize("letter", ["x", "\u20ac", "\U0001f3ac", "\ud800"])
def test_whatever_an_error_holds_its_status_stays_under_4_kib(letter: str) -> None:
    text = letter * 50_000
    error = InvalidRequest(
        text,
        suggestions=[Suggestion(text, [Change(text, text, text)] * 50)] * 50,
        metadata={f"k{n}": text for n in range(100)},
        violations=[Violation(text, text)] * 5_000,
        retry_after=timedelta(seconds=2),
    )

    sent = status.to_status(error)

    assert sent.ByteSize() <= 4096
    arrived = status.from_status(sent)
    assert type(arrived) is InvalidRequest
    assert arrived.retry_after == timedelta(seconds=2)
    assert arrived.violations[-1].description.startswith("and ")


@pytest.mark.parametrize("count", [0, 1, 10])
def test_an_attempt_that_is_proposed_arrives_whatever_is_suggested_beside_it(count: int) -> None:
    proposal = Proposal("type.googleapis.com/storyreel.generation.v1.Retry", b"\xff" * 1000)
    text = "x" * 300
    ways = [Suggestion(text, [Change(text, text, text)] * 2)] * count

    sent = status.to_status(Overloaded(text, suggestions=ways, proposal=proposal))

    assert sent.ByteSize() <= 4096
    arrived = status.from_status(sent)
    assert arrived is not None
    assert arrived.proposal == proposal
    assert len(arrived.suggestions) == min(count, 1)


def test_an_error_without_a_proposal_arrives_without_one() -> None:
    arrived = status.from_status(status.to_status(Overloaded("Full.", suggestions=[Suggestion("Wait.")])))

    assert arrived is not None
    assert arrived.proposal is None
    assert list(arrived.suggestions) == [Suggestion("Wait.")]


def test_a_long_message_is_cut_between_letters() -> None:
    sent = status.to_status(Internal("€" * 1000))

    assert sent.message.endswith("€…")
    assert len(sent.message.encode()) <= 600


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.UNAVAILABLE, Unreachable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, Deadline),
        (grpc.StatusCode.INVALID_ARGUMENT, InvalidRequest),
        (grpc.StatusCode.UNKNOWN, Internal),
    ],
)
def test_a_reason_from_a_later_version_falls_back_to_its_code(
    code: grpc.StatusCode, kind: type[StoryreelError]
) -> None:
    sent = status_pb2.Status(code=code.value[0], message="New.")
    sent.details.add().Pack(error_details_pb2.ErrorInfo(reason="BRAND_NEW", domain="storyreel"))

    arrived = status.from_call(failed(code, "New.", trailer=sent.SerializeToString()))

    assert type(arrived) is kind
    assert arrived.message == "New."
    assert arrived.metadata["reason"] == "BRAND_NEW"


def test_a_reason_of_another_domain_is_not_believed() -> None:
    sent = status_pb2.Status(code=grpc.StatusCode.UNAVAILABLE.value[0], message="Proxy.")
    sent.details.add().Pack(error_details_pb2.ErrorInfo(reason="DEADLINE", domain="proxy.example"))

    arrived = status.from_call(
        failed(grpc.StatusCode.UNAVAILABLE, "Proxy.", trailer=sent.SerializeToString())
    )

    assert type(arrived) is Unreachable


@pytest.mark.parametrize("trailer", [b"\xff\xff\xff", b"\x08\x0e\x1a\x05\x0a\x03abc", b""])
def test_a_broken_trailer_leaves_the_code(trailer: bytes) -> None:
    arrived = status.from_call(failed(grpc.StatusCode.DEADLINE_EXCEEDED, trailer=trailer))

    assert type(arrived) is Deadline


def test_a_detail_that_is_no_message_leaves_the_code() -> None:
    broken = Any(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff\xff")
    sent = status_pb2.Status(code=14, message="Odd.", details=[broken])

    arrived = status.from_call(failed(grpc.StatusCode.UNAVAILABLE, "Odd.", trailer=sent.SerializeToString()))

    assert type(arrived) is Unreachable


def test_unreachable_names_the_address_and_what_to_do() -> None:
    arrived = status.from_call(failed(grpc.StatusCode.UNAVAILABLE, "refused"), address="127.0.0.1:50053")

    assert "127.0.0.1:50053" in arrived.message
    assert "Check that it runs" in arrived.message
    assert arrived.suggestions


def test_a_call_cut_by_a_server_that_goes_down_may_be_made_again() -> None:
    arrived = status.from_call(failed(grpc.StatusCode.CANCELLED), address="unix:/run/s.sock")

    assert type(arrived) is Unreachable


def test_a_message_over_the_limit_is_a_wrong_request_and_not_a_busy_server() -> None:
    text = "SERVER: Received message larger than max (2097160 vs. 1048576)"

    arrived = status.from_call(failed(grpc.StatusCode.RESOURCE_EXHAUSTED, text))

    assert type(arrived) is InvalidRequest


def test_a_busy_server_that_says_no_more_may_be_asked_again() -> None:
    arrived = status.from_call(failed(grpc.StatusCode.RESOURCE_EXHAUSTED))

    assert type(arrived) is Overloaded
    assert arrived.retry_after == timedelta(seconds=1)


def test_a_service_without_the_method_points_at_address_and_version() -> None:
    arrived = status.from_call(failed(grpc.StatusCode.UNIMPLEMENTED, "Method not found!"))

    assert type(arrived) is Configuration
    assert "version" in arrived.message
