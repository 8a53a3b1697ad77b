"""Worker processes for computing: one request at a time each, fresh after a death, errors raised again."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from services.chassis import inside, telemetry
from services.chassis.errors import (
    BY_REASON,
    Change,
    ChildDied,
    Deadline,
    Draining,
    Internal,
    StoryreelError,
    Suggestion,
    Violation,
)
from services.chassis.process import ChildLimits, Gone, Process
from services.chassis.progress import Report

__all__ = ["Child", "ChildLimits", "ChildPool"]

_LOGGED_CHARACTERS = 2000

NO_LIMITS = ChildLimits()

START_UP = timedelta(seconds=60)
"""How long a worker may take to import its module when it is warmed up."""


class Child:
    """A long-lived worker process that answers one request at a time.

    It is spawned by the first call and again after its death. Its working directory and TMPDIR are a
    scratch directory that is removed with it, so results belong in the reply or at a path the request names.

    Args:
        module: The module whose `answer(payload, report)` does the work, such as `services.parsing.worker`.
        limits: What the process may use.
        recycle_after: Replace the process after so many answers; None keeps it.
    """

    def __init__(
        self, module: str, *, limits: ChildLimits = NO_LIMITS, recycle_after: int | None = None
    ) -> None:
        self._module = module
        self._limits = limits
        self._recycle_after = recycle_after
        self._turn = asyncio.Lock()
        self._worker: Process | None = None
        self._endings: set[asyncio.Future[None]] = set()
        self._closed = False
        self._warming: asyncio.Future[None] | None = None

    async def call(self, payload: bytes, *, timeout: timedelta, report: Report | None = None) -> bytes:  # noqa: ASYNC109
        """Have the worker answer one request.

        Args:
            payload: At most 16 MiB.
            timeout: For this request, once it is its turn; starting the process counts.
            report: Told the worker's progress.

        Raises:
            StoryreelError: Whatever the worker raised; `Internal` when it was no error of ours.
            ChildDied: The process ended; `metadata["exit"]` is a signal's name, an exit status,
                `memory` (its limit was reached) or `protocol` (it sent something else than frames).
            Deadline: It took longer than `timeout`; the process is ended.
            Draining: The worker was closed.
        """
        if len(payload) > inside.MAX_FRAME:
            raise ValueError(f"a request of {len(payload)} bytes is larger than {inside.MAX_FRAME}")
        span = telemetry.tracer.start_as_current_span(
            telemetry.CHILD_SPAN, attributes={telemetry.CHILD: self._module}
        )
        async with self._turn:
            answered = False
            try:
                with span:
                    async with asyncio.timeout(timeout.total_seconds()):
                        worker = await self._ready()
                        outcome = await worker.exchange(payload, report)
                answered = True
            except TimeoutError:
                raise Deadline(
                    f"The work took longer than {timeout.total_seconds():g} s and was ended."
                ) from None
            except Gone as gone:
                raise await self._death(gone.process) from None
            finally:
                if not answered:
                    await self._drop()
        if isinstance(outcome, bytes):
            return outcome
        await asyncio.sleep(0)  # what it said before may be there, and not read yet
        raise self._raised(outcome, worker)

    async def start(self) -> None:
        """Spawn the process now and wait until it has imported its module.

        Raises:
            ChildDied: It ended before that, or took longer than 60 s.
        """
        async with self._turn:
            try:
                async with asyncio.timeout(START_UP.total_seconds()):
                    await self._ready()
            except Gone as gone:
                raise await self._death(gone.process) from None
            except TimeoutError:
                await self._drop()
                raise ChildDied(
                    f"A worker process was not ready after {START_UP.total_seconds():g} s."
                ) from None

    def warm_up(self) -> None:
        """Start in the background. A failure is logged, and met again by the first call."""
        self._warming = asyncio.ensure_future(self._try_start())

    async def close(self) -> None:
        """End the process, whatever it does; a call in flight raises Draining."""
        self._closed = True
        await self._drop()
        if self._warming is not None:
            await self._warming
        async with self._turn:  # whoever is spawning a process now ends it again
            pass
        if self._endings:
            await asyncio.wait(self._endings)

    async def _try_start(self) -> None:
        try:
            await self.start()
        except (ChildDied, Draining) as error:
            telemetry.log.warning("child.not_warm", module=self._module, why=error.message)

    async def _ready(self) -> Process:
        """The running worker, or a new one that has imported its module."""
        if self._worker and (self._worker.ended or self._worker.answers == self._recycle_after):
            await self._drop()
        if self._closed:
            raise Draining("The service is going down.")
        worker = self._worker
        if worker is None:
            worker = self._worker = await Process.spawn(self._module, self._limits)
            if self._closed:  # meanwhile, when there was no process yet to end
                await self._drop()
                raise Draining("The service is going down.")
            await worker.ready()
        return worker

    async def _drop(self) -> None:
        """End the process and forget it; goes on in the background when the caller is cancelled again."""
        worker, self._worker = self._worker, None
        if worker is not None:
            ending = asyncio.ensure_future(worker.end())
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
            await asyncio.shield(ending)

    async def _death(self, process: Process) -> StoryreelError:
        """The error of a process that is gone, with its last words in our log."""
        await process.last_words()
        await self._drop()
        if self._closed:
            return Draining("The service is going down.")
        telemetry.log.error(
            "child.died", module=self._module, exit=process.exit, stderr=process.stderr[-_LOGGED_CHARACTERS:]
        )
        return ChildDied(
            f"A worker process ended ({process.exit}) during the work.", metadata={"exit": process.exit}
        )

    def _raised(self, body: Mapping[str, Any], worker: Process) -> StoryreelError:
        """What the worker raised, as the same class; what it said beside that is in our log alone."""
        if "trace" in body or body["reason"] not in BY_REASON:
            error_id = secrets.token_hex(6)
            trace = str(body.get("trace", ""))[-_LOGGED_CHARACTERS:]
            telemetry.log.error("child.failed", module=self._module, error_id=error_id, trace=trace)
            return Internal(f"internal error {error_id}", error_id=error_id)
        if said := worker.stderr[-_LOGGED_CHARACTERS:]:
            telemetry.log.info("child.refused", module=self._module, reason=body["reason"], stderr=said)
        return error_of(body)


def error_of(body: Mapping[str, Any]) -> StoryreelError:
    """The error of an ERROR frame's body, as the class that was raised; it is one of ours."""
    suggestions = [
        Suggestion(s["description"], tuple(Change(**change) for change in s["changes"]))
        for s in body["suggestions"]
    ]
    retry_after = body["retry_after"]
    return BY_REASON[body["reason"]](
        body["message"],
        suggestions=suggestions,
        metadata=body["metadata"],
        violations=[Violation(**violation) for violation in body["violations"]],
        retry_after=None if retry_after is None else timedelta(seconds=retry_after),
    )


