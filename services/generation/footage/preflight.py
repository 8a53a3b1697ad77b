"""Pre-flight: whether a clip can be made, before anything is loaded, and what would help if not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

from services.chassis.errors import Suggestion, Violation
from services.generation.footage import machine
from services.generation.footage.alternatives import another_model, for_less
from services.generation.footage.architecture import Architecture
from services.generation.footage.correction import Peaks
from services.generation.footage.corrections import mends
from services.generation.footage.fit import Placed, eight_bits, fit, least
from services.generation.footage.forecast import clip_bytes
from services.generation.footage.modes import PROMPT_MOST, check
from services.generation.footage.native import plan as native_plan
from services.generation.footage.pace import Paces
from services.generation.footage.plan import Adjustment, Category, Device, Finding, NativePlan, Report
from services.generation.footage.throughput import Rates
from services.media.clock import Rate
from services.story.footage import Footage

NAMED = 5
"""How many sentences about files a finding has, and how many broken rules."""


class ModelFiles(Protocol):
    """The models' files on this machine."""

    def missing(self, model: str) -> list[str]:
        """What is missing or broken of a model, a sentence each; none when it can be loaded."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What a clip may take.

    Args:
        max_bytes: Device memory; None: all there is.
        seconds: Time, loading included.
        auto_optimise: The optimiser may change what is not pinned.
        prompt_most: Characters of a prompt.
    """

    max_bytes: int | None = None
    seconds: float = 1800.0
    auto_optimise: bool = True
    prompt_most: int = PROMPT_MOST


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of earlier clips and of this machine, and makes forecasts better.

    Args:
        rates: The device's; None: as it was measured, or those of its datasheet.
        peaks: Measured peaks of device memory.
        paces: Measured seconds.
        setup: The device and the settings whose paces count.
        architectures: By model, where they are not those of the published ones.
        loaded: The models that are in memory.
        disk_free_bytes: Free on the scratch disk; None: not looked at.
    """

    rates: Rates | None = None
    peaks: Peaks = ()
    paces: Paces = ()
    setup: str = ""
    architectures: dict[str, Architecture] | None = None
    loaded: Collection[str] = ()
    disk_free_bytes: int | None = None


def preflight(
    footage: Footage,
    *,
    frames: int,
    rate: Rate,
    picture_size: tuple[int, int],
    device: Device,
    models: ModelFiles,
    limits: Limits = Limits(),
    facts: Facts = Facts(),
    count_tokens: Callable[[str], int] | None = None,
    continues: bool = False,
) -> Report:
    """Say what a wish comes to on a device, what that needs, and everything that speaks against it.

    Args:
        footage: The wish.
        frames: The clip's length on the video's grid.
        rate: The video's frames per second.
        picture_size: The video's width and height, pixels.
        device: As it is now; what the caller's own idle models hold counts as free.
        models: The models' files.
        limits: What the clip may take.
        facts: What makes forecasts better.
        count_tokens: The model's tokenizer.
        continues: The image is the last frame of the clip before, and is not shown again.

    Returns:
        Findings in this order: the wish, the model's files, the device's abilities, its memory, host memory,
        disk, time. An invalid wish has no plan. Where nothing fits, placement and forecast are those that
        need the least.

    Raises:
        ValueError: `frames` is below 1.
    """
    broken = check(
        footage,
        count_tokens=count_tokens,
        auto_optimise=limits.auto_optimise,
        prompt_most=limits.prompt_most,
    )
    if broken:
        return Report(None, findings=(_invalid(footage, broken, limits),))
    here = _Here(frames, rate, picture_size, device, limits, facts, continues)
    plan, adjustments = here.plan(footage)
    placement, needs = here.placed(plan) or here.least(plan)
    ways: tuple[Suggestion, ...] = ()
    if here.says(footage) is None:
        ways = (
            *for_less(footage, here.says, eight_bits=eight_bits(device), auto_optimise=limits.auto_optimise),
            *another_model(footage, lambda model: not models.missing(model), here.says),
        )
    scratch = needs.disk_bytes + clip_bytes(*picture_size, frames)
    findings = (
        *_files(footage, plan, models, here),
        *machine.abilities(plan, device),
        *machine.memory(device, placement, needs, max_bytes=limits.max_bytes, ways=ways),
        *machine.host(device, needs),
        *machine.disk(scratch, facts.disk_free_bytes),
        *machine.time(needs, most=limits.seconds, ways=ways),
    )
    return Report(plan, adjustments, needs, placement, findings)


@dataclass(frozen=True, slots=True)
class _Here:
    """One clip's place: what is the same for a wish and for all that could be instead of it."""

    frames: int
    rate: Rate
    size: tuple[int, int]
    device: Device
    limits: Limits
    facts: Facts
    continues: bool

    def plan(self, footage: Footage) -> tuple[NativePlan, tuple[Adjustment, ...]]:
        """What a wish comes to."""
        return native_plan(
            footage,
            frames=self.frames,
            rate=self.rate,
            size=self.size,
            auto_optimise=self.limits.auto_optimise,
            continues=self.continues,
        )

    def placed(self, plan: NativePlan) -> Placed | None:
        """The least placement that fits."""
        return fit(
            plan,
            self.device,
            max_bytes=self.limits.max_bytes,
            peaks=self.facts.peaks,
            paces=self.facts.paces,
            setup=self.facts.setup,
            rates=self.facts.rates,
            architecture=self.architecture(plan),
            loaded=plan.model in self.facts.loaded,
        )

    def least(self, plan: NativePlan) -> Placed:
        """The placement that needs the least."""
        return least(
            plan,
            self.device,
            peaks=self.facts.peaks,
            paces=self.facts.paces,
            setup=self.facts.setup,
            rates=self.facts.rates,
            architecture=self.architecture(plan),
        )

    def architecture(self, plan: NativePlan) -> Architecture | None:
        """The model's numbers, where they are its own."""
        return (self.facts.architectures or {}).get(plan.model)

    def says(self, footage: Footage) -> str | None:
        """What a wish needs, when the device has it and the time is enough."""
        plan, _ = self.plan(footage)
        placed = self.placed(plan)
        if placed is None or placed[1].seconds > self.limits.seconds:
            return None
        return machine.needs(placed[1])


def _invalid(footage: Footage, broken: list[Violation], limits: Limits) -> Finding:
    """The rules that a wish breaks, and the nearest values that keep them."""
    told = "; ".join(f"{rule.field}: {rule.description.rstrip('.')}" for rule in broken[:NAMED])
    more = f"; and {len(broken) - NAMED} more." if len(broken) > NAMED else "."
    ways = mends(footage, auto_optimise=limits.auto_optimise)
    ways += [
        Suggestion(f"Shorten {rule.field}: {rule.description}")
        for rule in broken
        if rule.field in ("prompt", "negative_prompt") and not ways
    ]
    return Finding(Category.INPUT_VALIDATION, told + more, suggestions=tuple(ways))


def _files(footage: Footage, plan: NativePlan, models: ModelFiles, here: _Here) -> Iterator[Finding]:
    missing = models.missing(plan.model)
    if not missing:
        return
    told = " ".join(sentence[:160] for sentence in missing[:NAMED])
    more = f" And {len(missing) - NAMED} more." if len(missing) > NAMED else ""
    yield Finding(
        Category.MODEL_LOADING,
        f"The model {plan.model} cannot be loaded. {told}{more}",
        suggestions=(
            Suggestion(f"Run `storyreel models fetch {plan.model}`."),
            *another_model(footage, lambda model: not models.missing(model), here.says),
        ),
    )
