"""What a person, or a machine, sees of a job: a live table, plain lines, or lines of JSON."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Protocol

from google.protobuf.json_format import MessageToDict
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from orchestrator.cli.terminal import Terminal, clean, emit
from orchestrator.job import GENERATION, stage_name, state_name
from storyreel.job.v1 import job_pb2

BAR = 28
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
    return Live_(console) if console.is_terminal else Plain(console)


def record(job: job_pb2.Job) -> dict[str, Any]:
    """A job as plain data: enum values without prefix, numbers as numbers."""
    stages = [
        {
            "kind": stage_name(stage.kind),
            "state": state_name(stage.state),
            "fraction": round(stage.fraction, 4),
            "calls": stage.calls,
            "calls_done": stage.calls_done,
            "calls_reused": stage.calls_reused,
            "attempts": stage.attempts,
        }
        for stage in job.stages
    ]
    found: dict[str, Any] = {
        "name": job.name,
        "state": state_name(job.state),
        "title": job.title,
        "source": job.source.name,
        "create_time": job.create_time.ToJsonString(),
        "fraction": round(job.fraction, 4),
        "stages": stages,
    }
    if job.degradations:
        found["degradations"] = [_data(entry) for entry in job.degradations]
    if job.warnings:
        found["warnings"] = list(job.warnings)
    if job.error.reason:
        found["error"] = _data(job.error)
    return found


def _data(message: Any) -> dict[str, Any]:
    data: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    if "stage" in data:
        data["stage"] = stage_name(message.stage)
    return data


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
    """Lines for a log: one when a stage starts or ends, and at each tenth of the pictures."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._seen: set[str] = set()

    def show(self, job: job_pb2.Job) -> None:
        """Print what is new."""
        for warning in job.warnings:
            self._once(f"note: {warning}")
        for stage in job.stages:
            name = stage_name(stage.kind)
            if stage.state == job_pb2.STATE_RUNNING and stage.kind == GENERATION:
                self._once(f"{name}: {int(stage.fraction * 10) * 10} %")
            elif stage.state == job_pb2.STATE_SUCCEEDED:
                self._once(f"{name}: done{_counted(stage)}")

    def close(self) -> None:
        """Nothing is open."""

    def finished(self, job: job_pb2.Job, files: list[Path]) -> None:
        """Print the summary."""
        self._console.print(summary(job, files), soft_wrap=True)

    def _once(self, line: str) -> None:
        if line not in self._seen:
            self._seen.add(line)
            self._console.print(Text(clean(line.rstrip())), soft_wrap=True)


class Live_:  # noqa: N801 - rich owns the name Live
    """A table that redraws itself: a row per stage, a bar for the whole."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._warned = 0
        self._live = Live(console=console, refresh_per_second=4, transient=True)
        self._live.start()

    def show(self, job: job_pb2.Job) -> None:
        """Redraw; what a person should know is said above, at once."""
        for warning in job.warnings[self._warned :]:
            self._live.console.print(Text(clean(f"note  {warning}"), style="yellow"))
        self._warned = len(job.warnings)
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
        if 0.08 < job.fraction < 1 and elapsed > 3:
            left = f" · about {_clock(elapsed / job.fraction * (1 - job.fraction))} left"
        row = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=1.0, completed=job.fraction, width=BAR * 2)
        row.add_row(" ", bar, f"{job.fraction:4.0%}", Text(f"{_clock(elapsed)}{left}", style="dim"))
        return row


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
            f"sound and picture at most {measured.max_av_offset_seconds * 1000:.0f} ms apart\n"
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
