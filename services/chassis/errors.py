"""The errors of storyreel: raised by domain code, carried over the wire, raised again by the client.

StoryreelError
├── BadInput                the caller must change something
│   ├── InvalidRequest · Undecodable
│   ├── EmptyDocument · UnsupportedDocument · DocumentTooLarge · UnreadableDocument
│   └── UnknownVoice · UnspeakableText · UnknownBackend
├── NotNow                  the same call may succeed later
│   ├── VoiceUnavailable · StoreUnavailable · EngineUnavailable
│   └── Overloaded · Draining · Unreachable · Deadline · StoreFull
├── WrongState              the world is not as the call needs it
│   ├── ArtifactMissing · ArtifactCorrupt
│   └── JobNotFound · JobExists · JobState · Configuration · Cancelled
└── Fault                   something of ours broke
    └── ChildDied · GateRefused · Internal
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Change:
    """Another value for one field of the request; values in their text form."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One way out: a sentence for people, changes for machines (none when a person has to act)."""

    description: str
    changes: Sequence[Change] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """The one attempt that a service proposes after an error: a message of its contract, packed.

    Args:
        type_url: The message's type, as in `google.protobuf.Any`.
        value: Its bytes.
    """

    type_url: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Violation:
    """A field of a request and the rule it breaks."""

    field: str
    description: str


@dataclass
class StoryreelError(Exception):
    """What went wrong, with its numbers, and how to go on.

    Args:
        message: One or two sentences for people; never text from inside the server.
        suggestions: Ways out, the best first.
        metadata: Facts for machines; keys in snake_case.
        violations: The fields that break rules; only with InvalidRequest.
        retry_after: When to come back.
        error_id: The id under which the server's log has the rest.
        proposal: The next attempt; None when the service proposes none.
    """

    message: str
    suggestions: Sequence[Suggestion] = field(default=(), kw_only=True)
    metadata: dict[str, str] = field(default_factory=dict, kw_only=True)
    violations: Sequence[Violation] = field(default=(), kw_only=True)
    retry_after: timedelta | None = field(default=None, kw_only=True)
    error_id: str = field(default="", kw_only=True)
    proposal: Proposal | None = field(default=None, kw_only=True)

    reason: ClassVar[str] = "INTERNAL"
    code: ClassVar[str] = "INTERNAL"

    def __post_init__(self) -> None:
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        return (self.__class__, (self.message,), self.__dict__)


class BadInput(StoryreelError):
    """The caller must change something; repeating the call as it is cannot help."""

    code = "INVALID_ARGUMENT"


class InvalidRequest(BadInput):
    """Fields break rules of the contract."""

    reason = "INVALID_REQUEST"


class Undecodable(BadInput):
    """The bytes are not a message of the method's type."""

    reason = "UNDECODABLE"


class EmptyDocument(BadInput):
    """The document has nothing to tell."""

    reason = "EMPTY_DOCUMENT"


class UnsupportedDocument(BadInput):
    """The document is of a kind that is not read."""

    reason = "UNSUPPORTED_DOCUMENT"


class DocumentTooLarge(BadInput):
    """The document is larger, or makes more scenes, than one job may have."""

    reason = "DOCUMENT_TOO_LARGE"


class UnreadableDocument(BadInput):
    """The parser needed more time or memory than a document may take."""

    reason = "UNREADABLE_DOCUMENT"


class UnknownVoice(BadInput):
    """No engine has this voice."""

    reason = "UNKNOWN_VOICE"


class UnspeakableText(BadInput):
    """The text holds nothing that can be spoken."""

    reason = "UNSPEAKABLE_TEXT"


class UnknownBackend(BadInput):
    """The service has no backend of this name."""

    reason = "UNKNOWN_BACKEND"


class NotNow(StoryreelError):
    """The same call may succeed later."""

    code = "UNAVAILABLE"


class VoiceUnavailable(NotNow):
    """The voice's engine is down, silent or refuses."""

    reason = "VOICE_UNAVAILABLE"


class StoreUnavailable(NotNow):
    """The artifact store does not answer or refuses."""

    reason = "STORE_UNAVAILABLE"


class EngineUnavailable(NotNow):
    """The workflow engine does not answer."""

    reason = "ENGINE_UNAVAILABLE"


class Draining(NotNow):
    """The server is going down."""

    reason = "DRAINING"


class Unreachable(NotNow):
    """The service could not be reached; made by clients."""

    reason = "UNREACHABLE"


class Deadline(NotNow):
    """The call took longer than it may."""

    reason = "DEADLINE"
    code = "DEADLINE_EXCEEDED"


class Overloaded(NotNow):
    """Too many calls at once."""

    reason = "OVERLOADED"
    code = "RESOURCE_EXHAUSTED"


class StoreFull(NotNow):
    """The disk or the store is full."""

    reason = "STORE_FULL"
    code = "RESOURCE_EXHAUSTED"


class DeviceMemory(NotNow):
    """The device that generates has not enough memory; the first suggestion is the next attempt."""

    reason = "DEVICE_MEMORY"
    code = "RESOURCE_EXHAUSTED"


class DeviceFault(NotNow):
    """The device that generates failed and is started again."""

    reason = "DEVICE_FAULT"


class GenerationFailed(NotNow):
    """A pipeline failed, or its picture did not pass a check; the first suggestion is the next attempt."""

    reason = "GENERATION_FAILED"
    code = "ABORTED"


class WrongState(StoryreelError):
    """The world is not as the call needs it."""

    code = "FAILED_PRECONDITION"


class ArtifactMissing(WrongState):
    """A referenced artifact is not in the store."""

    reason = "ARTIFACT_MISSING"


class ArtifactCorrupt(WrongState):
    """A stored artifact's bytes are not those of its digest."""

    reason = "ARTIFACT_CORRUPT"
    code = "DATA_LOSS"


class JobNotFound(WrongState):
    """There is no job of this name."""

    reason = "JOB_NOT_FOUND"
    code = "NOT_FOUND"


class JobExists(WrongState):
    """The request_id was used for another job."""

    reason = "JOB_EXISTS"
    code = "ALREADY_EXISTS"


class JobState(WrongState):
    """The job is not in a state for this."""

    reason = "JOB_STATE"


class Configuration(WrongState):
    """A setting is missing or wrong."""

    reason = "CONFIGURATION"


class ModelUnavailable(WrongState):
    """A model's files are missing or damaged."""

    reason = "MODEL_UNAVAILABLE"


class Cancelled(WrongState):
    """The work was cancelled by somebody else."""

    reason = "CANCELLED"
    code = "CANCELLED"


class Fault(StoryreelError):
    """Something of ours broke."""


class ChildDied(Fault):
    """A child process that did the work died."""

    reason = "CHILD_DIED"


class GateRefused(Fault):
    """The finished video is not what was planned; it was not published."""

    reason = "GATE_REFUSED"


class Internal(Fault):
    """A defect; the server's log has the rest under `error_id`."""

    reason = "INTERNAL"


def _tree(root: type[StoryreelError]) -> Iterator[type[StoryreelError]]:
    for child in root.__subclasses__():
        yield child
        yield from _tree(child)


BY_REASON: dict[str, type[StoryreelError]] = {
    c.reason: c for c in _tree(StoryreelError) if "reason" in vars(c)
}
"""The class of each ErrorReason (without its prefix)."""
