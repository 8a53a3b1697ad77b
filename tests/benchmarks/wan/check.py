"""How far each faster form is from 32 bits, on two true layers and few tokens."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from services.generation.wan.cancellation import Gates
from services.generation.wan.forms import attention
from services.generation.wan.models import Model
from tests.benchmarks.wan.run import Row, Run, relative
from tests.benchmarks.wan.rungs import Rung, compiled_or_raise, prepare
from tests.benchmarks.wan.workloads import Workload, noise, text, transformer

LAYERS = 2
SIZE, FRAMES = (640, 352), 17
"""Of the clip: 1,100 tokens in the 5B, 4,400 in an A14B."""
GATE = 1.0
"""Added to the gates of both branches: they are drawn near 0, and would hide a branch's error."""


def measure(run: Run, work: Workload, rungs: Sequence[Rung]) -> None:
    """One row for each form, all forms before it included, as on the ladder."""
    net = replace(work.numbers.transformer, blocks=LAYERS)
    small = replace(work, numbers=replace(work.numbers, transformer=net))
    if not work.tiny:
        small = replace(small, plan=replace(work.plan, width=SIZE[0], height=SIZE[1], frames=FRAMES))
    case, standing, expected = f"check-{work.plan.model}", [], []

    def plain() -> Row:
        model = _drawn(small, run.device)
        expected.append(_made(copy.deepcopy(model.experts[0]).float(), small, torch.float32))
        standing.append((model, small))
        return {"tokens": small.tokens, "error": relative(_made(model.experts[0], small), expected[0])}

    def changed(rung: Rung) -> Row:
        model, work = standing[0]
        if rung.loaded is not None:
            model = _drawn(small, run.device)
            prepare(model, rung.loaded, gates=Gates(run.device))
        rung.change(model)
        work = replace(work, numbers=rung.renumber(work.numbers))
        made = _made(model.experts[0], work)
        compiled_or_raise(model)
        standing[0] = model, work
        return {"exact": rung.exact, "error": relative(made, expected[0])}

    attention.prefer_any()
    try:
        if not run.attempt(f"{case}-plain", plain, needs=0 if run.tiny else 10):
            return
        for rung in rungs:
            # What changes the plan alone changes no layer.
            needs = 0 if run.tiny else 45 if rung.compiles else 5
            if rung.changes and not run.attempt(f"{case}-{rung.name}", lambda: changed(rung), needs=needs):  # noqa: B023
                rung.undo(standing[0][0])
    finally:
        attention.prefer_any()
        torch.compiler.reset()


def _drawn(work: Workload, device: torch.device) -> Model:
    """A model of one expert, its decoder left out, its gates far open."""
    expert = transformer(work.numbers, device, seed=0)
    for block in expert.blocks:
        block.scale_shift_table[:, 2::3] += GATE
    return Model(Path(), {"transformer": expert, "vae": torch.nn.Module()}, work.numbers.per_token_time)


def _made(expert: torch.nn.Module, work: Workload, dtype: torch.dtype = torch.bfloat16) -> torch.Tensor:
    """What one forward makes of drawn latents."""
    device = next(expert.parameters()).device
    times = torch.full((1, work.tokens) if work.numbers.per_token_time else (1,), 700.0, device=device)
    latents, prompt = noise(work.latents, device, seed=5), text(work, device).prompt
    with torch.no_grad():
        made: torch.Tensor = expert(
            hidden_states=latents.bfloat16().to(dtype),
            timestep=times,
            encoder_hidden_states=prompt.to(dtype),
            return_dict=False,
        )[0]
    return made
