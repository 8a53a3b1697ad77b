"""Our exceptions as google.rpc.Status, and back as the same class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from services.chassis.errors import (
    BY_REASON,
    ArtifactCorrupt,
    Cancelled,
    Change,
    Configuration,
    Deadline,
    Internal,
    InvalidRequest,
    JobExists,
    JobNotFound,
    Overloaded,
    Proposal,
    StoryreelError,
    Suggestion,
    Unreachable,
    Violation,
)
from storyreel.error.v1 import recovery_pb2

DOMAIN = "storyreel"
TRAILER = "grpc-status-details-bin"
"""The trailer in which gRPC carries a google.rpc.Status."""

LARGEST = 4096
"""Bytes of a status; in base64, with its message beside it, it fits the 8 KiB that trailers may have."""

MOST_VIOLATIONS = 20
MOST_SUGGESTIONS = 10
LONGEST_MESSAGE = 600
LONGEST_VALUE = 300
"""Bytes (UTF-8) of a message, and of any other text in a status."""

_BY_CODE: dict[str, type[StoryreelError]] = {
    "CANCELLED": Cancelled,
    "INVALID_ARGUMENT": InvalidRequest,
    "OUT_OF_RANGE": InvalidRequest,
    "DEADLINE_EXCEEDED": Deadline,
    "NOT_FOUND": JobNotFound,
    "ALREADY_EXISTS": JobExists,
    "PERMISSION_DENIED": Configuration,
    "UNAUTHENTICATED": Configuration,
    "UNIMPLEMENTED": Configuration,
    "FAILED_PRECONDITION": Configuration,
    "RESOURCE_EXHAUSTED": Overloaded,
    "ABORTED": Overloaded,
    "UNAVAILABLE": Unreachable,
    "DATA_LOSS": ArtifactCorrupt,
}
"""What a status without a reason of ours is, by its code; Internal when not listed."""


def to_status(error: StoryreelError) -> status_pb2.Status:
    """An exception as a status of at most 4 KiB; what does not fit is left out, the least needed first.

    The order is: reason and metadata, when to come back, suggestions, violations (at most 20, then one
    without a field that counts the rest).
    """
    code: int = getattr(grpc.StatusCode, error.code).value[0]
    status = status_pb2.Status(code=code, message=_cut(error.message, LONGEST_MESSAGE))
    metadata = {_cut(key, 64): _cut(value, LONGEST_VALUE) for key, value in error.metadata.items()}
    if error.error_id:
        metadata["error_id"] = error.error_id
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata)
    if not _add(status, info):
        _add(status, error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN))
    if error.retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromTimedelta(error.retry_after)
        _add(status, retry)
    for count in range(min(len(error.suggestions), MOST_SUGGESTIONS), -1, -1):
        if not count and error.proposal is None:
            break
        if _add(status, _recovery(error.suggestions[:count], error.proposal)):
            break
    for shown in range(min(len(error.violations), MOST_VIOLATIONS), 0, -1):
        if _add(status, _bad_request(error.violations, shown=shown)):
            break
    return status


def from_status(status: status_pb2.Status) -> StoryreelError | None:
    """The exception a status stands for; None when it carries no reason of ours."""
    info = error_details_pb2.ErrorInfo()
    if not _find(status, info) or info.domain != DOMAIN:
        return None
    metadata = dict(info.metadata)
    error_id = metadata.pop("error_id", "")
    kind = BY_REASON.get(info.reason)
    if kind is None:
        kind = _BY_CODE.get(_code_name(status.code), Internal)
        metadata["reason"] = info.reason
    recovery, bad, retry = (
        recovery_pb2.Recovery(),
        error_details_pb2.BadRequest(),
        error_details_pb2.RetryInfo(),
    )
    _find(status, recovery)
    _find(status, bad)
    return kind(
        status.message,
        suggestions=suggestions_from_proto(recovery.suggestions),
        metadata=metadata,
        violations=[Violation(v.field, v.description) for v in bad.field_violations],
        retry_after=retry.retry_delay.ToTimedelta() if _find(status, retry) else None,
        error_id=error_id,
        proposal=proposal_from_proto(recovery.proposal) if recovery.HasField("proposal") else None,
    )


def suggestions_to_proto(suggestions: Iterable[Suggestion]) -> list[recovery_pb2.Suggestion]:
    """Ways out in the contract's form."""
    return [
        recovery_pb2.Suggestion(
            description=suggestion.description, changes=changes_to_proto(suggestion.changes)
        )
        for suggestion in suggestions
    ]


def suggestions_from_proto(messages: Iterable[recovery_pb2.Suggestion]) -> list[Suggestion]:
    """Ways out from the contract's form."""
    return [Suggestion(message.description, changes_from_proto(message.changes)) for message in messages]


