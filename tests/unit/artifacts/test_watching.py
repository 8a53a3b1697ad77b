"""Work in the making can be watched, left, joined again and cancelled."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from services.artifacts.local import LocalStore
from services.artifacts.results import Outcome, Results
from services.chassis.errors import Cancelled, Draining
from services.chassis.progress import Progress
from tests.unit.artifacts.desk import MADE_BY, REQUEST, Desk, Reply, begun, idle, once, watch


class TestWatch:
    """The digest, the progress, the outcome; again and again."""

    async def test_events_come_in_order(self, results: Results, desk: Desk) -> None:
        desk.go_on.set()

        events = await watch(results, desk)
        again = await watch(results, desk)

        digest = results.digest(REQUEST, made_by=MADE_BY)
        assert events[:2] == [digest, Progress("speak", 0.5)]
        assert isinstance(events[2], Outcome)
        assert again == [digest, Outcome(events[2].reply, reused=True)]

    async def test_who_comes_late_joins_and_gets_the_latest_progress(
        self, results: Results, desk: Desk
    ) -> None:
        early = asyncio.create_task(watch(results, desk))
        await begun(desk)
        late = asyncio.create_task(watch(results, desk))
        await asyncio.sleep(0)
        desk.go_on.set()

        assert await late == await early
        assert desk.begun == 1

    async def test_once_and_watch_share_the_work(self, results: Results, desk: Desk) -> None:
        watcher = asyncio.create_task(watch(results, desk))
        caller = asyncio.create_task(once(results, desk))
        await begun(desk)
        desk.go_on.set()

        assert (await watcher)[-1] == await caller
        assert desk.begun == 1

    async def test_nobody_watching_for_the_grace_stops_the_work(
        self, store: LocalStore, desk: Desk, told: list[str]
    ) -> None:
        results = Results(store, stage="tts", grace=timedelta(milliseconds=1))
        gone = asyncio.create_task(watch(results, desk))
        await begun(desk)
        gone.cancel()
        async with asyncio.timeout(10):
            while not desk.ended:
                await asyncio.sleep(0.001)

        assert told == ["result.failed"]

    async def test_a_watcher_that_leaves_after_the_digest_counts_as_gone(
        self, store: LocalStore, desk: Desk
    ) -> None:
        results = Results(store, stage="tts", grace=timedelta(milliseconds=1))
        watching = results.watch(REQUEST, Reply, desk.watched, made_by=MADE_BY)
        digest = await anext(watching)
        await watching.aclose()
        await idle(results)

        assert digest == results.digest(REQUEST, made_by=MADE_BY)
        assert desk.running == 0


class TestCancel:
    """Stopping at once, and what comes after."""

    async def test_cancel_returns_when_the_work_has_stopped_and_watchers_are_told(
        self, results: Results, desk: Desk, told: list[str]
    ) -> None:
        watchers = [asyncio.create_task(watch(results, desk)) for _ in range(2)]
        await begun(desk)

        await results.cancel(results.digest(REQUEST, made_by=MADE_BY))

        assert desk.ended == 1
        outcomes = await asyncio.gather(*watchers, return_exceptions=True)
        assert {type(error) for error in outcomes} == {Cancelled}
        assert told == ["result.failed"]

    async def test_a_request_after_a_cancel_waits_for_the_end_and_starts_anew(
        self, results: Results, desk: Desk
    ) -> None:
        digest = results.digest(REQUEST, made_by=MADE_BY)
        first = asyncio.create_task(watch(results, desk))
        await begun(desk)

        cancelling = asyncio.create_task(results.cancel(digest))
        await asyncio.sleep(0)
        second = asyncio.create_task(watch(results, desk))
        await begun(desk, times=2)
        desk.go_on.set()

        await cancelling
        assert isinstance((await second)[-1], Outcome)
        assert desk.most_at_once == 1
        with pytest.raises(Cancelled):
            await first

    async def test_cancelling_what_nobody_makes_is_no_error(self, results: Results, desk: Desk) -> None:
        desk.go_on.set()
        digest = results.digest(REQUEST, made_by=MADE_BY)

        await results.cancel(digest)
        await once(results, desk)
        await results.cancel(digest)

        assert (await once(results, desk)).reused

    async def test_what_is_computed_is_stored_whoever_cancels(
        self, results: Results, desk: Desk, told: list[str]
    ) -> None:
        async def compute() -> Reply:
            asyncio.get_running_loop().call_soon(cancels.append, asyncio.create_task(cancel()))
            return Reply()

        async def cancel() -> None:
            await results.cancel(results.digest(REQUEST, made_by=MADE_BY))

        cancels: list[asyncio.Task[None]] = []

        outcome = await results.once(REQUEST, Reply, compute, made_by=MADE_BY)
        await asyncio.gather(*cancels)

        assert not outcome.reused
        assert (await once(results, desk)).reused
        assert told == ["result.computed", "result.reused"]

    async def test_close_stops_everything_and_refuses_more(self, results: Results, desk: Desk) -> None:
        watcher = asyncio.create_task(watch(results, desk))
        await begun(desk)

        await results.close()

        assert desk.running == 0
        with pytest.raises(Cancelled):
            await watcher
        with pytest.raises(Draining):
            await once(results, desk)

    async def test_callers_coming_and_going_while_others_cancel_never_compute_twice_at_once(
        self, results: Results, store: LocalStore, told: list[str]
    ) -> None:
        desk = Desk(store)
        desk.go_on.set()
        digest = results.digest(REQUEST, made_by=MADE_BY)

        async def visit(turn: int) -> object:
            for _ in range(turn % 7):
                await asyncio.sleep(0)
            if turn % 5 == 0:
                await results.cancel(digest)
                return None
            call = asyncio.create_task(once(results, desk) if turn % 2 else watch(results, desk))
            if turn % 3 == 0:
                await asyncio.sleep(0)
                call.cancel()
            await asyncio.wait({call})
            return None if call.cancelled() else call.exception()

        async with asyncio.timeout(30):
            ends = [await asyncio.gather(*(visit(turn + lap) for turn in range(30))) for lap in range(10)]

        assert desk.most_at_once == 1
        assert {type(end) for lap in ends for end in lap} <= {type(None), Cancelled}
        assert told.count("result.computed") <= 1
        assert desk.begun == told.count("result.computed") + told.count("result.failed")
        assert (await once(results, desk)).reply.speech.HasField("audio")
