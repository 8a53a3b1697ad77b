"""Heartbeats of every activity of a worker: from its first line to its last, beside a busy event loop too.

The event loop beats for what runs in it. Where it is kept from that for long, by other work or
because the machine gives the process little time, a thread beats in its place.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any

from temporalio import activity
from temporalio.api.common.v1 import Payloads
from temporalio.api.workflowservice.v1 import RecordActivityTaskHeartbeatRequest as Heartbeat
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from orchestrator.converter import CONVERTER
from services.chassis import telemetry
from storyreel.progress.v1 import progress_pb2

HEARTBEAT = timedelta(seconds=0.5)
"""Between two heartbeats of an activity: they carry its progress out, and bring a cancel in."""
BEATS_PER_SECOND = 16
"""Of all activities of a worker together, each a write of the engine's: with many they beat less often."""
LOOK_SECONDS = 0.5
"""How often the thread looks for activities that have not beaten."""
LATE = 0.25
"""How much of its limit an activity may be silent until the thread beats for it."""
SEND_SECONDS = 10.0


@dataclass(eq=False)
class Beat:
    """One running activity: what its heartbeats tell, and when the last one was."""

    token: bytes
    limit: float
    """Seconds of silence after which the engine gives its call to another worker."""
    state: progress_pb2.StageProgress
    least: float = 0.0
    """How far an earlier attempt had come, 0 to 1: less is not reported."""
    last: float = field(default_factory=time.monotonic)

    def late(self) -> bool:
        """Tell whether the thread has to beat for it."""
        return time.monotonic() - self.last > self.limit * LATE


_running: ContextVar[Beat] = ContextVar("beat")


def report(progress: progress_pb2.StageProgress, *, share: float = 1.0) -> None:
    """Tell what the current activity does; its next heartbeat carries it.

    Args:
        progress: How far its call is.
        share: How much of the activity's work the call is, 0 to 1.
    """
    beat = _running.get()
    beat.state.CopyFrom(progress)
    beat.state.fraction = max(progress.fraction * share, beat.least)


class Heartbeats(Interceptor):
    """Beats for all activities of the workers that it intercepts; a context manager.

    Args:
        client: The engine.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._beats: set[Beat] = set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="heartbeats", daemon=True)

    def __enter__(self) -> Heartbeats:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        """Put the heartbeats around an activity."""
        return _Beating(next, self)

    async def run(self, execute: ActivityInboundInterceptor, given: ExecuteActivityInput) -> Any:
        """Execute an activity, and beat for it meanwhile."""
        beat = _beat(activity.info())
        _running.set(beat)
        self._beats.add(beat)
        beating = asyncio.create_task(self._keep_beating(beat))
        try:
            return await execute.execute_activity(given)
        finally:
            beating.cancel()
            self._beats.discard(beat)

    async def _keep_beating(self, beat: Beat) -> None:
        """Beat in the event loop; the start of an activity is the first heartbeat for the engine."""
        while True:
            each = len(self._beats) / BEATS_PER_SECOND
            await asyncio.sleep(min(max(each, HEARTBEAT.total_seconds()), beat.limit * LATE))
            activity.heartbeat(beat.state)
            beat.last = time.monotonic()

    def _watch(self) -> None:
        """Beat in the thread for what the event loop does not."""
        while not self._stopped.wait(LOOK_SECONDS):
            late = [beat for beat in self._beats.copy() if beat.late()]
            if late:
                asyncio.run(self._beat_for(late))

    async def _beat_for(self, late: list[Beat]) -> None:
        for error in await asyncio.gather(*map(self._send, late), return_exceptions=True):
            if isinstance(error, BaseException):
                telemetry.log.warning("heartbeat.failed", error=f"{type(error).__name__}: {error}"[:300])

    async def _send(self, beat: Beat) -> None:
        request = Heartbeat(
            namespace=self._client.namespace,
            task_token=beat.token,
            identity=self._client.identity,
            details=Payloads(payloads=CONVERTER.payload_converter.to_payloads([beat.state])),
        )
        try:
            limit = timedelta(seconds=SEND_SECONDS)
            await self._client.workflow_service.record_activity_task_heartbeat(request, timeout=limit)
            beat.last = time.monotonic()
        except RPCError:
            if beat in self._beats:  # else it has ended meanwhile, and the engine knows it no more
                raise


class _Beating(ActivityInboundInterceptor):
    """One activity's way through the heartbeats."""

    def __init__(self, next: ActivityInboundInterceptor, heartbeats: Heartbeats) -> None:  # noqa: A002 - the SDK's name
        super().__init__(next)
        self._heartbeats = heartbeats

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        """Execute it, with heartbeats."""
        return await self._heartbeats.run(self.next, input)


def _beat(info: activity.Info) -> Beat:
    """The heartbeats of an activity that starts; an attempt after the first goes on from what was told."""
    before = info.heartbeat_details[0] if info.heartbeat_details else None
    state = progress_pb2.StageProgress()
    if isinstance(before, progress_pb2.StageProgress):
        state.CopyFrom(before)
    limit = info.heartbeat_timeout.total_seconds() if info.heartbeat_timeout else 60.0
    return Beat(info.task_token, limit, state, least=state.fraction)