class ChildPool:
    """Several workers of one kind: a call goes to the first free one, in the order of their start.

    Args:
        module: As in `Child`.
        size: How many processes, and so how many calls at once.
        limits: What each process may use.
        recycle_after: As in `Child`.
    """

    def __init__(
        self,
        module: str,
        size: int = 2,
        limits: ChildLimits = NO_LIMITS,
        recycle_after: int | None = None,
    ) -> None:
        self._children = [Child(module, limits=limits, recycle_after=recycle_after) for _ in range(size)]
        self._free: asyncio.PriorityQueue[int] = asyncio.PriorityQueue()
        for index in range(size):
            self._free.put_nowait(index)

    async def call(self, payload: bytes, *, timeout: timedelta, report: Report | None = None) -> bytes:  # noqa: ASYNC109
        """Have the first free worker answer; the errors are those of `Child.call`."""
        index = await self._free.get()
        try:
            return await self._children[index].call(payload, timeout=timeout, report=report)
        finally:
            self._free.put_nowait(index)

    def warm_up(self) -> None:
        """Start the first process in the background; the others are spawned when they are needed."""
        self._children[0].warm_up()

    async def start(self) -> None:
        """Spawn all processes and wait until they are ready."""
        await asyncio.gather(*(child.start() for child in self._children))

    async def close(self) -> None:
        """End all processes."""
        await asyncio.gather(*(child.close() for child in self._children))
