"""When each element of a card comes in: at its first spoken word."""

from __future__ import annotations

from services.cards.drawing.layers import Cues
from services.media.clock import Rate
from services.story.narration import Narration, SpeechTiming
from services.story.scene import Card, elements

SPREAD = (3, 5)
"""Elements without a word of their own are spread over this part of the scene, a fraction: 60 %."""


def cues(
    card: Card, narration: Narration, timing: SpeechTiming, *, rate: Rate, lead_frames: int, frames: int
) -> Cues:
    """Place the elements of a card in its scene.

    A spoken element comes in with the first word of the first segment that speaks it. One that is not
    spoken comes in at its even share of the scene's first 60 %, in reading order, but not before the
    element above it, nor after the spoken one below it.

    Args:
        card: What is shown.
        narration: What is said; its segments name the elements.
        timing: When it is said, of the same text.
        rate: The scene's grid.
        lead_frames: Frames before the voice starts, less than `frames`.
        frames: The scene's length; at least 1.
    """
    names = [name for name, _ in elements(card)]
    spoken = {
        name: min(lead_frames + rate.frame_at(sample), frames - 1)
        for name, sample in _first_samples(narration, timing).items()
    }
    limits = _next_spoken(names, spoken, frames)
    placed: dict[str, int] = {}
    above = 0
    for index, name in enumerate(names):
        share = index * frames * SPREAD[0] // (len(names) * SPREAD[1])
        placed[name] = spoken.get(name, min(max(share, above), limits[index]))
        above = placed[name]
    return Cues(placed)


def _first_samples(narration: Narration, timing: SpeechTiming) -> dict[str, int]:
    """The first sample of each spoken element; words and segments are walked once, side by side."""
    found: dict[str, int] = {}
    words = iter(timing.words)
    word = next(words, None)
    for segment, start, end in narration.spans():
        while word is not None and word.char_end <= start:
            word = next(words, None)
        if word is not None and word.char_start < end and segment.element:
            found.setdefault(segment.element, word.start_sample)
    return found


def _next_spoken(names: list[str], spoken: dict[str, int], frames: int) -> list[int]:
    """For each element, the frame of the spoken one at or below it; the last frame if there is none."""
    limits: list[int] = []
    limit = frames - 1
    for name in reversed(names):
        limit = spoken.get(name, limit)
        limits.append(limit)
    return limits[::-1]
