"""One model made faster rung by rung: each rung keeps what the ones before it did, and is measured."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from services.generation.footage.forecast import forecast, forward_seconds, vae_flop
from services.generation.footage.plan import Forecast, NativePlan
from services.generation.wan import decode, denoise
from services.generation.wan import device as devices
from services.generation.wan.cancellation import Gates
from services.generation.wan.forms import attention, channels
from services.generation.wan.models import Model
from services.media.conform import Frame
from tests.benchmarks.wan.run import Row, Run, Stamp, gb, memory, relative
from tests.benchmarks.wan.rungs import Rung, compiled_or_raise, prepare
from tests.benchmarks.wan.workloads import Workload, model, noise, text

COMPILE_SECONDS = 90.0
"""What compiling one block takes at most, an estimate; the others are the same graph."""
ALLOWANCE = 1.3
"""On top of what a rung is expected to take."""


@dataclass(slots=True)
class Climb:
    """A model on its way up.

    Args:
        run: Where the rows go.
        work: What is made, and what the model is run with on the last rung that worked.
        steps: Denoising steps that are measured on each rung.
        model: As the rungs so far have left it.
        step_seconds: Of the rung before; 0 at first.
        plain: The latents of the first rung, to tell how far the others are from them.
    """

    run: Run
    work: Workload
    steps: int
    model: Model
    gates: Gates = field(init=False)
    step_seconds: float = 0.0
    plain: torch.Tensor | None = None

    def __post_init__(self) -> None:
        self.gates = Gates(self.run.device)


def climb(run: Run, work: Workload, rungs: Sequence[Rung], *, steps: int) -> None:
    """Measure a model on each of some rungs; one that fails is a row, and the next one goes on without it."""
    made: list[Climb] = []

    def build() -> Row:
        begins = time.perf_counter()
        made.append(Climb(run, work, steps, model(work, run.device)))
        experts = made[0].model.experts
        weights = sum(tensor.nbytes for expert in experts for tensor in expert.parameters())
        parameters = sum(tensor.numel() for tensor in experts[0].parameters())
        took = round(time.perf_counter() - begins, 1)
        return {"seconds": took, "experts": len(experts), "weights_gb": gb(weights), "parameters": parameters}

    attention.prefer_any()
    if not run.attempt(f"{work.name}-build", build, needs=0 if work.tiny else 20):
        return
    at = made[0]
    try:
        for rung in rungs:
            _take(at, rung)
    finally:
        attention.prefer_any()
        torch.compiler.reset()


def _take(at: Climb, rung: Rung) -> None:
    """Put the model on a rung and measure it there; take back what did not work, if it can be."""

    def measured() -> Row:
        begins = time.perf_counter()
        if rung.loaded is not None:
            # The one before leaves first: there may be no room for both.
            at.model.parts.clear()
            at.model.compilation = None
            devices.give_back(at.run.device)
            at.model = model(at.work, at.run.device)
            prepare(at.model, rung.loaded, gates=at.gates)
        rung.change(at.model)
        if rung.gated:
            for expert in at.model.experts:
                at.gates.into(iter(expert.blocks))
        plan, numbers = rung.replan(at.work.plan), rung.renumber(at.work.numbers)
        standing = replace(at.work, plan=plan, numbers=numbers)
        _warm(at, standing)
        compiled_or_raise(at.model)
        warm = round(time.perf_counter() - begins, 1)
        figures = _whole_clip(at, standing) if rung.whole_clip else _some_steps(at, standing)
        at.work = standing
        kernel = attention.kernel(at.run.device, width=numbers.transformer.head_width)
        return {"exact": rung.exact, "kernel": kernel, "warm_seconds": warm} | figures

    if not at.run.attempt(f"{at.work.name}-{rung.name}", measured, needs=_needs(at, rung)):
        rung.undo(at.model)


def _needs(at: Climb, rung: Rung) -> float:
    """Seconds that a rung is expected to take: as the one before, or as forecast."""
    if at.run.tiny:
        return 0.0
    plan, numbers = rung.replan(at.work.plan), rung.renumber(at.work.numbers)
    forward = forward_seconds(plan, numbers, at.run.rates)
    each = (2 if plan.guidance > 1 else 1) * forward
    if at.step_seconds:
        each = at.step_seconds * (1 if at.work.plan.guidance == plan.guidance else 0.5)
    steps = plan.steps if rung.whole_clip else at.steps
    decoding = vae_flop(plan, numbers, tiled=False) / at.run.rates.vae_16 if rung.whole_clip else 0.0
    compiling = COMPILE_SECONDS if rung.compiles and at.run.device.type == "cuda" else 0.0
    return ALLOWANCE * (steps * each + numbers.experts * forward + decoding) + compiling


def _warm(at: Climb, work: Workload) -> None:
    """One forward of each expert, which is also when its blocks are compiled."""
    device, tokens = at.run.device, work.tokens
    latents = noise(work.latents, device, seed=11).bfloat16()
    # As the pipelines give it: to the 5B for every token, unless it is told once.
    each = at.model.per_token and not at.model.forms.one_time
    times = torch.full((1, tokens) if each else (1,), 900.0, device=device)
    with torch.no_grad():
        for expert in at.model.experts:
            prompt = text(work, device).prompt
            expert(hidden_states=latents, timestep=times, encoder_hidden_states=prompt, return_dict=False)
    at.gates.settle()


def _some_steps(at: Climb, work: Workload) -> Row:
    devices.start_measuring(at.run.device)
    took, latents = _denoise(at, replace(work.plan, steps=at.steps))
    # The first step waits for what a pipeline sets up; it counts only where there are few.
    step = statistics.median(took[1:] if len(took) > 2 else took)
    if at.plain is None:
        at.plain = latents
    forwards = 2 if work.plan.guidance > 1 else 1
    same = work.plan.guidance == at.work.plan.guidance
    at.step_seconds = step
    needs = _forecast(at, work)
    expected = work.plan.steps * forwards * forward_seconds(work.plan, work.numbers, at.run.rates)
    return {
        "step_seconds": round(step, 4),
        "steps_measured": [round(seconds, 4) for seconds in took],
        "forwards_a_step": forwards,
        "tflops": round(forwards * work.flop / step / 1e12, 1),
        "clip_steps": work.plan.steps,
        "clip_seconds": round(step * work.plan.steps, 2),
        "forecast_seconds": round(expected, 2),
        "from_plain": relative(latents, at.plain) if same else None,
        "forecast_gb": gb(needs.denoise_bytes),
        **memory(at.run.device),
    }


def _whole_clip(at: Climb, work: Workload) -> Row:
    """From the read prompt to the bytes of every frame on the host, all steps and the decoder."""
    vae, device = at.model.parts["vae"], at.run.device
    channels.put_last(vae)
    few = noise((*work.latents[:2], 3, *work.latents[3:]), device, seed=13)
    _decode(at, few)
    devices.give_back(device)
    devices.start_measuring(device)
    begins = Stamp(device)
    took, latents = _denoise(at, work.plan)
    denoised = Stamp(device)
    frames = _decode(at, latents)
    ends = Stamp(device)
    needs = _forecast(at, work)
    return {
        "seconds": round(ends.seconds_since(begins), 3),
        "denoise_seconds": round(denoised.seconds_since(begins), 3),
        "decode_seconds": round(ends.seconds_since(denoised), 3),
        "steps_measured": [round(seconds, 4) for seconds in took],
        "frames": list(frames.shape),
        "forecast_seconds": round(needs.seconds, 2),
        "forecast_gb": gb(needs.peak_bytes),
        **memory(device),
    }


def _decode(at: Climb, latents: torch.Tensor) -> Any:
    """Frames, as the worker decodes them."""
    taken: list[Frame] = []
    decode.stream(
        at.model.parts["vae"],
        latents,
        taken.append,
        frames=4 * latents.shape[2] - 3,
        tiled=False,
        gates=at.gates,
        tell=lambda done, of: None,
    )
    return np.stack(taken)


def _forecast(at: Climb, work: Workload) -> Forecast:
    return forecast(work.plan, rates=at.run.rates, architecture=work.numbers, loaded=True)


def _denoise(at: Climb, plan: NativePlan) -> tuple[list[float], torch.Tensor]:
    """The steps of a plan, as the worker runs them; how long each took, and the latents."""
    device = at.run.device
    pipeline = at.model.pipeline(plan, image=False)
    stamps: list[Stamp] = []

    def begin(*_: object) -> None:
        if not stamps:
            stamps.append(Stamp(device))

    with ExitStack() as after:
        after.callback(denoise.settle_down, pipeline, at.model)
        for expert in at.model.experts:
            after.callback(expert.register_forward_pre_hook(begin).remove)
        latents = denoise.latents(
            pipeline,
            plan,
            text(at.work, device, guided=plan.guidance > 1),
            image=None,
            last_image=None,
            tiled=False,
            gates=at.gates,
            tell=lambda done, of: stamps.append(Stamp(device)),
        )
    return [later.seconds_since(earlier) for earlier, later in pairwise(stamps)], latents
