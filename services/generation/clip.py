"""The nouns of footage: the clip that is asked for, the clip that was generated, and who generates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.artifacts.store import Artifact
from services.chassis.progress import Report
from services.generation.footage.plan import Device, Making
from services.generation.footage.plan import Report as Preflight
from services.media.clip import Clip, FrameTiming, Picture
from services.story.footage import Footage, Mode, Resolution


@dataclass(frozen=True, slots=True)
class Shot:
    """The clip that footage is wanted for.

    Args:
        frames: Its length, at least 1.
        picture: Size and rate.
        frame_timing: Which frames are written.
        continues: The footage's image is the last frame of the clip before, and is not shown again.
        ends_early: The scene goes on in another clip: the last frame is kept as an image for it.
    """

    frames: int
    picture: Picture
    frame_timing: FrameTiming = "constant"
    continues: bool = False
    ends_early: bool = False

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise ValueError(f"{self.frames} frames are not a clip")


def last_frame_path(path: Path) -> Path:
    """Where the last frame of a clip that ends early is written: a PNG beside the clip."""
    return path.with_suffix(".last.png")


@dataclass(frozen=True, slots=True)
class GeneratedClip:
    """Footage as a clip.

    Args:
        clip: The clip.
        making: How it was generated.
        last_frame: The image that its scene goes on from; None where it does not.
    """

    clip: Clip
    making: Making
    last_frame: Artifact | None = None


@dataclass(frozen=True, slots=True)
class ModelCapability:
    """One model of a generator: whether its files are there and whole, or why not, and its limits."""

    name: str
    mode: Mode
    ready: bool
    why_not: str
    min_steps: int
    max_steps: int
    default_steps: int
    resolutions: tuple[Resolution, ...]
    loras: bool


@dataclass(frozen=True, slots=True)
class Capability:
    """What a generator can do: its models, and its device, None where that is another machine's."""

    models: tuple[ModelCapability, ...] = ()
    device: Device | None = None


class Generator(Protocol):
    """Something that generates clips from a wish.

    One that `chains` makes clips that others go on from: it keeps the last frame of a shot that ends early
    beside its file (`last_frame_path`), and leaves the first frame out of one that continues.
    """

    name: str
    chains: bool

    async def start(self) -> str:
        """Get ready; tell what beside shot and wish its bytes depend on: versions, settings, the device."""
        ...

    async def make(self, shot: Shot, footage: Footage, path: Path, report: Report) -> Making:
        """Write the picture that is wished for to a new file, as long as the shot; tell how it was made.

        Raises:
            InvalidRequest: The mode does not allow the wish.
            Overloaded: Another clip is in the making; `retry_after` says when to come back.
            DeviceMemory: The device has not enough memory.
            GenerationFailed: The pipeline failed, or its picture did not pass a check.
            ModelUnavailable: The model's files are missing or damaged.
            DeviceFault: The device failed.
            ChildDied: The process that made it died.
            StoreFull: The disk is full.
        """
        ...

    async def estimate(self, footage: Footage, *, frames: int, picture: Picture) -> Preflight:
        """What it would do with a wish, and what that needs; nothing is made."""
        ...

    async def capability(self) -> Capability:
        """What it can do now."""
        ...

    async def close(self) -> None:
        """Stop all work."""
        ...
