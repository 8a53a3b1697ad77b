"""Shows how far the reading and writing of many bytes is."""

from __future__ import annotations

from typing import Protocol

from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bars

from orchestrator.cli.terminal import Terminal, emit
from services.chassis.progress import Progress

STEPS = {"download": "downloading", "copy": "copying", "verify": "comparing"}


class Advance(Protocol):
    """Where it is shown."""

    def show(self, progress: Progress) -> None:
        """Show what is new; may be called from any thread, and often."""

    def pause(self) -> None:
        """Take away what is redrawn, so that something can be written."""

    def close(self) -> None:
        """Nothing more comes."""


def advance(*, as_json: bool) -> Advance:
    """What fits standard output and what was asked for."""
    if as_json:
        return Lines()
    console = Terminal(stderr=True)
    return Bar(console) if console.is_terminal else Plain(console)


class _Parts:
    """Lets through the first event of each step, and one for each part of it."""

    def __init__(self, parts: int) -> None:
        self._parts = parts
        self._last = ("", 0)

    def new(self, progress: Progress) -> bool:
        """Tell whether an event has something new."""
        now = (progress.step, int(progress.fraction * self._parts))
        changed, self._last = now != self._last, now
        return changed


class Lines:
    """One line of JSON for each hundredth, on standard output."""

    def __init__(self) -> None:
        self._parts = _Parts(100)

    def show(self, progress: Progress) -> None:
        """An event of kind `progress`."""
        if self._parts.new(progress):
            emit(
                {
                    "event": "progress",
                    "step": progress.step,
                    "fraction": round(progress.fraction, 4),
                    "done_bytes": progress.done,
                    "total_bytes": progress.total,
                }
            )

    def pause(self) -> None:
        """Nothing is redrawn."""

    def close(self) -> None:
        """Nothing is open."""


class Plain:
    """One line for each tenth, for a log."""

    def __init__(self, console: Terminal) -> None:
        self._console = console
        self._parts = _Parts(10)

    def show(self, progress: Progress) -> None:
        """Print what is new."""
        if self._parts.new(progress):
            scale, unit = (1e9, "GB") if progress.total >= 1e9 else (1e6, "MB")
            bytes_ = f"{progress.done / scale:.1f} of {progress.total / scale:.1f} {unit}"
            self._console.print(
                f"{STEPS[progress.step]}: {int(progress.fraction * 10) * 10} %, {bytes_}", soft_wrap=True
            )

    def pause(self) -> None:
        """Nothing is redrawn."""

    def close(self) -> None:
        """Nothing is open."""


class Bar:
    """A bar that redraws itself, with the speed and the time that is left."""

    def __init__(self, console: Terminal) -> None:
        self._console = console
        self._bars: Bars | None = None
        self._step = ""

    def show(self, progress: Progress) -> None:
        """Move the bar; a new one for each step."""
        if self._bars is None or self._step != progress.step:
            self.pause()
            self._step = progress.step
            self._bars = Bars(
                TextColumn(f" {STEPS[progress.step]:<11}"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._bars.add_task("", total=progress.total)
            self._bars.start()
        self._bars.update(self._bars.task_ids[0], completed=progress.done, total=progress.total)

    def pause(self) -> None:
        """Take the bar away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def close(self) -> None:
        """Take the bar away."""
        self.pause()
