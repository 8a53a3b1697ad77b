"""The nouns of generated clips: what a wish comes to, what it needs, what was found, what it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from services.chassis.errors import Suggestion
from services.generation.footage.throughput import Rates
from services.story.footage import Lora, Mode, Profile, Quantization


def gigabytes(count: int) -> str:
    """Bytes for people, in the unit that settings have: decimal, with one digit."""
    return f"{count / 1e9:.1f} GB"


class Category(Enum):
    """What kind of thing is wrong with a generation."""

    INPUT_VALIDATION = "INPUT_VALIDATION"
    VRAM_MEMORY = "VRAM_MEMORY"
    MODEL_LOADING = "MODEL_LOADING"
    GENERATION_PIPELINE = "GENERATION_PIPELINE"
    SYSTEM_RESOURCE = "SYSTEM_RESOURCE"
    FILE_SYSTEM = "FILE_SYSTEM"
    CONFIGURATION = "CONFIGURATION"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One value that is not used as it was asked for, in its text form, and why."""

    field: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class NativePlan:
    """What a model is run with.

    Args:
        mode: The mode.
        model: `t2v-A14B`, `i2v-A14B`, `ti2v-5B`.
        width: Pixels, a multiple of the model's.
        height: Pixels, likewise.
        frames: Generated frames, 4k + 1.
        rate: Frames per second of the model.
        steps: Denoising steps.
        guidance: Of two experts that of the first.
        guidance_low: Of the second expert; None when there is one.
        flow_shift: The scheduler's.
        boundary: The noise, 0 to 1, below which the second expert works; None when there is one.
        seed: Of the noise.
        prompt: What is to be seen; may be empty with an image.
        negative_prompt: What is not to be seen.
        loras: Those that are used.
        quantization: The form of the weights.
        profile: How the model is run.
    """

    mode: Mode
    model: str
    width: int
    height: int
    frames: int
    rate: int
    steps: int
    guidance: float
    guidance_low: float | None
    flow_shift: float
    boundary: float | None
    seed: int
    prompt: str
    negative_prompt: str = ""
    loras: tuple[Lora, ...] = ()
    quantization: Quantization = "none"
    profile: Profile = "plain"


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a generation needs: seconds, and bytes of the device at each phase's peak, of host and disk.

    `phases` are the seconds of `load`, `encode_text`, `denoise`, `decode`, `encode`; together `seconds`.
    """

    seconds: float
    denoise_bytes: int
    decode_bytes: int
    host_bytes: int
    disk_bytes: int
    phases: Mapping[str, float] = field(default_factory=dict)

    @property
    def peak_bytes(self) -> int:
        """The device memory it needs in all."""
        return max(self.denoise_bytes, self.decode_bytes)


PLACEMENTS = ("tiled_decode", "text_encoder_on_host", "idle_expert_on_host", "weights_on_host")
"""What cuts device memory without changing the picture, in the order in which it is tried."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that pre-flight found, with numbers; a blocking one keeps the clip from being made."""

    category: Category
    message: str
    blocking: bool = True
    suggestions: Sequence[Suggestion] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What pre-flight found; without a plan the wish is invalid."""

    plan: NativePlan | None
    adjustments: tuple[Adjustment, ...] = ()
    forecast: Forecast | None = None
    placement: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """What keeps the clip from being made."""
        return tuple(finding for finding in self.findings if finding.blocking)


@dataclass(frozen=True, slots=True)
class Device:
    """What clips are generated on; memory in bytes, as it is now.

    Args:
        name: In words.
        kind: `cuda` or `cpu`.
        total_bytes: Device memory.
        free_bytes: Of it, free.
        capability: CUDA's compute capability; (0, 0) on a CPU.
        host_free_bytes: Host memory that can be used.
        users: Other programs on the device: process id and bytes; empty where that cannot be told.
        rates: How fast it was measured to work; None: it was not.
        devices: So many of them work on one clip; what is told is told of each, of memory the least.
    """

    name: str
    kind: str
    total_bytes: int
    free_bytes: int
    capability: tuple[int, int] = (0, 0)
    host_free_bytes: int = 0
    users: tuple[tuple[int, int], ...] = ()
    rates: Rates | None = None
    devices: int = 1


@dataclass(frozen=True, slots=True)
class Making:
    """How a clip was made.

    Args:
        plan: What the model was run with.
        adjustments: What was not used as it was asked for.
        placement: Members of PLACEMENTS, as it ended.
        forecast: What was forecast.
        peak_bytes: Device bytes at the peak, as measured; 0 where it cannot be.
        seconds: By phase: `load`, `encode_text`, `denoise`, `decode`, `encode`.
        revision: The model's.
        approximate: The picture is not exactly the model's.
        checks: What was checked on the finished clip, in words.
        device: What it was generated on, in words.
        versions: Those of the libraries that made it, by name.
    """

    plan: NativePlan
    adjustments: tuple[Adjustment, ...] = ()
    placement: tuple[str, ...] = ()
    forecast: Forecast | None = None
    peak_bytes: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    revision: str = ""
    approximate: bool = False
    checks: tuple[str, ...] = ()
    device: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
