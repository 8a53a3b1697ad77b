"""What went wrong with a clip, told so that the caller can go on: category, numbers, and ways out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from services.chassis.errors import (
    ChildDied,
    Configuration,
    Deadline,
    DeviceFault,
    DeviceMemory,
    GenerationFailed,
    InvalidRequest,
    ModelUnavailable,
    Overloaded,
    StoreFull,
    StoreUnavailable,
    StoryreelError,
    Suggestion,
    Violation,
)
from services.generation.footage.fit import eight_bits, usable_bytes
from services.generation.footage.ladder import next_attempt
from services.generation.footage.modes import check
from services.generation.footage.plan import Category, Device, Finding, Forecast, Report
from services.generation.footage.suggestions import suggestions
from services.generation.wan.preflights import Preflight
from services.media.picture import Picture
from services.story.footage import Footage

CATEGORIES: dict[type[StoryreelError], Category] = {
    InvalidRequest: Category.INPUT_VALIDATION,
    DeviceMemory: Category.VRAM_MEMORY,
    ModelUnavailable: Category.MODEL_LOADING,
    GenerationFailed: Category.GENERATION_PIPELINE,
    DeviceFault: Category.SYSTEM_RESOURCE,
    Deadline: Category.SYSTEM_RESOURCE,
    Overloaded: Category.SYSTEM_RESOURCE,
    StoreFull: Category.FILE_SYSTEM,
    StoreUnavailable: Category.FILE_SYSTEM,
    Configuration: Category.CONFIGURATION,
}
"""The category of each class of error; others have none."""

RETRIED = (Category.VRAM_MEMORY, Category.GENERATION_PIPELINE)
"""After these the first suggestion is the next attempt."""

_LATER = timedelta(minutes=1)
_ENDLESS = Forecast(math.inf, 1 << 62, 1 << 62, 0, 0)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A clip that may go wrong, with all that a way out depends on.

    Args:
        footage: The wish.
        frames: The clip's length on the video's grid.
        picture: The video's size and rate.
        device: What it is generated on, as it was before.
        found: What pre-flight found.
        preflight: What changed wishes are tried with.
        seconds_most: How long one clip may take.
        continues: The image is the last frame of the clip before.
    """

    footage: Footage
    frames: int
    picture: Picture
    device: Device
    found: Report
    preflight: Preflight
    seconds_most: float
    continues: bool = False

    def explained(self, error: Exception) -> Exception:
        """An error with category and numbers in its metadata, and the next attempt as first suggestion."""
        if isinstance(error, ChildDied):
            error = DeviceFault(
                f"The process that generates died ({error.metadata.get('exit', 'unknown')}). "
                "The next clip gets a new one.",
                metadata=error.metadata,
            )
        category = CATEGORIES.get(type(error)) if isinstance(error, StoryreelError) else None
        if category is None or not isinstance(error, StoryreelError):
            return error
        return type(error)(
            error.message,
            suggestions=(*self._ways_out(category, error), *error.suggestions),
            metadata={"category": category.value} | self._numbers() | error.metadata,
            violations=error.violations,
            retry_after=error.retry_after,
            error_id=error.error_id,
        )

    def refused(self) -> Exception:
        """The error of a wish that pre-flight found cannot be made here."""
        findings = self.found.blocking or (Finding(Category.INPUT_VALIDATION, "The wish has no plan."),)
        first = findings[0]
        ways = [
            way for finding in findings if finding.category is first.category for way in finding.suggestions
        ]
        error = self._of(first)
        explained = self.explained(error)
        if isinstance(explained, StoryreelError):
            explained.suggestions = (*explained.suggestions, *ways)
        return explained

    def _of(self, finding: Finding) -> StoryreelError:
        text = finding.message
        match finding.category:
            case Category.INPUT_VALIDATION:
                return InvalidRequest(text, violations=self._broken() or [Violation("footage", text)])
            case Category.VRAM_MEMORY:
                return DeviceMemory(text)
            case Category.MODEL_LOADING:
                return ModelUnavailable(text)
            case Category.GENERATION_PIPELINE:
                return GenerationFailed(text)
            case Category.FILE_SYSTEM:
                return StoreFull(text)
            case Category.CONFIGURATION:
                return Configuration(text)
            case Category.SYSTEM_RESOURCE:
                forecast = self.found.forecast
                if forecast is not None and forecast.seconds > self.seconds_most:
                    return Deadline(text)
                return Overloaded(text, retry_after=_LATER)

    def _broken(self) -> list[Violation]:
        return check(self.footage, auto_optimise=self.preflight.auto_optimise)

    def _ways_out(self, category: Category, error: StoryreelError) -> list[Suggestion]:
        if category not in RETRIED:
            return []
        changes = next_attempt(
            self.footage,
            category,
            forecast_of=self._least_of if category is Category.VRAM_MEMORY else self._forecast_of,
            free_bytes=usable_bytes(self.device),
            seconds=self.seconds_most,
            auto_optimise=self.preflight.auto_optimise,
            eight_bits=eight_bits(self.device),
            picture_failed="luma_mean" in error.metadata,
        )
        ways = suggestions(category, self.footage, next_changes=changes, device=self.device)
        return [*ways, *self._doubts(error)]

    def _doubts(self, error: StoryreelError) -> list[Suggestion]:
        """What else may be wrong: a model as it was published does not run out of numbers."""
        plan = self.found.plan
        plain = plan is not None and plan.quantization == "none" and not plan.loras
        if plan is None or not plain or error.metadata.get("check") != "finite":
            return []
        return [Suggestion(f"The model's weights may be damaged: `storyreel models verify {plan.model}`.")]

    def _forecast_of(self, footage: Footage) -> Forecast:
        return self._look(footage).forecast or _ENDLESS

    def _least_of(self, footage: Footage) -> Forecast:
        """What a wish needs at least: where memory ran out, every placement has been tried."""
        found = self._look(footage)
        return self.preflight.least(found.plan, self.device) if found.plan else _ENDLESS

    def _look(self, footage: Footage) -> Report:
        return self.preflight.look(
            footage,
            frames=self.frames,
            picture=self.picture,
            device=self.device,
            continues=self.continues,
        )

    def _numbers(self) -> dict[str, str]:
        numbers = {"free_bytes": str(self.device.free_bytes)}
        if self.found.forecast is not None:
            numbers["predicted_bytes"] = str(self.found.forecast.peak_bytes)
            numbers["predicted_seconds"] = f"{self.found.forecast.seconds:.0f}"
        return numbers
