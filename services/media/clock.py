"""The timeline's arithmetic: frames at the output rate and samples at 48 kHz, in integers.

Pure and deterministic, so that the workflow may use it. Everything that has a
place in time (voices, captions, chapters, elements) gets it from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

SAMPLE_RATE = 48_000
"""Samples per second of every audio track; a multiple of all common frame rates."""

UNIT = 1024
"""Samples of an access unit of AAC-LC (ISO/IEC 14496-3, 4.5.2.1.1): the grid on which voices begin.

A voice that begins on it is encoded to the same units wherever it stands, so an edit before it costs nothing.
"""

LEAD_SECONDS = (1, 5)
TAIL_SECONDS = (2, 5)
"""The declared pauses of a scene before and after its voice, as fractions: 0.2 s and 0.4 s."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Frames per second as a fraction, for example 30000/1001."""

    numerator: int
    denominator: int = 1

    def __post_init__(self) -> None:
        if self.numerator <= 0 or self.denominator <= 0:
            raise ValueError(f"{self.numerator}/{self.denominator} is not a frame rate")

    def sample_at(self, frame: int) -> int:
        """The sample that sounds when a frame appears: round(frame · 48000 / rate), halves up."""
        twice = 2 * frame * SAMPLE_RATE * self.denominator + self.numerator
        return twice // (2 * self.numerator)

    def frame_at(self, sample: int) -> int:
        """The frame nearest to a sample, halves up."""
        per = SAMPLE_RATE * self.denominator
        return (2 * sample * self.numerator + per) // (2 * per)

    def frames_for(self, samples: int) -> int:
        """How many frames it takes to show so many samples: rounded up."""
        return -(-samples * self.numerator // (SAMPLE_RATE * self.denominator))

    def seconds(self, frames: int) -> float:
        """A number of frames in seconds, for people; never for placing anything."""
        return frames * self.denominator / self.numerator


@dataclass(frozen=True, slots=True)
class Span:
    """A scene's place: its first frame, its length, and the frame its voice starts at, all absolute."""

    start: int
    frames: int
    voice: int


def lead_frames(rate: Rate) -> int:
    """The declared pause before a voice, in frames, rounded up."""
    return rate.frames_for(SAMPLE_RATE * LEAD_SECONDS[0] // LEAD_SECONDS[1])


def scene_frames(voice_samples: int, rate: Rate) -> int:
    """A scene's length in frames: pause, voice, pause; decided once, from its speech."""
    tail = SAMPLE_RATE * TAIL_SECONDS[0] // TAIL_SECONDS[1]
    return lead_frames(rate) + rate.frames_for(voice_samples + tail)


def voice_at(rate: Rate, span: Span, samples: int) -> int:
    """The sample at which a scene's voice of so many samples begins.

    The point of the grid nearest to its frame, at most 10.7 ms away; the frame's own sample where the scene
    leaves no room for that.
    """
    exact = rate.sample_at(span.voice)
    near = (exact + UNIT // 2) // UNIT * UNIT
    first, end = rate.sample_at(span.start), rate.sample_at(span.start + span.frames)
    return near if first <= near and max(near, exact) + samples <= end else exact


def timeline(scenes: list[tuple[int, int]]) -> list[Span]:
    """Place scenes, each (frames, lead_frames), one after the other."""
    starts = accumulate((frames for frames, _ in scenes), initial=0)
    return [Span(start, frames, start + lead) for start, (frames, lead) in zip(starts, scenes, strict=False)]
