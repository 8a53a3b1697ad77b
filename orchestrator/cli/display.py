"""What a person, or a machine, sees of a job: a live table, plain lines, or lines of JSON."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from orchestrator.cli.record import record
from orchestrator.cli.terminal import Terminal, clean, emit
from orchestrator.job import GENERATION, stage_name
from orchestrator.running import words
from storyreel.job.v1 import job_pb2

BAR = 28
PACE_SECONDS = 10.0
"""How often a log is told of a clip that is still in the same phase."""

MARKS = {
    job_pb2.STATE_PENDING: ("·", "dim"),
    job_pb2.STATE_RUNNING: ("▸", "cyan"),
    job_pb2.STATE_SUCCEEDED: ("✓", "green"),
    job_pb2.STATE_FAILED: ("✗", "red"),
    job_pb2.STATE_CANCELLED: ("■", "yellow"),
}


class Display(Protocol):
    """Where a command shows a job."""

    def show(self, job: job_pb2.Job) -> None:
        """The job as it is now."""
        ...

    def close(self) -> None:
        """No more changes."""
        ...

    def finished(self, job: job_pb2.Job, files: list[Path]) -> None:
        """The job has succeeded and its files are written."""
        ...


def display(*, as_json: bool) -> Display:
    """The display that fits standard output and what was asked for."""
    if as_json:
        return Lines()
    console = Terminal(stderr=True)
    return LiveTable(console) if console.is_terminal else Plain(console)


class Lines:
    """One line of JSON per event, on standard output."""

    def show(self, job: job_pb2.Job) -> None:
        """An event of kind `progress`."""
        emit({"event": "progress", **record(job)})

    def close(self) -> None:
        """Nothing is open."""

    def finished(self, job: job_pb2.Job, files: list[Path]) -> None:
        """An event of kind `finished`, with the files."""
        emit({"event": "finished", **record(job), "files": [str(path) for path in files]})


class Plain:
    """Lines for a log: one when a stage starts or ends, and at each tenth of the pictures.

    Of footage, which takes minutes, also each phase, every attempt, and a line now and then within a phase.
    """

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._seen: set[str] = set()
        self._phases: set[tuple[str, int, str, str]] = set()
        self._told: dict[str, float] = {}

    def show(self, job: job_pb2.Job) -> None:
        """Print what is new."""
        for warning in job.warnings:
            self._once(f"note: {warning.message}")
        for attempt in job.attempts:
            self._once(_attempt(attempt))
        for stage in job.stages:
            for clip in stage.running:
                self._clip(clip)
            name = stage_name(stage.kind)
            if stage.state == job_pb2.STATE_RUNNING and stage.kind == GENERATION:
                self._once(f"{name}: {int(stage.fraction * 10) * 10} %")
            elif stage.state == job_pb2.STATE_SUCCEEDED:
                self._once(f"{name}: done{_counted(stage)}")
        if job.waiting:
            self._once(job.waiting)

    def close(self) -> None:
        """Nothing is open."""

    def finished(self, job: job_pb2.Job, files: list[Path]) -> None:
        """Print the summary."""
        self._console.print(summary(job, files), soft_wrap=True)

    def _clip(self, clip: job_pb2.RunningClip) -> None:
        """A line about a clip in the making: at once when its phase is new, else at a reasonable pace."""
        # Two units may take turns, as decoded and encoded frames do: a phase is new only once.
        phase = (clip.scene_id, clip.attempt, clip.progress.step, clip.progress.unit)
        due = self._told.get(clip.scene_id, 0.0) + PACE_SECONDS
        if phase not in self._phases or (clip.progress.total and self._clock() >= due):
            self._phases.add(phase)
            self._told[clip.scene_id] = self._clock()
            self._once(f"footage: {words(clip)}")

    def _once(self, line: str) -> None:
        if line not in self._seen:
            self._seen.add(line)
            self._console.print(Text(clean(line.rstrip())), soft_wrap=True)


class LiveTable:
    """A table that redraws itself: a row per stage, a bar for the whole."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._warned = self._tried = 0
        self._live = Live(console=console, refresh_per_second=4, transient=True)
        self._live.start()

    def show(self, job: job_pb2.Job) -> None:
        """Redraw; what a person should know is said above, at once."""
        for warning in job.warnings[self._warned :]:
            self._live.console.print(Text(clean(f"note  {warning.message}"), style="yellow"))
        self._warned = len(job.warnings)
        for attempt in job.attempts[self._tried :]:
            self._live.console.print(Text(clean(_attempt(attempt)), style="yellow"))
        self._tried = len(job.attempts)
        self._live.update(Group(_stages(job), self._whole(job)))

    def close(self) -> None:
        """Take the table away."""
        self._live.stop()

    def finished(self, job: job_pb2.Job, files: list[Path]) -> None:
        """Leave the stages and the summary."""
        self.close()
        self._console.print(_stages(job))
        self._console.print(summary(job, files), soft_wrap=True)

    def _whole(self, job: job_pb2.Job) -> RenderableType:
        elapsed = time.monotonic() - self._began
        left = ""
        # Of footage its own row tells what is left: seconds of other work say nothing of minutes of it.
        footage = any(stage.running for stage in job.stages)
        if not footage and 0.08 < job.fraction < 1 and elapsed > 3:
            left = f" · about {_clock(elapsed / job.fraction * (1 - job.fraction))} left"
        row = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=1.0, completed=job.fraction, width=BAR * 2)
        row.add_row(" ", bar, f"{job.fraction:4.0%}", Text(f"{_clock(elapsed)}{left}", style="dim"))
        if job.waiting:
            return Group(row, Text(f"   {clean(job.waiting)}", style="yellow"))
        return row