def changes_to_proto(changes: Iterable[Change]) -> list[recovery_pb2.Change]:
    """Changes in the contract's form."""
    return [
        recovery_pb2.Change(field=change.field, before=change.before, after=change.after)
        for change in changes
    ]


def changes_from_proto(messages: Iterable[recovery_pb2.Change]) -> tuple[Change, ...]:
    """Changes from the contract's form."""
    return tuple(Change(message.field, message.before, message.after) for message in messages)


def proposal_to_proto(proposal: Proposal) -> Any:
    """A proposed attempt in the contract's form."""
    return Any(type_url=proposal.type_url, value=proposal.value)


def proposal_from_proto(message: Any) -> Proposal:
    """A proposed attempt from the contract's form."""
    return Proposal(message.type_url, message.value)


def from_call(error: grpc.aio.AioRpcError, *, address: str = "") -> StoryreelError:
    """The exception behind a failed call; made from the code alone when no service of ours answered."""
    for key, value in error.trailing_metadata() or ():
        if key == TRAILER and isinstance(value, bytes):
            try:
                known = from_status(status_pb2.Status.FromString(value))
            except (DecodeError, ValueError):
                known = None  # not from our servers; the code still says what happened
            if known is not None:
                return known
    return _without_reason(error.code().name, error.details() or "", address)


def _without_reason(code: str, text: str, address: str) -> StoryreelError:
    place = f" at {address}" if address else ""
    said = _cut(" ".join(text.split()), LONGEST_VALUE) or "nothing more is known"
    # A bare CANCELLED is a server that goes down: our own cancelling never comes here, work that somebody
    # cancelled has a reason.
    if code in ("UNAVAILABLE", "CANCELLED"):
        return Unreachable(
            f"The service{place} cannot be reached ({said}). Check that it runs and its address is right.",
            suggestions=[Suggestion("Start the service, or correct its address, and try again.")],
            metadata={"address": address},
        )
    if code == "DEADLINE_EXCEEDED":
        return Deadline(f"The service{place} did not answer in time. Try again: finished work is found.")
    if code == "RESOURCE_EXHAUSTED" and "larger than max" in text:
        return InvalidRequest(
            f"A message to or from the service{place} is too large ({said}). Pass content as an artifact."
        )
    if code == "UNIMPLEMENTED":
        return Configuration(
            f"The service{place} does not have this method ({said}). "
            "Check that the address is that of the right service, in the same version as the caller."
        )
    kind = _BY_CODE.get(code, Internal)
    retry = timedelta(seconds=1) if kind is Overloaded else None
    return kind(f"The service{place} answered {code}: {said}.", metadata={"code": code}, retry_after=retry)


def _recovery(suggestions: Sequence[Suggestion], proposal: Proposal | None) -> Message:
    recovery = recovery_pb2.Recovery(suggestions=suggestions_to_proto(map(_shortened, suggestions)))
    if proposal is not None:
        recovery.proposal.CopyFrom(proposal_to_proto(proposal))
    return recovery


def _shortened(suggestion: Suggestion) -> Suggestion:
    changes = [
        Change(*(_cut(text, LONGEST_VALUE) for text in (change.field, change.before, change.after)))
        for change in suggestion.changes
    ]
    return Suggestion(_cut(suggestion.description, LONGEST_VALUE), changes)


def _bad_request(violations: Sequence[Violation], *, shown: int) -> Message:
    bad = error_details_pb2.BadRequest()
    for violation in violations[:shown]:
        bad.field_violations.add(
            field=_cut(violation.field, LONGEST_VALUE), description=_cut(violation.description, LONGEST_VALUE)
        )
    if rest := len(violations) - shown:
        bad.field_violations.add(description=f"and {rest} more")
    return bad


def _add(status: status_pb2.Status, detail: Message) -> bool:
    """Add a detail if the status stays small enough."""
    packed = Any()
    packed.Pack(detail)
    grown = status_pb2.Status()
    grown.CopyFrom(status)
    grown.details.append(packed)
    if grown.ByteSize() > LARGEST:
        return False
    status.CopyFrom(grown)
    return True


def _find(status: status_pb2.Status, detail: Message) -> bool:
    """Fill a detail from the status; False when it has none of this type."""
    name = f"/{detail.DESCRIPTOR.full_name}"
    return any(packed.Unpack(detail) for packed in status.details if packed.type_url.endswith(name))


def _code_name(number: int) -> str:
    return next((code.name for code in grpc.StatusCode if code.value[0] == number), "UNKNOWN")


def _cut(text: str, most: int) -> str:
    """At most so many bytes of UTF-8, and valid UTF-8 whatever the text is."""
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return data.decode()
    return data[: most - 3].decode("utf-8", "ignore") + "…"
