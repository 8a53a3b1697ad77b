"""What a plan tells people of footage: who makes it and how, what it needs, what was found, ways out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from google.protobuf.duration_pb2 import Duration
from rich.padding import Padding
from rich.text import Text

from orchestrator.cli.terminal import Terminal, clean, counted
from orchestrator.footage import edits
from orchestrator.running import about
from services.story.source_place import place_from_proto
from storyreel.generation.v1 import footage_pb2, making_pb2
from storyreel.job.v1 import job_pb2

WAYS = 4
"""Ways out of one finding that are shown; the plan as JSON has all."""


def show_footage(console: Terminal, scenes: Sequence[job_pb2.PlanScene], seconds: float) -> None:
    """Print what will become of each scene's footage, and how long all of it takes.

    Args:
        console: Where to.
        scenes: Those of the plan that wish for footage.
        seconds: Of devices, for all footage of which that is known.
    """
    if not scenes:
        return
    console.print("\nfootage")
    for scene in scenes:
        place = str(place_from_proto(scene.footage.place))
        _put(console, 2, f"{scene.id}{f' ({place})' if place else ''}: {scene.footage.outlook}")
        for indent, text, style in _told(scene.footage):
            _put(console, indent, text, style)
    if seconds:
        console.print(Text(clean(_whole(scenes, seconds))))


def _put(console: Terminal, indent: int, text: str, style: str = "") -> None:
    console.print(Padding(Text(clean(text), style=style), (0, 0, 0, indent), expand=False))


def _told(footage: job_pb2.PlanFootage) -> Iterator[tuple[int, str, str]]:
    """The lines of one scene's footage: how far to the right, the text, its style."""
    report = footage.report
    if report.plan.model:
        yield 6, _made(report.plan), ""
        yield 6, _needs(footage), ""
    for adjustment in report.adjustments:
        was, now = adjustment.before or "unset", adjustment.after or "unset"
        yield 6, f"{adjustment.field} {was} → {now}: {adjustment.reason}", "dim"
    for finding in report.findings:
        yield (
            6,
            f"{'✗' if finding.blocking else '!'} {finding.message}",
            "red" if finding.blocking else "yellow",
        )
        for way in finding.suggestions[:WAYS]:
            written = edits.edit(way.changes, footage.place.line)
            told = f"{way.description.rstrip('.')}: {written}." if written else way.description
            yield 8, f"→ {told}", ""


def _made(plan: making_pb2.NativePlan) -> str:
    mode = footage_pb2.Mode.Name(plan.mode).removeprefix("MODE_").lower()
    return (
        f"{mode} by {plan.model}, {plan.width} x {plan.height}, {plan.frames} frames at "
        f"{plan.rate} per second, {plan.steps} steps"
    )


def _needs(footage: job_pb2.PlanFootage) -> str:
    if not footage.report.HasField("forecast"):
        return "how long it takes and what it needs is not known here"
    forecast = footage.report.forecast
    peak = max(forecast.denoise_bytes, forecast.decode_bytes)
    each = ""
    if footage.clips > 1:
        each = f" a clip, {about(_seconds(footage.estimated_duration))} for all {footage.clips}"
    return f"{about(_seconds(forecast.duration))}{each}; {peak / 1e9:.1f} GB of device memory"


def _seconds(duration: Duration) -> float:
    return duration.ToTimedelta().total_seconds()


def _whole(scenes: Sequence[job_pb2.PlanScene], seconds: float) -> str:
    known = sum(scene.footage.HasField("estimated_duration") for scene in scenes)
    unknown = (
        f"; the other {counted(len(scenes) - known, 'scene')} not counted" if known < len(scenes) else ""
    )
    return f"Footage of {counted(known, 'scene')} takes {about(seconds)} of a device in all{unknown}."
