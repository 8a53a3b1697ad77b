"""The nouns of cards: what a drawn card depends on, and the card that was drawn."""

from __future__ import annotations

from dataclasses import dataclass

from services.media.clip import Clip, FrameTiming, Picture
from services.story.look import Look
from services.story.narration import Narration, SpeechTiming
from services.story.scene import Card

UNSHOWN_MOST = 20
"""How many texts that could not be shown a drawn card names; the contract's limit."""


@dataclass(frozen=True, slots=True)
class CardSpec:
    """All that a drawn card depends on.

    Args:
        card: What is shown.
        narration: What is said.
        timing: When it is said.
        frames: The clip's length, at least 1.
        lead_frames: Frames before the voice starts, less than `frames`.
        picture: Size and rate.
        look: How it looks.
        frame_timing: Which frames are written.
    """

    card: Card
    narration: Narration
    timing: SpeechTiming
    frames: int
    lead_frames: int
    picture: Picture
    look: Look
    frame_timing: FrameTiming = "constant"

    def __post_init__(self) -> None:
        if not 0 <= self.lead_frames < self.frames:
            raise ValueError(f"{self.lead_frames} frames of lead do not fit {self.frames} frames")
        if self.timing.text != self.narration.text:
            raise ValueError("the timing is of another text than the narration")


@dataclass(frozen=True, slots=True)
class DrawnCard:
    """A scene's card as a clip, and text of it that could not be shown, with the reasons."""

    clip: Clip
    unshown: tuple[str, ...] = ()
