"""A plan for people: the scenes with their lengths, and what of the source is not in the video."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.json_format import Parse
from rich.table import Table
from rich.text import Text

from orchestrator.cli.plan_footage import show_footage
from orchestrator.cli.terminal import Terminal, clean, counted, write
from orchestrator.job import in_scenes
from orchestrator.settings import OrchestratorSettings
from services.chassis.settings import load
from storyreel.job.v1 import job_pb2


def show(text: str) -> None:
    """Print a plan, given as JSON."""
    plan = Parse(text, job_pb2.Plan(), ignore_unknown_fields=True)
    console = Terminal(stderr=False)
    with console.capture() as captured:
        _print(console, plan)
    write(captured.get())


def _print(console: Terminal, plan: job_pb2.Plan) -> None:
    table = Table(title=Text(clean(plan.title)), title_justify="left", box=None, pad_edge=False)
    for heading, justify in (("scene", "left"), ("type", "left"), ("about", "right"), ("narration", "left")):
        table.add_column(heading, justify="right" if justify == "right" else "left", overflow="fold")
    for scene in plan.scenes:
        cells = (scene.id, scene.type, f"{scene.estimated_seconds:.0f} s", scene.narration)
        table.add_row(*(Text(clean(cell)) for cell in cells))
    console.print(table)
    wishing = [scene for scene in plan.scenes if scene.HasField("footage")]
    show_footage(console, wishing, plan.footage_seconds)
    blocks = plan.coverage.blocks
    counts = dict.fromkeys(("narrated", "shown", "dropped"), 0)
    for block in blocks:
        counts[block.outcome] += 1
    minutes, seconds = divmod(round(plan.estimated_seconds), 60)
    said = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    scenes = counted(len(plan.scenes), "scene")
    console.print(f"\n{scenes}, about {minutes}:{seconds:02d}. Blocks of the source: {said}.")
    if plan.voice:
        console.print(Text(clean(f"Voice: {plan.voice}")))
    for block in blocks:
        if block.outcome == "dropped":
            line = f"  line {block.line}: {block.kind} dropped: {block.reason}"
            console.print(Text(clean(line), style="yellow"))
    for lacking in _lacking(block for block in blocks if block.outcome != "dropped"):
        console.print(Text(clean(f"  fonts: {lacking}"), style="yellow"))


def _lacking(blocks: Iterable[job_pb2.CoveredBlock]) -> list[str]:
    """What no font of this machine has and in which scenes; of a cluster only its own machines know."""
    if load(OrchestratorSettings).temporal_address:
        return []
    from services.cards.typesetting import faces, scripts

    texts: dict[str, list[list[str]]] = {}
    scenes: dict[str, list[str]] = {}
    for block in blocks:
        by_package: dict[str, list[str]] = {}
        for char in faces.undrawable(block.text):
            by_package.setdefault(scripts.package_for(char), []).append(char)
        for package, chars in by_package.items():
            texts.setdefault(package, []).append(chars)
            scenes.setdefault(package, []).extend(block.scene_ids)
    found = [(sorted(set(scenes[package])), scripts.lacking(*texts[package])) for package in texts]
    return [
        f"{sentence}{in_scenes(ids) or ''.join(f' (in {only})' for only in ids)}"
        for ids, sentences in sorted(found)
        for sentence in sentences
    ]
