"""The gate of the sound: the encoded sound is decoded, measured, and refused when it is not as planned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.chassis.errors import GateRefused, Suggestion
from services.media import probe
from services.media.clock import SAMPLE_RATE
from services.muxing import sync
from services.muxing.loudness import Loudness
from services.muxing.sound import Score


@dataclass(frozen=True, slots=True)
class Findings:
    """What the sound was found to hold.

    Args:
        form: Codec, rate, channels.
        start: Samples from the clock's zero to the first one heard.
        samples: Samples heard.
        alike: Whether both channels decode to the same samples.
        voices: Per scene.
    """

    form: tuple[str, int, int]
    start: int
    samples: int
    alike: bool
    voices: tuple[sync.Heard, ...]


def listen(audio: Path, *, master: Path, voices: Sequence[tuple[int, int]], heard: Path) -> Findings:
    """Decode a sound and search it for each voice.

    Args:
        audio: The finished sound.
        master: The voices in their places, before any processing.
        voices: First sample and length of each voice.
        heard: A file to write, like the master.

    Raises:
        GateRefused: It does not decode.
        OSError: The file cannot be written.
    """
    alike = True
    try:
        track = probe.audio(audio)
        with heard.open("wb") as file:
            for left, right in probe.sides(audio):
                alike = alike and np.array_equal(left, right)
                file.write(np.clip(np.rint(left * 32768), -32768, 32767).astype("<i2").tobytes())
    except probe.Unreadable as error:
        raise _refused([f"it {error}"]) from error
    return Findings(
        form=(track.codec, track.rate, track.channels),
        start=track.start,
        samples=track.samples,
        alike=alike,
        voices=tuple(sync.listen(master, heard, voices, delay=track.start)),
    )


def judge(found: Findings, loudness: Loudness, score: Score) -> tuple[float, ...]:
    """How many seconds after its place each voice is heard, when the sound is what was planned.

    A voice that cannot be told from its surroundings counts by the track's clock alone.

    Raises:
        GateRefused: It is not; the message names every difference with its numbers.
    """
    if differences := list(_differences(found, loudness, score)):
        raise _refused(differences)
    late = (found.start if voice.late is None else voice.late for voice in found.voices)
    return tuple(samples / SAMPLE_RATE for samples in late)


def _differences(found: Findings, loudness: Loudness, score: Score) -> Iterator[str]:
    if found.form != ("aac", SAMPLE_RATE, 2):
        yield "it is {}, {} Hz, {} channels, not aac, 48000 Hz, 2 channels".format(*found.form)
    if (found.start, found.samples) != (0, score.samples):
        yield f"it lasts {found.samples} samples from {found.start} on, planned were {score.samples} from 0"
    if not found.alike:
        yield "its two channels are not the same"
    if lost := sum(voice.lost for voice in found.voices):
        yield f"{lost} of {len(found.voices)} voices are not in it"
    yield from loudness.misses(score.spoken)


def _refused(differences: list[str]) -> GateRefused:
    return GateRefused(
        f"The finished sound is not what was planned and was not published: {'; '.join(differences)}.",
        suggestions=[
            Suggestion("Report it with the request's digest; the same request gives the same sound.")
        ],
    )
