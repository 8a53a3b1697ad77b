"""Warming up: each model that a setting names is loaded and run once before the service says it is ready."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from services.artifacts.store import Artifact
from services.chassis.errors import (
    Change,
    Configuration,
    Deadline,
    DeviceFault,
    DeviceMemory,
    GenerationFailed,
    ModelUnavailable,
    Suggestion,
)
from services.generation.footage.modes import LIMITS
from services.generation.footage.native import NATIVE
from services.generation.footage.plan import Device, NativePlan, Report
from services.generation.wan import wire
from services.generation.wan.preflights import Preflight
from services.media.clock import Rate
from services.media.picture import Picture
from services.models.files import ModelFiles
from services.story.footage import Footage

SETTING = "STORYREEL_GENERATION_WARM"
PROMPT = "A lighthouse above a calm sea at dawn."
STEPS = 2
BOUNDARY = 0.95
"""Between the noise of the two steps, so that of two experts each works in one: with the flow shifts of these
models the first step's is 1.00, the second's 0.92 or 0.83."""


def named(models: Sequence[str]) -> tuple[str, ...]:
    """The models of a setting, each once.

    Raises:
        Configuration: There is no model of a name; the error lists those that there are.
    """
    unknown = [model for model in models if model not in LIMITS]
    if unknown:
        raise Configuration(
            f"{SETTING} names {', '.join(name[:40] for name in unknown)}; there are {', '.join(LIMITS)}.",
            suggestions=[
                Suggestion(f"Set it to {name}.", [Change("warm", unknown[0][:40], name)]) for name in LIMITS
            ],
            metadata={"setting": SETTING, "value": ",".join(models)[:200]},
        )
    return tuple(dict.fromkeys(models))


async def warm_up(
    model: str,
    models: ModelFiles,
    preflight: Preflight,
    machine: wire.Machine,
    *,
    look: Callable[[], Awaitable[tuple[Device, tuple[str, ...]]]],
    run: Callable[[wire.Task], Awaitable[wire.Answer]],
) -> None:
    """Load a model and make a short clip with it, which nobody sees; what it takes makes forecasts better.

    Args:
        model: One of those there are.
        models: The models' files.
        preflight: Asked before, told after.
        machine: What it is run on.
        look: Tells the device as it is, and the models in its memory.
        run: Has a clip made.

    Raises:
        Configuration: The model is not there, does not fit the device, or fails.
        ChildDied: The process died of it.
    """
    if why := await asyncio.to_thread(models.missing, model):
        raise _refused(model, f"is not there or not whole: {why[0][:160]}", fetch=True)
    with tempfile.TemporaryDirectory(prefix="warm-") as name:
        # A model that is compiled takes its time once; the clip after it shows what the others will take.
        for again in (False, True):
            device, loaded = await look()
            if again and not (machine.compiled and device.kind == "cuda"):
                break
            image = await asyncio.to_thread(_image, model, Path(name))
            found = await asyncio.to_thread(_look, preflight, model, device, loaded, image)
            if found.plan is None or found.blocking:
                told = " ".join(finding.message for finding in found.blocking) or "It has no plan."
                raise _refused(model, f"cannot be run here. {told}")
            plan = shortened(found.plan)
            try:
                answer = await run(_task(machine, plan, found, models.path(model), Path(name), image))
            except (DeviceMemory, DeviceFault, ModelUnavailable, GenerationFailed, Deadline) as error:
                if "luma_mean" in error.metadata:
                    return  # two steps are too few for a picture, and it ran
                raise _refused(model, f"could not be run: {error.message}") from error
            await asyncio.to_thread(
                preflight.learn,
                plan,
                answer.placement,
                answer.peak_bytes,
                device,
                seconds=answer.seconds if answer.placement == found.placement else {},
                loaded=model in loaded,
            )


def shortened(plan: NativePlan) -> NativePlan:
    """A plan with as few steps as use all that the model has."""
    return replace(plan, steps=STEPS, boundary=None if plan.boundary is None else BOUNDARY)


def _image(model: str, folder: Path) -> Path | None:
    """An image, where the model needs one."""
    if LIMITS[model].mode != "i2v":
        return None
    path = folder / "image.png"
    Image.effect_noise((832, 480), 64).convert("RGB").save(path, "PNG")
    return path


def _look(
    preflight: Preflight, model: str, device: Device, loaded: Collection[str], image: Path | None
) -> Report:
    """What a clip of a model's own length and default size comes to."""
    given = None
    if image is not None:
        data = image.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        given = Artifact.of("local", digest, size_bytes=len(data), media_type="image/png")
    prompt = "" if image is not None else PROMPT
    wish = Footage(prompt=prompt, model=model, mode=None if image is not None else "t2v", image=given)
    native = NATIVE[model]
    picture = Picture(1280, 720, Rate(native.rate))
    return preflight.look(wish, frames=native.frames, picture=picture, device=device, loaded=loaded)


def _task(
    machine: wire.Machine, plan: NativePlan, found: Report, model: Path, folder: Path, image: Path | None
) -> wire.Task:
    return wire.Task(
        machine=machine,
        plan=plan,
        folder=model,
        picture=Picture(plan.width, plan.height, Rate(plan.rate)),
        frames=plan.frames,
        path=folder / "clip.mp4",
        cancel=folder / "cancel",
        image=image,
        placement=found.placement,
        needs_bytes=found.forecast.peak_bytes if found.forecast else 0,
    )


def _refused(model: str, why: str, *, fetch: bool = False) -> Configuration:
    """The error of a model that cannot be warmed up, with what would help."""
    how = f"Run `storyreel models fetch {model}`."
    return Configuration(
        f"{SETTING} names {model}, which {why}{f' {how}' if fetch else ''}",
        suggestions=[
            *([Suggestion(how)] if fetch else []),
            Suggestion(f"Take {model} out of {SETTING}."),
        ],
        metadata={"setting": SETTING, "value": model},
    )
