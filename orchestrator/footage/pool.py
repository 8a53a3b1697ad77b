"""A pool's worker: one clip at a time on the device beside it, from whichever of its queues."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Any

import grpc
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from orchestrator import calls, heartbeats
from orchestrator.heartbeats import HEARTBEAT, Heartbeats
from orchestrator.stages import LIMITS, pool_queue
from services.chassis import telemetry
from storyreel.generation.v1 import generation_service_pb2 as generation_pb2
from storyreel.generation.v1 import generation_service_pb2_grpc as generation_grpc
from storyreel.job.v1.record_pb2 import StageResult
from storyreel.progress.v1 import progress_pb2

PLANS_AT_ONCE = 4
"""Estimates need no device, so they are made while a clip is."""

CANCEL_SECONDS = 60.0
"""A cancelled clip is answered for when the device is free; a step in flight may take seconds."""


class Pool:
    """The queues of some pools, with one slot for all; a context manager.

    While a clip is made the other queues are not polled: their clips wait for another device, and not here.

    Args:
        client: The engine.
        generation: A channel to the generation service beside the device.
        pools: Those that the service has models for, such as `t2v`.
        grace: Seconds that a clip in the making may take to end when the pool is left.
    """

    def __init__(
        self, client: Client, generation: grpc.aio.Channel, pools: Sequence[str], *, grace: float
    ) -> None:
        self._client = client
        self._pools = pools
        self._grace = timedelta(seconds=grace)
        self._heartbeats = Heartbeats(client)
        self._stub = generation_grpc.GenerationServiceStub(generation)
        self._slot = asyncio.Lock()
        self._changed = asyncio.Condition()
        self._making = ""  # the queue whose clip is being made
        self._polling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Pool:
        self._polling = asyncio.create_task(self._poll())
        self._polling.add_done_callback(_tell)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._polling is not None
        self._polling.cancel()
        await asyncio.wait([self._polling])

    async def ended(self) -> None:
        """Wait until the pool cannot work any more; raises why."""
        assert self._polling is not None
        await asyncio.shield(self._polling)

    @activity.defn(name="GenerateFootage")
    async def generate(self, scene_id: str, request: generation_pb2.GenerateFootageRequest) -> StageResult:
        """Generate one scene's clip."""
        heartbeats.report(progress_pb2.StageProgress(step="wait"))
        await self._slot.acquire()  # at once, but for two queues that gave a clip in the same moment
        try:
            await self._now(activity.info().task_queue)
            limit = LIMITS["GenerateFootage"].total_seconds()
            call = self._stub.GenerateFootage(request, timeout=limit)
            last, reused = await calls.stream(call, self._cancel, frames=request.spec.frames, generating=True)
        finally:
            self._slot.release()
            await self._now("")
        return StageResult(scene_id=scene_id, reused=reused, attempts=calls.attempt(), footage=last.footage)

    @activity.defn(name="EstimateFootage")
    async def estimate(self, scene_id: str, request: generation_pb2.EstimateFootageRequest) -> StageResult:
        """Foresee what one scene's clip needs."""
        reply, _ = await calls.unary(self._stub.EstimateFootage, request)
        return StageResult(scene_id=scene_id, attempts=calls.attempt(), estimate=reply)

    def _cancel(self, digest: str) -> Awaitable[Any]:
        request = generation_pb2.CancelFootageRequest(digest=digest)
        return self._stub.CancelFootage(request, timeout=CANCEL_SECONDS)

    async def _poll(self) -> None:
        with self._heartbeats:
            await self._poll_queues()

    async def _poll_queues(self) -> None:
        async with asyncio.TaskGroup() as group:
            for pool in self._pools:
                group.create_task(self._clips(pool_queue(pool)))
                group.create_task(self._plans(pool_queue(pool, plans=True)))

    async def _clips(self, queue: str) -> None:
        """Poll a queue for clips, but not while one of another queue is made."""
        while True:
            async with self._worker(queue, self.generate, at_once=1):
                await self._until(lambda: self._making not in ("", queue))
            await self._until(lambda: not self._making)

    async def _plans(self, queue: str) -> None:
        async with self._worker(queue, self.estimate, at_once=PLANS_AT_ONCE):
            await asyncio.Event().wait()

    def _worker(self, queue: str, does: Callable[..., Any], *, at_once: int) -> Worker:
        return Worker(
            self._client,
            task_queue=queue,
            activities=[does],
            interceptors=[self._heartbeats],
            max_concurrent_activities=at_once,
            # Heartbeats carry progress out and a cancel in; the SDK's own 30 s would delay both.
            default_heartbeat_throttle_interval=HEARTBEAT,
            max_heartbeat_throttle_interval=HEARTBEAT,
            graceful_shutdown_timeout=self._grace,
        )

    async def _now(self, queue: str) -> None:
        async with self._changed:
            self._making = queue
            self._changed.notify_all()

    async def _until(self, so: Callable[[], bool]) -> None:
        async with self._changed:
            await self._changed.wait_for(so)


def _tell(polling: asyncio.Task[None]) -> None:
    """Nobody may be waiting for the end of it."""
    with suppress(asyncio.CancelledError):
        if error := polling.exception():
            telemetry.log.error("pool.failed", error=str(error))