def _attempt(attempt: job_pb2.Attempt) -> str:
    """A failed attempt at footage, and what the next one changes."""
    told = f"footage: {attempt.scene_id} attempt {attempt.number} failed: {attempt.message}"
    changes = ", ".join(
        f"{change.field} {change.before or 'unset'} → {change.after or 'unset'}"
        for change in attempt.retry.changes
    )
    instead = "The first clip plays to and fro" if attempt.link else "The card is shown"
    then = f"Attempt {attempt.number + 1} has {changes}." if changes else f"{instead} instead."
    return f"{told} {then}"


def _stages(job: job_pb2.Job) -> Table:
    table = Table.grid(padding=(0, 1))
    for stage in job.stages:
        mark, style = MARKS[stage.state]
        bar: RenderableType = ""
        if stage.state == job_pb2.STATE_RUNNING and stage.calls:
            bar = ProgressBar(total=1.0, completed=stage.fraction, width=BAR)
        elif stage.HasField("end_time"):
            seconds = (stage.end_time.ToDatetime() - stage.start_time.ToDatetime()).total_seconds()
            bar = Text(f"{seconds:.1f} s", style="dim")
        table.add_row(
            Text(f" {mark}", style=style),
            stage_name(stage.kind).ljust(10),
            bar,
            Text(_counted(stage), style="dim"),
        )
    return table


def _counted(stage: job_pb2.Stage) -> str:
    if stage.calls <= 1 and not stage.calls_reused:
        return f" {clean(stage.activity)}"
    reused = f", {stage.calls_reused} found made" if stage.calls_reused else ""
    activity = f" · {clean(stage.activity)}" if stage.activity else ""
    return f" {stage.calls_done}/{stage.calls}{reused}{activity}"


def summary(job: job_pb2.Job, files: list[Path]) -> Text:
    """What was made, what is not as asked for, and where it lies."""
    measured, picture = job.outputs.video.measurements, job.settings.picture
    seconds = measured.video_duration.ToTimedelta().total_seconds()
    size = job.outputs.video.mp4.size_bytes / 1e6
    text = Text()
    if files:
        text.append(clean(f"{_shown(files[0])}"), style="bold")
        text.append(
            f"  {_clock(seconds)} · {picture.width}x{picture.height} · {size:.1f} MB · "
            f"{measured.loudness_lufs:.1f} LUFS · "
            f"sound and picture at most {measured.max_av_offset.ToMilliseconds()} ms apart\n"
        )
        text.append("beside it  " + "  ".join(clean(path.name) for path in files[1:]) + "\n", style="dim")
    for entry in job.degradations:
        text.append(_what(entry), style="yellow")
        text.append(_remedy(entry), style="dim")
    text.rstrip()
    return text


def notes(job: job_pb2.Job) -> str:
    """What is not as asked for and what to do about it, in lines without colour."""
    return "".join(f"{_what(entry)}{_remedy(entry)}" for entry in job.degradations)


def _what(entry: job_pb2.Degradation) -> str:
    where = f" ({entry.scene_id})" if entry.scene_id else ""
    return clean(f"note  {entry.what}{where} {entry.why}") + "\n"


def _remedy(entry: job_pb2.Degradation) -> str:
    return clean(f"      → {entry.remedy}") + "\n"


def _shown(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
