"""Work in the making: one task, the watchers who wait for it, and the progress they see."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, Generic, TypeVar

from services.chassis.errors import Cancelled
from services.chassis.progress import Progress, Report

T = TypeVar("T")

REMEMBERED = 500
"""Reports of progress that a watcher who comes back may still read; of more the last ones are kept."""


class Work(Generic[T]):
    """One task that many may watch; it is cancelled when nobody has watched for `grace`.

    Belongs to the event loop it is made in. Its task starts at once; `ended` is called in that loop
    when the task is over, however it went.
    """

    def __init__(
        self,
        make: Callable[[Work[T]], Coroutine[Any, Any, T]],
        *,
        grace: timedelta,
        ended: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._grace = grace
        self._watchers: set[asyncio.Event] = set()
        self._progress: Progress | None = None
        self._told: deque[Progress] = deque(maxlen=REMEMBERED)
        self._abandoned: asyncio.TimerHandle | None = None
        self._sealed = False
        self.stopping = False
        self._task = self._loop.create_task(make(self))
        self._task.add_done_callback(lambda _: self._end(ended))

    @property
    def report(self) -> Report:
        """Where the work tells how far it is; from any thread. The fraction never goes back."""
        return self._report

    def seal(self) -> None:
        """From here on the work is not cancelled any more: it has its result and puts it away."""
        self._sealed = True

    def cancel(self) -> None:
        """Ask the work to stop, unless it is sealed."""
        if not self._sealed and not self._task.done():
            self.stopping = True
            self._task.cancel()

    async def stopped(self) -> None:
        """Wait until the task is over; its errors belong to the watchers."""
        await asyncio.wait({self._task})

    @contextmanager
    def watched(self, grace: timedelta | None = None) -> Iterator[asyncio.Event]:
        """Count as a watcher for the length of the block; what it gives goes to `events`.

        With `grace` the work goes on at least so long without watchers.
        """
        self._grace = max(self._grace, grace or self._grace)
        if self._abandoned is not None:
            self._abandoned.cancel()
            self._abandoned = None
        news = asyncio.Event()
        self._watchers.add(news)
        try:
            yield news
        finally:
            self._watchers.discard(news)
            if not self._watchers and not self._task.done():
                self._abandoned = self._loop.call_later(self._grace.total_seconds(), self.cancel)

    async def events(
        self, news: asyncio.Event, *, after: int | None = None
    ) -> AsyncGenerator[Progress | T, None]:
        """The latest progress, each newer one, and last what the work made.

        A slow watcher misses what was outdated when it came back; with `after` it is told all that came
        after the report of that number and is still remembered.

        Raises:
            Cancelled: Somebody cancelled the work.
            Exception: What the work raised.
        """
        seen = after or 0
        while True:
            if newer := [told for told in self._told if told.sequence > seen]:
                for progress in newer[-1:] if after is None else newer:
                    seen = progress.sequence
                    yield progress
            elif self._task.done():
                yield self._made()
                return
            else:
                await news.wait()
                news.clear()

    def _made(self) -> T:
        if self._task.cancelled():
            raise Cancelled("The work was cancelled. Repeat the request to start it again.")
        return self._task.result()

    def _end(self, ended: Callable[[], None]) -> None:
        if self._abandoned is not None:
            self._abandoned.cancel()
        if not self._task.cancelled():
            self._task.exception()  # looked at, or asyncio complains when nobody watched
        ended()
        self._wake()

    def _report(self, progress: Progress) -> None:
        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        if here:
            self._advance(progress)
        else:
            with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                self._loop.call_soon_threadsafe(self._advance, progress)

    def _advance(self, progress: Progress) -> None:
        reached = self._progress.fraction if self._progress else 0.0
        # Written so that NaN counts as no progress.
        fraction = min(progress.fraction, 1.0) if progress.fraction > reached else reached
        number = self._progress.sequence + 1 if self._progress else 1
        self._progress = replace(progress, fraction=fraction, sequence=number)
        self._told.append(self._progress)
        self._wake()

    def _wake(self) -> None:
        for news in self._watchers:
            news.set()
