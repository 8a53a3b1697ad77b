"""Which mode and model a wish for footage comes to, and what each of them allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.chassis.errors import InvalidRequest, Violation
from services.story.footage import Footage, Mode, Resolution

RESOLUTIONS: tuple[Resolution, ...] = ("480p", "720p", "1080p")
"""From the smallest to the largest."""

PROMPT_MOST = 512
"""Characters of a prompt, and tokens of it: what is longer the text encoder would cut without a word."""

GUIDANCE_RANGE = (1.0, 20.0)
SEED_MOST = 2**32 - 1
LORAS_MOST = 4
LORA_SCALE_MOST = 4.0


@dataclass(frozen=True, slots=True)
class StepRange:
    """Denoising steps: the fewest, the most, and how many when none are asked for."""

    least: int
    most: int
    default: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What a model allows.

    Args:
        mode: The mode it is the default of.
        modes: All modes it can do.
        steps: Steps that may be asked for.
        worth: The fewest and the most steps that are worth their time; the optimiser keeps to them.
        resolutions: Those that may be asked for.
        strength_most: The strongest image; None where there is no such limit.
        loras: It takes LoRAs.
        experts: Its transformers, of which each can have LoRAs of its own.
        raises_steps: Steps below the range are raised, rather than refused, when the optimiser may.
    """

    mode: Mode
    modes: tuple[Mode, ...]
    steps: StepRange
    worth: tuple[int, int]
    resolutions: tuple[Resolution, ...]
    strength_most: float | None = None
    loras: bool = True
    experts: int = 2
    raises_steps: bool = False


LIMITS: dict[str, Limits] = {
    "t2v-A14B": Limits("t2v", ("t2v",), StepRange(30, 100, 50), (30, 100), RESOLUTIONS, raises_steps=True),
    "i2v-A14B": Limits(
        "i2v", ("i2v", "ti2v"), StepRange(20, 80, 40), (20, 60), RESOLUTIONS, strength_most=0.8
    ),
    "ti2v-5B": Limits(
        "ti2v", ("ti2v", "t2v"), StepRange(15, 60, 30), (15, 40), ("480p", "720p"), loras=False, experts=1
    ),
}
"""The public table, by model; what a model is really run with is planned after it."""

DISTILLED_STEPS = StepRange(4, 8, 4)
"""Of the profile `distilled`: its LoRAs are made for four steps, whatever the model."""

MODEL_OF: dict[Mode, str] = {limits.mode: model for model, limits in LIMITS.items()}
"""The model that a mode takes when none is named."""


def fitting(footage: Footage) -> Mode | None:
    """The mode that fits what is given; None when neither a prompt nor an image is.

    A last image makes it i2v even with a prompt: no other mode ends where it is told to.
    """
    prompt = bool(footage.prompt.strip())
    if footage.image is not None:
        return "ti2v" if prompt and footage.last_image is None else "i2v"
    return "t2v" if prompt else None


def route(footage: Footage) -> tuple[Mode, str]:
    """The mode and the model of a wish: those that are named, else those that fit what is given.

    Raises:
        InvalidRequest: What the mode needs is not given; the violations say what, and which mode would fit.
    """
    mode, model, violations = _routed(footage)
    if mode is None or violations:
        raise invalid(violations)
    return mode, model


def _routed(footage: Footage) -> tuple[Mode | None, str, list[Violation]]:
    if footage.model and footage.model not in LIMITS:
        names = ", ".join(LIMITS)
        return None, "", [Violation("model", f"There is no model {footage.model[:40]!r}; there are {names}.")]
    mode = footage.mode or _mode_on(footage.model, footage)
    if mode is None:
        return (
            None,
            "",
            [Violation("prompt", "Nothing says what is to be seen: give a prompt, an image, or both.")],
        )
    model = footage.model or MODEL_OF[mode]
    violations = _missing(mode, footage)
    if mode not in LIMITS[model].modes:
        text = f"The model {model} cannot do {mode}; {MODEL_OF[mode]} can."
        violations.insert(0, Violation("model", text))
    return mode, model, violations


def _mode_on(model: str, footage: Footage) -> Mode | None:
    """The mode of a wish that names none."""
    if not model:
        return fitting(footage)
    if model == "ti2v-5B" and fitting(footage) == "t2v":
        return "t2v"
    return LIMITS[model].mode


def _missing(mode: Mode, footage: Footage) -> list[Violation]:
    """What a mode needs and does not get, or gets and does not take."""
    fits = fitting(footage)
    instead = f" For what is given the mode {fits} would fit." if fits and fits != mode else ""
    found = []
    if mode in ("t2v", "ti2v") and not footage.prompt.strip():
        found.append(Violation("prompt", f"The mode {mode} needs a prompt, and there is none.{instead}"))
    if mode in ("i2v", "ti2v") and footage.image is None:
        found.append(Violation("image", f"The mode {mode} needs an image, and there is none.{instead}"))
    if mode == "t2v" and footage.image is not None:
        found.append(Violation("image", f"The mode t2v takes no image.{instead}"))
    if footage.last_image is not None and (mode != "i2v" or footage.image is None):
        text = "A last image needs the mode i2v and a first image."
        found.append(Violation("last_image", text))
    return found


def step_range(model: str, footage: Footage) -> StepRange:
    """The steps that a wish may have on a model."""
    return DISTILLED_STEPS if footage.profile == "distilled" else LIMITS[model].steps


