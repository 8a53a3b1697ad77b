"""The sound of a video: what it is made from, and what was made; no picture has to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.artifacts.store import Artifact
from services.chassis.errors import GateRefused, Suggestion
from services.media.clock import Rate, timeline, voice_at
from services.muxing.loudness import Loudness


@dataclass(frozen=True, slots=True)
class Sound:
    """The finished sound, and what was measured on it once it was encoded.

    Args:
        audio: MP4 with one AAC track: 48 kHz, stereo, its encoder delay in an edit list.
        samples: Its length, without delay and padding.
        loudness: Of the decoded AAC.
        voice_offsets: Per scene, how many seconds after its place its voice is heard.
    """

    audio: Artifact
    samples: int
    loudness: Loudness
    voice_offsets: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """One scene's voice as it was planned, before it has a place.

    Args:
        audio: FLAC, 48 kHz, mono, 16 bit.
        samples: Its length.
        frames: The scene's length.
        lead_frames: Frames of the scene before the voice starts.
    """

    audio: Artifact
    samples: int
    frames: int
    lead_frames: int


@dataclass(frozen=True, slots=True)
class Score:
    """The whole timeline as far as it can be heard; in samples at 48 kHz.

    Args:
        voices: In order.
        starts: The first sample of each.
        samples: The length of the sound.
    """

    voices: tuple[Voice, ...]
    starts: tuple[int, ...]
    samples: int

    @property
    def spoken(self) -> int:
        """How many samples voices are heard."""
        return sum(voice.samples for voice in self.voices)

    @property
    def places(self) -> tuple[tuple[int, int], ...]:
        """First sample and length of each voice."""
        return tuple(zip(self.starts, (voice.samples for voice in self.voices), strict=True))


def compose(voices: Sequence[Voice], rate: Rate) -> Score:
    """Place voices one after the other, each in its scene.

    Raises:
        GateRefused: A voice lasts longer than its scene; speech is never cut. Metadata `scene` counts from 1.
    """
    spans = timeline([(voice.frames, voice.lead_frames) for voice in voices])
    starts = tuple(voice_at(rate, span, voice.samples) for span, voice in zip(spans, voices, strict=True))
    ends = [rate.sample_at(span.start + span.frames) for span in spans]
    for number, (voice, start, end) in enumerate(zip(voices, starts, ends, strict=True), 1):
        if (late := (start + voice.samples - end) / 48) > 0:
            raise GateRefused(
                f"The voice of scene {number} ends {late:.1f} ms after its scene of {voice.frames} frames.",
                suggestions=[Suggestion(f"Make scene {number} longer: speech is never cut.")],
                metadata={"scene": str(number)},
            )
    return Score(tuple(voices), starts, ends[-1])
