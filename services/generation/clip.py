"""The nouns of generation: what a clip is made from, how it looks, and what was made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from services.artifacts.store import Artifact
from services.chassis.progress import Report
from services.generation.footage.plan import Device, Making
from services.generation.footage.plan import Report as Preflight
from services.media.picture import Picture
from services.story.footage import Footage, Mode, Resolution
from services.story.narration import Narration, SpeechTiming
from services.story.scene import Card

Theme = Literal["dark", "light"]
Accent = Literal["orange", "blue", "purple", "green", "pink", "cyan"]
FrameTiming = Literal["constant", "sparse"]

UNSHOWN_MOST = 20
"""How many texts that could not be shown a clip names; the contract's limit."""


@dataclass(frozen=True, slots=True)
class Look:
    """How cards are drawn, and which frames are written."""

    theme: Theme = "dark"
    accent: Accent = "blue"
    timing: FrameTiming = "constant"


@dataclass(frozen=True, slots=True)
class Shot:
    """All that one scene's picture depends on.

    Args:
        card: What is shown.
        narration: What is said.
        timing: When it is said.
        frames: The clip's length, at least 1.
        lead_frames: Frames before the voice starts, less than `frames`.
        picture: Size and rate.
        look: How it looks.
        continues: The footage's image is the last frame of the clip before, and is not shown again.
        ends_early: The scene goes on in another clip: the last frame is kept as an image for it.
    """

    card: Card
    narration: Narration
    timing: SpeechTiming
    frames: int
    lead_frames: int
    picture: Picture
    look: Look = Look()
    continues: bool = False
    ends_early: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.lead_frames < self.frames:
            raise ValueError(f"{self.lead_frames} frames of lead do not fit {self.frames} frames")
        if self.timing.text != self.narration.text:
            raise ValueError("the timing is of another text than the narration")


def last_frame_path(path: Path) -> Path:
    """Where the last frame of a clip that ends early is written: a PNG beside the clip."""
    return path.with_suffix(".last.png")


@dataclass(frozen=True, slots=True)
class Clip:
    """One scene's picture.

    Args:
        video: Its file.
        frames: Its length.
        picture: Its size and rate.
        unshown: Text that could not be shown, with reasons.
        making: How it was generated; None for one that was drawn.
        last_frame: The image that its scene goes on from; None where it does not.
    """

    video: Artifact
    frames: int
    picture: Picture
    unshown: tuple[str, ...] = ()
    making: Making | None = None
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


class Backend(Protocol):
    """Something that draws clips."""

    name: str

    async def start(self) -> str:
        """Get ready; tell what beside the shot its bytes depend on: versions, settings, fonts."""
        ...

    async def make(
        self, shot: Shot, path: Path, report: Report, *, image: Path | None = None
    ) -> tuple[str, ...]:
        """Write a shot's picture to a new file; the text that could not be shown, with the reasons.

        Raises:
            ChildDied: The process that made it died.
            StoreFull: The disk is full.
        """
        ...

    async def close(self) -> None:
        """Stop all work."""
        ...


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
