"""Work that many watch: what they see, and when it stops."""

from __future__ import annotations

import asyncio
import gc
import math
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest

from services.artifacts.work import Work
from services.chassis.errors import Cancelled
from services.chassis.progress import Progress

NOW = timedelta(0)
LATER = timedelta(hours=1)

Do = Callable[[Work[str]], Coroutine[Any, Any, str]]


class Bench:
    """One piece of work that does what the test says, and what became of it."""

    def __init__(self, do: Do, *, grace: timedelta = LATER) -> None:
        self.over = False
        self.go_on = asyncio.Event()
        self.work = Work(do, grace=grace, ended=self._ended)

    def _ended(self) -> None:
        self.over = True

    async def seen(self) -> list[Progress | str]:
        with self.work.watched() as news:
            return [event async for event in self.work.events(news)]


def at(fraction: float) -> Progress:
    return Progress("draw", fraction)


async def settled() -> None:
    """Let everything that can run, run."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_watcher_sees_the_progress_and_last_what_was_made() -> None:
    async def do(work: Work[str]) -> str:
        for step in range(3):
            work.report(at(step / 3))
            await settled()
        return "made"

    seen = await Bench(do).seen()

    assert seen == [at(0), at(1 / 3), at(2 / 3), "made"]


async def test_a_late_watcher_sees_the_latest_progress_only() -> None:
    async def do(work: Work[str]) -> str:
        work.report(at(0.25))
        work.report(at(0.5))
        await bench.go_on.wait()
        return "made"

    bench = Bench(do)
    await settled()
    late = asyncio.create_task(bench.seen())
    await settled()
    bench.go_on.set()

    assert await late == [at(0.5), "made"]


async def test_progress_right_before_the_end_is_seen() -> None:
    async def do(work: Work[str]) -> str:
        work.report(at(1))
        return "made"

    assert await Bench(do).seen() == [at(1), "made"]


async def test_the_fraction_never_goes_back_and_stays_within_the_whole() -> None:
    async def do(work: Work[str]) -> str:
        for fraction in (-1, 0.5, 0.25, math.nan, 0.75, math.inf, 0.1):
            work.report(at(fraction))
            await settled()
        return "made"

    seen = await Bench(do).seen()

    fractions = [event.fraction for event in seen if isinstance(event, Progress)]
    assert fractions == [0, 0.5, 0.5, 0.5, 0.75, 1, 1]


async def test_a_thread_may_report() -> None:
    async def do(work: Work[str]) -> str:
        await asyncio.to_thread(work.report, at(0.5))
        return "made"

    assert await Bench(do).seen() == [at(0.5), "made"]


async def test_an_error_reaches_all_who_watch() -> None:
    async def do(_: Work[str]) -> str:
        await asyncio.sleep(0)
        raise LookupError("no ink")

    bench = Bench(do)

    seen = await asyncio.gather(*(bench.seen() for _ in range(3)), return_exceptions=True)

    assert [str(error) for error in seen] == ["no ink"] * 3


async def test_an_error_that_nobody_watches_is_not_complained_about() -> None:
    async def do(_: Work[str]) -> str:
        raise LookupError("no ink")

    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    bench = Bench(do)
    await bench.work.stopped()
    await settled()
    over = bench.over
    del bench
    gc.collect()

    assert over
    assert complaints == []


async def test_watchers_of_cancelled_work_are_told() -> None:
    async def do(_: Work[str]) -> str:
        await bench.go_on.wait()
        return "made"

    bench = Bench(do)
    watcher = asyncio.create_task(bench.seen())
    await settled()
    bench.work.cancel()

    with pytest.raises(Cancelled):
        await watcher
    assert bench.over


async def test_work_cancelled_before_it_began_ends_too() -> None:
    async def do(_: Work[str]) -> str:
        raise AssertionError("it began")

    bench = Bench(do)
    bench.work.cancel()

    with pytest.raises(Cancelled):
        await bench.seen()
    assert bench.over


async def test_sealed_work_ends_well() -> None:
    async def do(work: Work[str]) -> str:
        work.seal()
        await bench.go_on.wait()
        return "made"

    bench = Bench(do)
    watcher = asyncio.create_task(bench.seen())
    await settled()
    bench.work.cancel()
    bench.go_on.set()

    assert await watcher == ["made"]


async def test_the_last_watcher_gone_stops_the_work_after_the_grace() -> None:
    async def do(_: Work[str]) -> str:
        await bench.go_on.wait()
        return "made"

    bench = Bench(do, grace=NOW)
    first, second = asyncio.create_task(bench.seen()), asyncio.create_task(bench.seen())
    await settled()
    first.cancel()
    await settled()
    watched = not bench.work.stopping
    second.cancel()
    await bench.work.stopped()

    assert watched
    assert bench.work.stopping


async def test_a_watcher_who_comes_back_within_the_grace_keeps_the_work_going() -> None:
    async def do(_: Work[str]) -> str:
        await bench.go_on.wait()
        return "made"

    bench = Bench(do, grace=timedelta(milliseconds=1))
    with bench.work.watched():
        await settled()
    watcher = asyncio.create_task(bench.seen())
    await asyncio.sleep(0.02)
    bench.go_on.set()

    assert await watcher == ["made"]


async def test_a_watcher_who_comes_back_is_told_what_it_missed() -> None:
    reported = asyncio.Event()

    async def do(work: Work[str]) -> str:
        for step in range(5):
            work.report(at(step / 5))
        reported.set()
        await asyncio.sleep(0)
        return "made"

    bench = Bench(do)
    with bench.work.watched() as news:
        await reported.wait()
        seen = [event async for event in bench.work.events(news, after=2)]

    assert seen == [at(2 / 5), at(3 / 5), at(4 / 5), "made"]
    assert [event.sequence for event in seen if isinstance(event, Progress)] == [3, 4, 5]


async def test_a_watcher_ahead_of_the_work_sees_only_what_is_new() -> None:
    async def do(work: Work[str]) -> str:
        work.report(at(0.1))
        await settled()
        return "made"

    bench = Bench(do)
    with bench.work.watched() as news:
        seen = [event async for event in bench.work.events(news, after=9)]

    assert seen == ["made"]


async def test_work_goes_on_as_long_as_the_most_patient_watcher_wished() -> None:
    async def do(work: Work[str]) -> str:
        await asyncio.sleep(0.05)
        return "made"

    bench = Bench(do, grace=NOW)
    with bench.work.watched(LATER):
        await settled()
    with bench.work.watched() as news:
        await settled()
        seen = [event async for event in bench.work.events(news)]

    assert seen == ["made"]


async def test_a_watcher_who_would_wait_less_does_not_cut_short_what_another_wished() -> None:
    async def do(_: Work[str]) -> str:
        await bench.go_on.wait()
        return "made"

    bench = Bench(do, grace=NOW)
    with bench.work.watched(LATER):
        await settled()
    with bench.work.watched(timedelta(milliseconds=1)):
        await settled()
    await asyncio.sleep(0.02)
    stopping = bench.work.stopping
    bench.go_on.set()

    assert not stopping
    assert await bench.seen() == ["made"]
