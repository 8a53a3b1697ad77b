"""A plan for people: the scenes with their lengths, and what of the source is not in the video."""

from __future__ import annotations

from google.protobuf.json_format import Parse
from rich.console import Console
from rich.table import Table

from storyreel.job.v1 import job_pb2


def show(text: str) -> None:
    """Print a plan, given as JSON."""
    plan = Parse(text, job_pb2.Plan(), ignore_unknown_fields=True)
    console = Console(highlight=False)
    table = Table(title=plan.title, title_justify="left", box=None, pad_edge=False)
    for heading, justify in (("scene", "left"), ("type", "left"), ("about", "right"), ("narration", "left")):
        table.add_column(heading, justify="right" if justify == "right" else "left", style=None)
    for scene in plan.scenes:
        table.add_row(scene.id, scene.type, f"{scene.estimated_seconds:.0f} s", scene.narration)
    console.print(table)
    blocks = plan.coverage.blocks
    counts = dict.fromkeys(("narrated", "shown", "dropped"), 0)
    for block in blocks:
        counts[block.outcome] += 1
    minutes, seconds = divmod(round(plan.estimated_seconds), 60)
    said = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    console.print(
        f"\n{len(plan.scenes)} scenes, about {minutes}:{seconds:02d}. Blocks of the source: {said}."
    )
    for block in blocks:
        if block.outcome == "dropped":
            console.print(f"  line {block.line}: {block.kind} dropped: {block.reason}", style="yellow")
