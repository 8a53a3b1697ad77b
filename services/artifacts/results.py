"""The result cache: the digest of a request leads to its stored reply, or to the work that makes it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from google.protobuf.message import DecodeError, Message

from services.artifacts import wire
from services.artifacts.store import Store
from services.artifacts.work import Work
from services.chassis import telemetry
from services.chassis.errors import Draining
from services.chassis.progress import Progress, Report
from storyreel.artifact.v1 import artifact_pb2

RESULT_VERSION = "1"
"""Part of every digest; another value forgets all stored results."""

R = TypeVar("R", bound=Message)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """A reply, and whether it was found in the store instead of computed."""

    reply: R
    reused: bool


class Results:
    """Computes each request of a stage once: looks it up, joins it in the making, or makes and stores it.

    A stored reply counts only while every artifact it references is in the store. Errors are not
    stored. Work goes on when its callers go away, until nobody has come back for `grace`.
    """

    def __init__(self, store: Store, *, stage: str, grace: timedelta = timedelta(seconds=30)) -> None:
        self._store = store
        self._stage = stage
        self._grace = grace
        self._making: dict[str, Work[Outcome[Any]]] = {}
        self._closed = False

    def digest(self, request: Message, *, made_by: str) -> str:
        """The key of a request: SHA-256 over the message's name and bytes, `made_by` and our version.

        Fields this build does not know do not count. Protobuf promises no canonical bytes between
        its versions; another form of the same request costs a second computation and nothing else.
        """
        known = type(request)()
        known.CopyFrom(request)
        known.DiscardUnknownFields()
        body = known.SerializeToString(deterministic=True)
        digest = hashlib.sha256()
        for part in (RESULT_VERSION.encode(), request.DESCRIPTOR.full_name.encode(), made_by.encode(), body):
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()

    async def once(
        self, request: Message, reply: type[R], compute: Callable[[], Awaitable[R]], *, made_by: str
    ) -> Outcome[R]:
        """The reply to a request, computed at most once.

        Raises:
            Cancelled: Somebody cancelled the work.
            Draining: `close` was called.
            Exception: What `compute` or the store raised.
        """
        digest = self.digest(request, made_by=made_by)
        work = await self._work(digest, reply, lambda _: compute())
        with work.watched() as news:
            async for event in work.events(news):
                if isinstance(event, Outcome):
                    return event
        raise AssertionError("work ends with an outcome or an error")

    async def watch(
        self,
        request: Message,
        reply: type[R],
        compute: Callable[[Report], Awaitable[R]],
        *,
        made_by: str,
        after: int | None = None,
        grace: timedelta | None = None,
    ) -> AsyncGenerator[str | Progress | Outcome[R], None]:
        """The request's digest, then its progress, last the outcome.

        Closing the generator leaves the work to others, or to a later watch of the same request.
        Raises what `once` raises.

        Args:
            request: What is asked for.
            reply: The message that answers it.
            compute: Makes the reply.
            made_by: What beside the request the reply depends on.
            after: Tell again what was reported after this number.
            grace: How long the work goes on when nobody watches, if longer than usual.
        """
        digest = self.digest(request, made_by=made_by)
        work = await self._work(digest, reply, compute)
        with work.watched(grace) as news:
            yield digest
            async for event in work.events(news, after=after):
                yield event

    async def cancel(self, digest: str) -> None:
        """Stop the work of a digest and return when it has stopped; work that nobody does is not an error.

        Work that already stores its result ends well instead.
        """
        if work := self._making.get(digest):
            work.cancel()
            await work.stopped()

    async def close(self) -> None:
        """Cancel everything in the making and wait for it; later requests are refused."""
        self._closed = True
        for digest in list(self._making):
            self._making[digest].cancel()
        while self._making:
            await asyncio.gather(*(work.stopped() for work in self._making.values()))
            await asyncio.sleep(0)

    async def _work(
        self, digest: str, reply: type[R], compute: Callable[[Report], Awaitable[R]]
    ) -> Work[Outcome[R]]:
        """The work in the making; started when there is none, or when the old one has stopped."""
        while (work := self._making.get(digest)) and work.stopping:
            await work.stopped()
            await asyncio.sleep(0)
        if self._closed:
            raise Draining("The service is going down and takes no more work.")
        if work is None:
            work = Work(
                lambda work: self._make(work, digest, reply, compute),
                grace=self._grace,
                ended=lambda: self._forget(digest),
            )
            self._making[digest] = work
        return work

    async def _make(
        self,
        work: Work[Outcome[R]],
        digest: str,
        reply: type[R],
        compute: Callable[[Report], Awaitable[R]],
    ) -> Outcome[R]:
        if (found := await self._stored(digest, reply)) is not None:
            self._tell("result.reused", digest, reused=True)
            return Outcome(found, reused=True)
        try:
            made = await compute(work.report)
        except BaseException as error:
            telemetry.log.info("result.failed", stage=self._stage, digest=digest, error=type(error).__name__)
            raise
        work.seal()
        await self._store.put_result(self._stage, digest, made.SerializeToString(deterministic=True))
        self._tell("result.computed", digest, reused=False)
        return Outcome(made, reused=False)

    def _forget(self, digest: str) -> None:
        del self._making[digest]

    async def _stored(self, digest: str, reply: type[R]) -> R | None:
        """The stored reply, if there is one that still holds."""
        record = await self._store.get_result(self._stage, digest)
        if record is None:
            return None
        try:
            found = reply.FromString(record)
            needed = {wire.from_proto(message) for message in artifacts(found)}
        except (DecodeError, ValueError):
            return None
        there = await asyncio.gather(*(self._store.exists(artifact) for artifact in needed))
        return found if all(there) else None

    def _tell(self, event: str, digest: str, *, reused: bool) -> None:
        telemetry.log.info(event, stage=self._stage, digest=digest)
        telemetry.results.add(1, {telemetry.STAGE: self._stage, telemetry.REUSED: reused})


def artifacts(message: Message) -> Iterator[artifact_pb2.Artifact]:
    """Every artifact that a message references, at any depth."""
    if isinstance(message, artifact_pb2.Artifact):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            entries = value.values() if field.message_type.fields_by_name["value"].message_type else ()
        else:
            entries = value if field.is_repeated else (value,)
        for entry in entries:
            yield from artifacts(entry)
