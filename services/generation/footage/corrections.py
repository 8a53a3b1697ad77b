"""What an invalid wish for footage could be instead: for each broken rule the nearest value that keeps it."""

from __future__ import annotations

from services.chassis.errors import Change, Suggestion, Violation
from services.generation.footage.modes import (
    GUIDANCE_RANGE,
    LIMITS,
    MODEL_OF,
    PROMPT_MOST,
    check,
    fitting,
    step_range,
)
from services.story.footage import Footage, Mode


def mends(footage: Footage, *, auto_optimise: bool = True) -> list[Suggestion]:
    """Ways to keep the rules that a wish breaks, in the order of the rules; none when it is valid."""
    found: list[Suggestion] = []
    for violation in check(footage, auto_optimise=auto_optimise):
        for suggestion in _mends(footage, violation):
            if suggestion not in found:
                found.append(suggestion)
    return found


def _mends(footage: Footage, violation: Violation) -> list[Suggestion]:
    model = _model(footage)
    match violation.field:
        case "last_image" if footage.image is None:
            return [Suggestion("Give a first image too, or leave the last one out.")]
        case "mode" | "model" | "image" | "last_image":
            return _fitting(footage)
        case "prompt" if not footage.prompt.strip():
            return [Suggestion("Say in a prompt what is to be seen."), *_fitting(footage)]
        case "prompt" | "negative_prompt":
            return [Suggestion(f"Shorten the {violation.field} to {PROMPT_MOST} characters and tokens.")]
        case "steps" if model:
            steps = step_range(model, footage)
            near = min(max(footage.steps, steps.least), steps.most)
            return [Suggestion(f"Take {near} steps.", [Change("steps", str(footage.steps), str(near))])]
        case "guidance" if footage.guidance == footage.guidance:
            near_guidance = min(max(footage.guidance, GUIDANCE_RANGE[0]), GUIDANCE_RANGE[1])
            change = Change("guidance", f"{footage.guidance:.4g}", f"{near_guidance:.4g}")
            return [Suggestion(f"Take a guidance of {near_guidance:g}.", [change])]
        case "resolution" if model and footage.resolution:
            largest = LIMITS[model].resolutions[-1]
            change = Change("resolution", footage.resolution, largest)
            return [Suggestion(f"Take {largest}.", [change]), *_larger_model(footage)]
        case "loras":
            return [Suggestion("Leave the LoRAs out."), *_larger_model(footage)]
        case "profile" | "quantization":
            change = Change("profile", footage.profile, "plain")
            if violation.field == "quantization":
                change = Change("quantization", footage.quantization, "none")
            return [Suggestion(f"Take the {change.field} {change.after}.", [change])]
    return [Suggestion(f"Correct {violation.field}: {violation.description}")]


def _model(footage: Footage) -> str:
    """The model that a wish would be made with; empty when that cannot be told."""
    if footage.model:
        return footage.model if footage.model in LIMITS else ""
    mode = footage.mode or fitting(footage)
    return MODEL_OF[mode] if mode else ""


def _fitting(footage: Footage) -> list[Suggestion]:
    """The mode that fits what is given."""
    mode = fitting(footage)
    if mode is None:
        return []
    changes = _moved(footage, mode)
    if footage.model and (footage.model not in LIMITS or mode not in LIMITS[footage.model].modes):
        changes.append(Change("model", footage.model, ""))
    return [Suggestion(f"Take the mode {mode}, which fits what is given.", changes)]


def _larger_model(footage: Footage) -> list[Suggestion]:
    """The mode with a model of 14 billion parameters, which takes what the 5B does not."""
    mode: Mode = "i2v" if footage.image is not None else "t2v"
    model = MODEL_OF[mode]
    changes = _moved(footage, mode)
    if footage.model:
        changes.append(Change("model", footage.model, model))
    return [Suggestion(f"Take the mode {mode} with {model}.", changes)]


def _moved(footage: Footage, mode: Mode) -> list[Change]:
    return [Change("mode", footage.mode or "", mode)] if footage.mode != mode else []
