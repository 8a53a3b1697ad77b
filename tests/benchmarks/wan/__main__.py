"""Measures Wan2.2 on a GPU, plain diffusers and ours side by side, without weights and without network.

Models of the true architecture are drawn at random on the device. `--tiny --device cpu` runs everything with
toys, in under a minute, to see that it runs. It needs torch for CUDA and the other packages of
storyreel[diffusers], pydantic and PyAV among them. An H200 has time for these, seven to nine minutes each; a
case that has begun is not broken off, so leave it a minute:

    python -m tests.benchmarks.wan --suite 5b --budget 480 --out 5b.json
    python -m tests.benchmarks.wan --suite a14b-480p --budget 480 --out 480p.json
    python -m tests.benchmarks.wan --suite a14b-720p --experts 1 --budget 480 --out 720p.json
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from services.generation.wan import device as devices
from services.generation.wan.wire import Machine
from tests.benchmarks.wan import check, ladder, machine, pictures, roof, verdict
from tests.benchmarks.wan.run import Run
from tests.benchmarks.wan.rungs import RUNGS, chosen
from tests.benchmarks.wan.workloads import CLIPS, workload

SUITES = ("roof", "5b", "a14b-480p", "a14b-720p", "vae", "check", "all")
STEPS, STEPS_OF_720P = 4, 2
"""Measured on each rung: a step of an A14B at 720p takes twenty seconds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the results as Markdown, and write them; errors of a case are rows."""
    asked = _parsed(arguments)
    device = devices.chosen(Machine(device=asked.device))
    run = Run(device, budget=asked.budget, out=asked.out, tiny=asked.tiny)
    about = machine.facts(device)
    run.results |= {"machine": about, "suite": asked.suite, "tiny": asked.tiny}
    run.write()
    try:
        with torch.no_grad():
            measure(run, asked)
    finally:
        # What was measured before an interruption is judged too.
        names = verdict.workloads_of(asked.suite)
        goals, said = verdict.judge(run, names), verdict.figures(run, about, names)
        run.results |= {"goals": goals, "figures": said, "rates": asdict(run.rates)}
        run.write()
        page = verdict.markdown(about, goals, run.rows, said)
        if asked.out is not None:
            asked.out.with_suffix(".md").write_text(page)
        print("\n" + page, flush=True)
    return 0


def measure(run: Run, asked: argparse.Namespace) -> None:
    """Run the cases of a suite; each brings the ceiling it is judged by."""
    everything = asked.suite == "all"
    if everything or asked.suite in ("roof", *CLIPS):
        roof.measure(run)
    for name in CLIPS:
        work = workload(name, tiny=asked.tiny, experts=asked.experts)
        rungs = chosen(asked.rungs, work.plan.model)
        if name == asked.suite or everything:
            steps = asked.steps or (STEPS_OF_720P if name == "a14b-720p" else STEPS)
            ladder.climb(run, work, rungs, steps=steps)
        if name == asked.suite or everything or asked.suite == "vae":
            pictures.measure(run, work)
        # Last, for it compiles once more; both A14B are the same layers.
        if name != "a14b-720p" and (name == asked.suite or everything or asked.suite == "check"):
            check.measure(run, work, rungs)


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    names = [rung.name for rung in RUNGS]
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.wan", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--suite", choices=SUITES, default="all", help="what to measure (default: all)")
    parser.add_argument(
        "--budget", type=float, default=3600, help="seconds; what would take longer is skipped"
    )
    parser.add_argument("--rungs", type=_names, default=(), help=f"some of {','.join(names)}")
    parser.add_argument(
        "--steps", type=int, help="denoising steps measured on each rung (default: 4; 720p: 2)"
    )
    parser.add_argument("--experts", type=int, choices=(1, 2), default=2, help="of an A14B (default: 2)")
    parser.add_argument("--out", type=Path, help="a JSON file for the results; a page of them goes beside it")
    parser.add_argument(
        "--device", default="auto", help="torch's name of it (default: the GPU if there is one)"
    )
    parser.add_argument(
        "--tiny", action="store_true", help="toys: everything runs anywhere, nothing is judged"
    )
    asked = parser.parse_args(arguments)
    if unknown := [name for name in asked.rungs if name not in names]:
        parser.error(f"there is no rung {unknown[0]!r}; there are {', '.join(names)}")
    if asked.steps is not None and asked.steps < 1:
        parser.error(f"--steps is {asked.steps}; it must be at least 1")
    return asked


def _names(value: str) -> tuple[str, ...]:
    return tuple(name for name in value.split(",") if name)


if __name__ == "__main__":
    raise SystemExit(main())
