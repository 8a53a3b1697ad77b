"""What happens to every call before and after its method: span, deadline, validation, concurrency, status."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeAlias, cast

import grpc
import protovalidate
from google.protobuf.message import DecodeError, Message
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, use_span

from services.chassis import telemetry
from services.chassis.errors import (
    Deadline,
    Internal,
    InvalidRequest,
    Overloaded,
    StoryreelError,
    Undecodable,
    Violation,
)
from services.chassis.status import TRAILER, to_status
from services.chassis.telemetry import log

COME_BACK: Final = timedelta(seconds=2)
"""What a caller that finds all places taken is told to wait."""

# A server's span is an error only when the server is at fault (OpenTelemetry's convention for gRPC).
FAULTS: Final = frozenset(
    ("UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS")
)

_NAMED = 3
"""Violations that a refusal's sentence names; the others are in its details."""

_LAST_WRITE_SECONDS = 5.0
"""How long a cancelled call waits for the event that it is writing, which its reader may not take."""


@dataclass(frozen=True, slots=True)
class MethodLimits:
    """What one method may take.

    Args:
        seconds: The cap for a call without a deadline, and the most a deadline may be.
        at_once: Calls in flight; one more is answered OVERLOADED.
    """

    seconds: float
    at_once: int


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """Takes the place of a request that cannot be decoded."""


Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Unary: TypeAlias = Callable[[Any, Context], Awaitable[Any]]
Stream: TypeAlias = Callable[[Any, Context], AsyncGenerator[Any, None]]
Upload: TypeAlias = Callable[[AsyncIterator[Any], Context], Awaitable[Any]]


class Interceptor(grpc.aio.ServerInterceptor):
    """Guards the methods of a server.

    Args:
        limits: By full method name, `storyreel.tts.v1.TtsService/Synthesize`.
    """

    def __init__(self, limits: Mapping[str, MethodLimits]) -> None:
        self._limits = dict(limits)
        self._busy = dict.fromkeys(limits, 0)
        self._validator = protovalidate.Validator()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Wrap a method of ours; health checks and reflection are gRPC's own and pass as they are."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method.lstrip("/")
        if handler is None or method.startswith("grpc."):
            return handler
        headers = {k: v for k, v in handler_call_details.invocation_metadata or () if isinstance(v, str)}
        guard = _Guard(self, method, headers)
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                guard.stream(cast(Stream, handler.unary_stream)),
                _reading(handler),
                handler.response_serializer,
            )
        if handler.request_streaming:
            return grpc.stream_unary_rpc_method_handler(
                guard.upload(cast(Upload, handler.stream_unary)),
                _reading(handler),
                handler.response_serializer,
            )
        return grpc.unary_unary_rpc_method_handler(
            guard.unary(cast(Unary, handler.unary_unary)), _reading(handler), handler.response_serializer
        )

    def limits(self, method: str) -> MethodLimits:
        """The method's limits."""
        return self._limits[method]

    def check(self, request: Message) -> None:
        """Refuse a request that breaks rules of its contract.

        Raises:
            InvalidRequest: With every rule it breaks, and the path of the field.
        """
        violations = [
            Violation(_path(found.proto), found.proto.message or found.proto.rule_id)
            for found in self._validator.collect_violations(request)
        ]
        if violations:
            named = [f"{v.field}: {v.description}" if v.field else v.description for v in violations[:_NAMED]]
            more = f" (and {len(violations) - _NAMED} more)" if len(violations) > _NAMED else ""
            raise InvalidRequest(
                f"The request breaks its contract: {'; '.join(named)}{more}.", violations=violations
            )

    @contextmanager
    def place(self, method: str) -> Iterator[None]:
        """Take one of the method's places.

        Raises:
            Overloaded: All are taken.
        """
        at_once = self._limits[method].at_once
        if self._busy[method] >= at_once:
            raise Overloaded(
                f"{method} has no place free of {at_once}; come back in {COME_BACK.seconds} seconds.",
                metadata={"at_once": str(at_once)},
                retry_after=COME_BACK,
            )
        self._busy[method] += 1
        telemetry.calls_busy.add(1, {telemetry.RPC_METHOD: method})
        try:
            yield
        finally:
            self._busy[method] -= 1
            telemetry.calls_busy.add(-1, {telemetry.RPC_METHOD: method})