def check(
    footage: Footage,
    *,
    count_tokens: Callable[[str], int] | None = None,
    auto_optimise: bool = True,
    prompt_most: int = PROMPT_MOST,
) -> list[Violation]:
    """Every rule that a wish breaks; none when it can be made.

    Args:
        footage: The wish.
        count_tokens: The model's tokenizer: how many tokens a text is. Without it only characters count.
        auto_optimise: The optimiser may mend what it can; else that is broken too.
        prompt_most: Characters of a prompt.
    """
    mode, model, found = _routed(footage)
    found += _check_prompts(footage, count_tokens, prompt_most)
    found += _check_values(footage)
    if mode is not None:
        found += _check_limits(footage, model, auto_optimise)
    return found


def _check_prompts(footage: Footage, count_tokens: Callable[[str], int] | None, most: int) -> list[Violation]:
    found = []
    for field, text in (("prompt", footage.prompt), ("negative_prompt", footage.negative_prompt)):
        if len(text) > most:
            found.append(Violation(field, f"It has {len(text)} characters; at most {most} are read."))
        elif count_tokens is not None and (tokens := count_tokens(text)) > PROMPT_MOST:
            found.append(
                Violation(field, f"It is {tokens} of the model's tokens; at most {PROMPT_MOST} are read.")
            )
    return found


def _check_values(footage: Footage) -> list[Violation]:
    """What no model allows. Comparisons are written so that a value that is not a number breaks them."""
    found = []
    least, most = GUIDANCE_RANGE
    if footage.guidance != 0 and not least <= footage.guidance <= most:
        text = f"{footage.guidance:g} is outside {least:g} to {most:g}; 0 takes the model's default."
        found.append(Violation("guidance", text))
    if footage.strength is not None and not 0 <= footage.strength <= 1:
        found.append(Violation("strength", f"{footage.strength:g} is outside 0 to 1."))
    if footage.seed is not None and not 0 <= footage.seed <= SEED_MOST:
        found.append(Violation("seed", f"{footage.seed} is outside 0 to {SEED_MOST}."))
    if len(footage.loras) > LORAS_MOST:
        found.append(
            Violation("loras", f"There are {len(footage.loras)}; at most {LORAS_MOST} act together.")
        )
    for number, lora in enumerate(footage.loras[:LORAS_MOST]):
        if not 0 < lora.scale <= LORA_SCALE_MOST:
            text = f"{lora.scale:g} is not above 0 and at most {LORA_SCALE_MOST:g}."
            found.append(Violation(f"loras[{number}].scale", text))
    if footage.floor.exact and (footage.quantization != "none" or footage.profile == "distilled"):
        field = "quantization" if footage.quantization != "none" else "profile"
        text = f"{getattr(footage, field)} is approximate, and floor.exact allows nothing approximate."
        found.append(Violation(field, text))
    return found


def _check_limits(footage: Footage, model: str, auto_optimise: bool) -> list[Violation]:
    """What the model does not allow."""
    limits, steps = LIMITS[model], step_range(model, footage)
    mends = auto_optimise and footage.profile == "plain"
    raised = mends and limits.raises_steps and "steps" not in footage.pinned
    found = []
    if footage.steps and not (0 if raised else steps.least) <= footage.steps <= steps.most:
        text = f"{footage.steps} is outside {steps.least} to {steps.most} for {_whom(model, footage)}."
        found.append(Violation("steps", text))
    if footage.resolution is not None and footage.resolution not in limits.resolutions:
        text = f"{model} makes {' or '.join(limits.resolutions)}, not {footage.resolution}."
        found.append(Violation("resolution", text + _elsewhere(footage, footage.resolution)))
    most = limits.strength_most
    if (
        most is not None
        and footage.strength is not None
        and most < footage.strength <= 1
        and not auto_optimise
    ):
        found.append(Violation("strength", f"{footage.strength:g} is above {most:g}, the most for {model}."))
    if footage.loras and not limits.loras:
        found.append(Violation("loras", f"{model} takes no LoRA." + _elsewhere(footage, "LoRAs")))
    for number, lora in enumerate(footage.loras[:LORAS_MOST]):
        if lora.expert != "both" and limits.experts == 1:
            text = f"{model} has one expert, and {lora.expert} names one of two; leave it out."
            found.append(Violation(f"loras[{number}].expert", text))
    if footage.profile == "distilled" and not footage.loras:
        text = "The profile distilled needs the LoRAs that were made for it, and there are none."
        found.append(Violation("profile", text))
    return found


def _whom(model: str, footage: Footage) -> str:
    return f"the profile distilled of {model}" if footage.profile == "distilled" else model


def _elsewhere(footage: Footage, what: str) -> str:
    """Which mode would take what the 5B does not."""
    mode: Mode = "i2v" if footage.image is not None else "t2v"
    return f" The mode {mode} with {MODEL_OF[mode]} takes {what}."


def invalid(violations: Sequence[Violation]) -> InvalidRequest:
    """The error of a wish that breaks rules."""
    first = violations[0]
    more = f" {len(violations) - 1} more rules are broken." if len(violations) > 1 else ""
    return InvalidRequest(
        f"This footage cannot be made: {first.field}: {first.description}{more}", violations=tuple(violations)
    )
