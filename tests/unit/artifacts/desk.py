"""A computation for the tests of the result cache, and the ways to ask for it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from services.artifacts import wire
from services.artifacts.local import LocalStore
from services.artifacts.results import Outcome, Results
from services.chassis.progress import Progress, Report
from storyreel.tts.v1 import speech_pb2, tts_service_pb2

Request = tts_service_pb2.SynthesizeRequest
Reply = tts_service_pb2.SynthesizeResponse

REQUEST = Request(text="Once upon a time.", speed_percent=100)
MADE_BY = "espeak 1.52"
NEVER = timedelta(hours=1)


class Desk:
    """A computation that waits for the test, and counts."""

    def __init__(self, store: LocalStore) -> None:
        self.store = store
        self.begun = 0
        self.running = 0
        self.most_at_once = 0
        self.ended = 0
        self.go_on = asyncio.Event()

    async def compute(self) -> tts_service_pb2.SynthesizeResponse:
        self.begun += 1
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            await self.go_on.wait()
            audio = await self.store.put_bytes(b"the voice", media_type="audio/flac")
            return Reply(speech=speech_pb2.Speech(audio=wire.to_proto(audio)))
        finally:
            await asyncio.sleep(0)
            self.running -= 1
            self.ended += 1

    async def watched(self, report: Report) -> tts_service_pb2.SynthesizeResponse:
        report(Progress("speak", 0.5))
        return await self.compute()


async def once(results: Results, desk: Desk, *, made_by: str = MADE_BY) -> Outcome[Reply]:
    return await results.once(REQUEST, Reply, desk.compute, made_by=made_by)


async def watch(results: Results, desk: Desk) -> list[object]:
    return [event async for event in results.watch(REQUEST, Reply, desk.watched, made_by=MADE_BY)]


async def begun(desk: Desk, times: int = 1) -> None:
    """Wait until the computation has begun."""
    async with asyncio.timeout(10):
        while desk.begun < times:
            await asyncio.sleep(0.001)


async def idle(results: Results) -> None:
    """Wait until nothing is in the making."""
    async with asyncio.timeout(10):
        while results._making:
            await asyncio.sleep(0.001)
