"""What was measured against the goals, in one table, and the figures that could be quoted."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.wan.run import Row, Run
from tests.benchmarks.wan.rungs import RUNGS
from tests.benchmarks.wan.workloads import CLIPS, workload

GOALS: dict[str, dict[str, tuple[float, float | None]]] = {
    "5b": {"exact": (80, 65.4), "fp8": (65, 50), "distilled": (9, 5.2), "vae": (5, 2.5)},
    "a14b-480p": {"exact": (205, 170), "fp8": (165, 130), "distilled": (10, 6.9)},
    "a14b-720p": {"exact": (800, 661), "fp8": (720, 569)},
}
"""Seconds on one H200, at most, and what no H200 goes below, at a burst of 790 TFLOP/s, in fp8 twice that.
`exact` and `fp8` are all steps of a clip without decoder, `distilled` is a whole clip, `vae` its decoder."""
FASTER, FASTER_THAN_FLASH = 1.4, 1.75
"""Times plain diffusers in the same run, at least; the second where its kernel was FlashAttention 2."""
SHARE = 0.85
"""Of the sustained bf16 product that the exact form reaches, at least."""
WHAT = {
    "exact": "all steps, exact bf16, s",
    "fp8": "all steps, fp8 linears, s",
    "distilled": "4 steps, whole clip, s",
    "vae": "VAE decode, s",
}


def judge(run: Run, names: list[str]) -> list[Row]:
    """Each goal of some workloads beside what was measured; toys are never judged."""
    table = []
    for name in names:
        best, ratio, share = _best(run, name), None, None
        plain, roof = run.row(f"{name}-plain"), run.row("roof-gemm")
        if best and plain:
            ratio = round(plain["clip_seconds"] / best["clip_seconds"], 2)
        if best and roof.get("tflops"):
            share = round(best["tflops"] / roof["tflops"], 3)
        measured = {
            "exact": best.get("clip_seconds"),
            "fp8": run.row(f"{name}-fp8").get("clip_seconds"),
            "distilled": run.row(f"{name}-distilled").get("seconds"),
            "vae": _fastest_decode(run, name).get("seconds"),
        }
        for what, (goal, limit) in GOALS[name].items():
            table.append(_line(run, name, WHAT[what], measured[what], goal, limit, most=True))
        times = FASTER_THAN_FLASH if plain.get("kernel") == "FLASH_ATTENTION" else FASTER
        table.append(_line(run, name, "times plain diffusers", ratio, times, None, most=False))
        table.append(_line(run, name, "of the sustained product", share, SHARE, 1.0, most=False))
    return table


def figures(run: Run, machine: dict[str, Any], names: list[str]) -> list[str]:
    """What the README could say, each with what it rests on."""
    if run.tiny or run.device.type != "cuda":
        return ["None: figures are quoted from whole models on a GPU only."]
    said = []
    for name in names:
        plan = workload(name).plan
        clip = f"{plan.model} {plan.width}x{plan.height}, {plan.frames} frames"
        best, plain, whole = _best(run, name), run.row(f"{name}-plain"), run.row(f"{name}-distilled")
        if best:
            against = f", plain diffusers {plain['clip_seconds']:.0f} s" if plain else ""
            some = len(best["steps_measured"])
            said.append(
                f"{clip}: {plan.steps} steps in {best['clip_seconds']:.0f} s, exact{against} "
                f"({some} of {plan.steps} steps measured, without text and decoder)"
            )
            said.append(f"{clip}: {_memory(best)} while denoising")
        if fp8 := run.row(f"{name}-fp8"):
            said.append(f"{clip}: {plan.steps} steps in {fp8['clip_seconds']:.0f} s with fp8, approximate")
        if whole:
            said.append(f"{clip}: a whole clip of 4 steps in {whole['seconds']:.1f} s; {_memory(whole)}")
        if decoded := _fastest_decode(run, name):
            said.append(f"{clip}: decoded in {decoded['seconds']:.1f} s; {_memory(decoded)}")
    where = (
        f"On one {machine['device']}, driver {machine['driver']}, torch {machine['torch']}, drawn weights:"
    )
    return [where, *said] if said else ["None: nothing that could be quoted was measured."]


def markdown(machine: dict[str, Any], goals: list[Row], rows: list[Row], said: list[str]) -> str:
    """All of it as a page."""
    parts = ["# Wan2.2 on " + str(machine["device"])]
    parts.append("\n".join(f"- {name}: {value}" for name, value in machine.items()))
    if goals:
        parts.append("## Goals\n\n" + _table(goals, list(goals[0])))
    columns = [
        "case",
        "step_seconds",
        "clip_seconds",
        "seconds",
        "milliseconds",
        "forecast_seconds",
        "tflops",
    ]
    columns += ["error", "from_plain", "forecast_gb", "peak_gb", "kernel", "note"]
    parts.append("## Measured\n\n" + _table([row | {"note": _note(row)} for row in rows], columns))
    rungs = "\n".join(f"- `{rung.name}`: {rung.says}" for rung in RUNGS)
    parts.append(f"## Rungs, each on top of those before\n\n{rungs}")
    parts.append("## What the README could say\n\n" + "\n".join(f"- {line}" for line in said))
    return "\n\n".join(parts) + "\n"


def workloads_of(suite: str) -> list[str]:
    """The clips of a suite, for the goals."""
    return [suite] if suite in CLIPS else list(CLIPS) if suite in ("all", "vae") else []


def _best(run: Run, name: str) -> Row:
    """The product's own form, else the fastest exact one; an empty row when none was measured."""
    if ours := run.row(f"{name}-storyreel"):
        return ours
    rows = [run.row(f"{name}-{rung.name}") for rung in RUNGS if rung.exact]
    return min((row for row in rows if row), key=lambda row: row["clip_seconds"], default={})


def _fastest_decode(run: Run, name: str) -> Row:
    rows = [row for row in run.rows if row["case"].startswith(f"vae-{name}-") and "seconds" in row]
    return min(rows, key=lambda row: row["seconds"], default={})


def _line(
    run: Run, name: str, what: str, measured: float | None, goal: float, limit: float | None, *, most: bool
) -> Row:
    if run.tiny:
        verdict = "a toy"
    elif measured is None:
        verdict = "not measured"
    else:
        verdict = "met" if (measured <= goal if most else measured >= goal) else "MISSED"
    bound = "≤" if most else "≥"
    return {
        "workload": name,
        "what": what,
        "measured": measured,
        "goal": f"{bound} {goal:g}",
        "limit": limit,
        "verdict": verdict,
    }


def _memory(row: Row) -> str:
    off = row["peak_gb"] / row["forecast_gb"] - 1
    return f"{row['peak_gb']:.1f} GB at the peak, {off:+.0%} of the forecast {row['forecast_gb']:.1f}"


def _note(row: Row) -> str:
    if "skipped" in row:
        return f"skipped: {row['skipped']}"
    return f"{row['failed']}: {row['message']}" if "failed" in row else ""


def _table(rows: list[Row], columns: list[str]) -> str:
    def cell(row: Row, column: str) -> str:
        value = row.get(column)
        return "" if value is None else str(value).replace("|", "/")

    lines = [columns, ["---"] * len(columns), *([cell(row, column) for column in columns] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