class _Guard:
    """One call on its way through the method."""

    def __init__(self, interceptor: Interceptor, method: str, headers: Mapping[str, str]) -> None:
        self._interceptor = interceptor
        self._method = method
        self._headers = headers

    def unary(self, handler: Unary) -> Unary:
        """The method with one reply."""

        async def guarded(request: Message | _Unreadable, context: Context) -> Any:
            async def work() -> Any:
                message = self._checked(request)
                with self._interceptor.place(self._method):
                    return await handler(message, context)

            return await self._run(context, work)

        return guarded

    def upload(self, handler: Upload) -> Upload:
        """The method with many requests; each is checked when the method comes to it."""

        async def guarded(requests: AsyncIterator[Message | _Unreadable], context: Context) -> Any:
            async def work() -> Any:
                with self._interceptor.place(self._method):
                    return await handler((self._checked(request) async for request in requests), context)

            return await self._run(context, work)

        return guarded

    def stream(self, handler: Stream) -> Unary:
        """The method with many replies; they are written here, and the returned coroutine has none."""

        async def guarded(request: Message | _Unreadable, context: Context) -> None:
            async def work() -> None:
                message = self._checked(request)
                # Closed here and now: a cancelled generator would else run on until it is collected.
                with self._interceptor.place(self._method):
                    async with aclosing(handler(message, context)) as events:
                        async for event in events:
                            await _write(context, event)

            await self._run(context, work)

        return guarded

    def _checked(self, request: Message | _Unreadable) -> Message:
        """The request itself, when it can be read and keeps its contract."""
        if isinstance(request, _Unreadable):
            raise Undecodable(f"The bytes are not a request of {self._method}.")
        self._interceptor.check(request)
        return request

    async def _run(self, context: Context, work: Callable[[], Awaitable[Any]]) -> Any:
        began = time.perf_counter()
        given = context.time_remaining()
        code = "OK"
        span = telemetry.tracer.start_span(
            self._method,
            telemetry.parent_of(self._headers),
            SpanKind.SERVER,
            {telemetry.RPC_SYSTEM: "grpc", telemetry.RPC_METHOD: self._method},
        )
        with use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
            try:
                return await self._timed(context, work)
            except StoryreelError as error:
                code = error.code
                await self._refuse(context, error, span)
            except grpc.aio.AbortError:
                answered = context.code()
                code = answered.name if isinstance(answered, grpc.StatusCode) else "UNKNOWN"
                raise
            except asyncio.CancelledError:
                code = "DEADLINE_EXCEEDED" if _late(context.time_remaining(), given=given) else "CANCELLED"
                raise
            except Exception as error:
                code = "INTERNAL"
                await self._refuse(context, self._defect(error, span), span)
            finally:
                self._account(span, code, time.perf_counter() - began)

    async def _timed(self, context: Context, work: Callable[[], Awaitable[Any]]) -> Any:
        """The method within the time it may take."""
        cap = self._interceptor.limits(self._method).seconds
        left = context.time_remaining()
        # gRPC keeps the caller's own deadline, by cancelling this task; ours is for those beyond the cap.
        ours = asyncio.timeout(cap if left is None or left > cap else None)
        try:
            async with ours:
                return await work()
        except TimeoutError:
            if not ours.expired():
                raise
            raise Deadline(
                f"{self._method} took longer than the {cap:g} seconds it may. Try again: it joins the work "
                "that still goes on, or finds it done.",
                metadata={"seconds": f"{cap:g}"},
            ) from None

    async def _refuse(self, context: Context, error: StoryreelError, span: Span) -> None:
        span.set_attribute(telemetry.REASON, error.reason)
        if error.error_id:
            span.set_attribute(telemetry.ERROR_ID, error.error_id)
        status = to_status(error)
        # Not abort_with_status: interceptors outside of this one would not see the code.
        await context.abort(
            getattr(grpc.StatusCode, error.code),
            status.message,
            trailing_metadata=((TRAILER, status.SerializeToString()),),
        )

    def _defect(self, error: Exception, span: Span) -> Internal:
        """What the caller hears of a defect: an id. Text and stack stay in our log and span."""
        error_id = uuid.uuid4().hex[:12]
        span.record_exception(error, {telemetry.ERROR_ID: error_id})
        log.exception("call.broke", method=self._method, error_id=error_id)
        return Internal(f"internal error {error_id}", error_id=error_id)

    def _account(self, span: Span, code: str, seconds: float) -> None:
        attributes = {
            telemetry.RPC_SYSTEM: "grpc",
            telemetry.RPC_METHOD: self._method,
            telemetry.RPC_STATUS_CODE: code,
        }
        if code in FAULTS:
            attributes[telemetry.ERROR_TYPE] = code
            span.set_status(Status(StatusCode.ERROR))
        span.set_attributes(attributes)
        span.end()
        telemetry.call_duration.record(seconds, attributes)


async def _write(context: Context, event: Message) -> None:
    """Write an event; a call that is cancelled meanwhile waits for that, or its status would get lost."""
    writing = asyncio.ensure_future(context.write(event))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        done, _ = await asyncio.wait({writing}, timeout=_LAST_WRITE_SECONDS)
        if not done:
            writing.cancel()
        elif not writing.cancelled():
            writing.exception()  # of a caller that is gone
        raise


def _late(left: float | None, *, given: float | None) -> bool:
    """Whether a cancelled call ran out of time: gRPC rounds deadlines up on the wire, by up to 1%."""
    return left is not None and given is not None and left <= 0.05 + given / 100


def _reading(handler: Handler) -> Callable[[bytes], Message | _Unreadable]:
    """The method's deserializer, which never fails: the refusal is the guard's, with span and status."""
    decode = cast(Callable[[bytes], Message], handler.request_deserializer)

    def read(data: bytes) -> Message | _Unreadable:
        try:
            return decode(data)
        except (DecodeError, ValueError, RecursionError):
            return _Unreadable()

    return read


def _path(violation: Any) -> str:
    """A field's path, `scenes[3].title`; empty for a rule of the whole message."""
    names: list[str] = []
    for element in violation.field.elements if violation.field else ():
        place = element.subscript
        names.append(element.field_name + (f"[{place.value}]" if place is not None else ""))
    return ".".join(names)
