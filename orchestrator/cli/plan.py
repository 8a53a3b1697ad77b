"""A plan for people: the scenes with their lengths, and what of the source is not in the video."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.json_format import Parse
from rich.table import Table
from rich.text import Text

from orchestrator.cli.plan_footage import show_footage
from orchestrator.cli.terminal import Terminal, clean, counted, write
from orchestrator.job import in_scenes
from orchestrator.publication import coverage_counts
from orchestrator.settings import CommandSettings
from services.chassis.settings import load
from services.story.source_place import place_from_proto
from storyreel.job.v1 import job_pb2
from storyreel.parsing.v1 import storyboard_pb2


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
        length = f"{scene.estimated_duration.ToTimedelta().total_seconds():.0f} s"
        cells = (scene.id, scene_type(scene.type), length, scene.narration)
        table.add_row(*(Text(clean(cell)) for cell in cells))
    console.print(table)
    wishing = [scene for scene in plan.scenes if scene.HasField("footage")]
    show_footage(console, wishing, plan.footage_duration.ToTimedelta().total_seconds())
    blocks = plan.coverage.blocks
    counts = coverage_counts(blocks)
    minutes, seconds = divmod(round(plan.estimated_duration.ToTimedelta().total_seconds()), 60)
    said = f"{counts.narrated} narrated, {counts.shown} shown, {counts.dropped} dropped"
    scenes = counted(len(plan.scenes), "scene")
    console.print(f"\n{scenes}, about {minutes}:{seconds:02d}. Blocks of the source: {said}.")
    if plan.voice:
        console.print(Text(clean(f"Voice: {plan.voice}")))
    for block in blocks:
        if block.outcome == job_pb2.OUTCOME_DROPPED:
            place = place_from_proto(block.place)
            line = f"  {place}: {block_kind(block.kind)} dropped: {block.reason}"
            console.print(Text(clean(line), style="yellow"))
    for lacking in _lacking(block for block in blocks if block.outcome != job_pb2.OUTCOME_DROPPED):
        console.print(Text(clean(f"  fonts: {lacking}"), style="yellow"))


def scene_type(kind: storyboard_pb2.SceneType.ValueType) -> str:
    """A card's type as people read it: `list`."""
    return storyboard_pb2.SceneType.Name(kind).removeprefix("SCENE_TYPE_").lower()


def block_kind(kind: storyboard_pb2.BlockKind.ValueType) -> str:
    """What a block is, as people read it: `table_row`."""
    return storyboard_pb2.BlockKind.Name(kind).removeprefix("BLOCK_KIND_").lower()


def _lacking(blocks: Iterable[job_pb2.CoveredBlock]) -> list[str]:
    """What no font of this machine has and in which scenes; a server's fonts are not asked for."""
    if load(CommandSettings).address:
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
