"""The sound master: silence as long as the video, in which each voice lies at its own sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.chassis.errors import ArtifactCorrupt
from services.media import probe

SAMPLE_BYTES = 2
"""The master is one channel of little-endian int16 without a header."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A voice in its place: a FLAC file, its first sample on the master, how many samples it must have."""

    audio: Path
    start: int
    samples: int


def lay_voices(voices: Sequence[Placed], *, samples: int, master: Path, tell: Callable[[int], None]) -> float:
    """Write the master, a decoded piece at a time: memory does not grow with the video's length.

    Args:
        voices: In order; they must not overlap.
        samples: The length of the master, at 48 kHz.
        master: The file to write.
        tell: Told how many voices are in place.

    Returns:
        The highest peak, 0 to 1.

    Raises:
        ArtifactCorrupt: A voice does not decode or has another length than was planned; metadata
            `scene` counts from 1.
        OSError: The disk is full.
    """
    peak = 0
    with master.open("wb") as file:
        # The holes between voices take no space and read as zeros.
        file.truncate(samples * SAMPLE_BYTES)
        for number, voice in enumerate(voices, 1):
            file.seek(voice.start * SAMPLE_BYTES)
            written = 0
            for piece in _pieces(number, voice):
                written += len(piece)
                if written > voice.samples:
                    break
                peak = max(peak, int(piece.max(initial=0)), -int(piece.min(initial=0)))
                file.write(piece.astype("<i2", copy=False).tobytes())
            if written != voice.samples:
                raise _unfit(
                    number,
                    f"has {'at least ' * (written > voice.samples)}{written} samples, "
                    f"{voice.samples} were planned",
                )
            tell(number)
    return peak / 32768


def read(file: Path, start: int, samples: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A piece of a master, -1 to 1, shape (samples,); silence where the file has nothing."""
    piece = np.zeros(samples, np.float32)
    skip = max(0, -start)
    if skip < samples:
        with file.open("rb") as source:
            source.seek((start + skip) * SAMPLE_BYTES)
            found = np.frombuffer(source.read((samples - skip) * SAMPLE_BYTES), "<i2")
        piece[skip : skip + len(found)] = found / np.float32(32768)
    return piece


def _pieces(number: int, voice: Placed) -> Iterator[probe.Samples]:
    try:
        yield from probe.samples(voice.audio)
    except probe.Unreadable as error:
        raise _unfit(number, str(error)) from error


def _unfit(number: int, what: str) -> ArtifactCorrupt:
    return ArtifactCorrupt(
        f"The voice of scene {number} {what}. Repeat the call that made it.",
        metadata={"scene": str(number)},
    )
