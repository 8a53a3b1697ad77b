"""The finished video and what was measured on it."""

from __future__ import annotations

from dataclasses import dataclass

from services.artifacts.store import Artifact
from services.muxing.loudness import Loudness


@dataclass(frozen=True, slots=True)
class Measurements:
    """What was measured on the finished file, not taken from the plan; see `gate` for how.

    Args:
        frames: Length of the picture on the rate's grid.
        video_seconds: Length of the picture.
        audio_seconds: Length of the sound, without the encoder's delay and padding.
        max_av_offset_seconds: The farthest any voice is from its picture; up to 10.7 ms are planned.
        av_drift_seconds: How far the last scene's offset is from the first one's, beside the planned ones.
        loudness: Of the decoded sound.
        scene_key_frames: Scenes that begin with a key frame.
    """

    frames: int
    video_seconds: float
    audio_seconds: float
    max_av_offset_seconds: float
    av_drift_seconds: float
    loudness: Loudness
    scene_key_frames: int


@dataclass(frozen=True, slots=True)
class Video:
    """The finished video and what stands beside it; `missing` names finishing touches with the reason."""

    mp4: Artifact
    srt: Artifact
    vtt: Artifact
    transcript: Artifact
    thumbnail: Artifact | None
    measurements: Measurements
    missing: tuple[str, ...] = ()
