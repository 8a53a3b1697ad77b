"""Whether clips join by copy, and the list that joins them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from services.chassis.errors import ArtifactCorrupt
from services.media import probe
from services.media.clock import Rate
from services.muxing.timeline import misfit


@dataclass(frozen=True, slots=True)
class Wanted:
    """What each clip must be: the video's picture, and this clip's frames."""

    width: int
    height: int
    rate: Rate


@dataclass(frozen=True, slots=True)
class Joint:
    """What the joined track's times are counted in.

    Args:
        ticks: Ticks per second, the same in every clip.
        per_frame: Ticks per frame; a whole number, so that every frame begins on a tick.
    """

    ticks: int
    per_frame: int


def clip_name(number: int) -> str:
    """The name of a clip beside the list; numbers count from 1."""
    return f"clip{number:04}.mp4"


def concat_list(clips: int) -> str:
    """The list for ffmpeg's concat demuxer: relative names of our own and nothing else.

    Without a decoder clips open by their index: to decode the first frame of each takes four times as long
    as all the rest of a packaging.
    """
    entry = "file {}\noption codec_whitelist none\n"
    return "".join(entry.format(clip_name(number)) for number in range(1, clips + 1))


def compare(
    clips: Sequence[Path],
    frames: Sequence[int],
    wanted: Wanted,
    *,
    scenes: Sequence[int] = (),
    tell: Callable[[int], None],
) -> Joint:
    """Check every packet's time and every clip's parameters.

    Of the first clip one frame is decoded, from the others nothing: they have the same parameter sets.
    Whether their frames decode is asked of the finished file.

    Args:
        clips: The files, in order.
        frames: How many frames of the grid each must last.
        wanted: The video's picture.
        scenes: The number of the scene that each belongs to; by default each is a scene.
        tell: Told how many clips are done.

    Raises:
        ArtifactCorrupt: A clip cannot be read; metadata `scene` counts from 1.
        GateRefused: A clip does not fit the plan or the clips before it; metadata `scene` likewise.
    """
    first: probe.VideoTrack | None = None
    numbers = scenes or range(1, len(clips) + 1)
    for done, (number, path, length) in enumerate(zip(numbers, clips, frames, strict=True), 1):
        track = _read(number, path, decode=first is None)
        if what := _unlike_plan(track, length, wanted):
            raise misfit(number, what)
        first = first or track
        if what := _unlike_first(track, first):
            raise misfit(number, what)
        tell(done)
    assert first is not None
    return Joint(first.tick.denominator, int(_per_frame(first, wanted.rate)))


def _read(number: int, path: Path, *, decode: bool) -> probe.VideoTrack:
    try:
        return probe.video(path, decode=decode)
    except probe.Unreadable as error:
        raise ArtifactCorrupt(
            f"The clip of scene {number} {error}. Repeat the call that made it.",
            metadata={"scene": str(number)},
        ) from error


def _per_frame(track: probe.VideoTrack, rate: Rate) -> Fraction:
    return Fraction(rate.denominator, rate.numerator) / track.tick


def _unlike_plan(track: probe.VideoTrack, frames: int, wanted: Wanted) -> str:
    """What sets a clip apart from its plan; empty when nothing does."""
    per_frame = _per_frame(track, wanted.rate)
    if track.codec != "h264":
        return f"is {track.codec}, not h264"
    if (track.width, track.height) != (wanted.width, wanted.height):
        return f"is {track.width}x{track.height}, the video {wanted.width}x{wanted.height}"
    if track.colours != probe.BT709:
        return f"has the colour tags {track.colours}, not those of BT.709, limited range: {probe.BT709}"
    if track.tick.numerator != 1 or per_frame.denominator != 1:
        return f"counts time in {track.tick} s: {float(per_frame):.3f} ticks a frame, not a whole number"
    step = int(per_frame)
    if (ending := Fraction(track.end, step)) != frames:
        return f"lasts {float(ending):g} frames, planned were {frames}"
    if off := int(np.count_nonzero(track.times % step)):
        return f"has {off} of {len(track.times)} frames off the grid of {wanted.rate.numerator} Hz"
    if track.times[0] != 0 or np.any(np.diff(track.times) == 0):
        return "does not show its first frame at 0, or shows two frames at once"
    if len(track.keys) == 0 or track.keys[0] != 0:
        return "does not begin with a key frame"
    return ""


def _unlike_first(track: probe.VideoTrack, first: probe.VideoTrack) -> str:
    """What keeps a clip from joining the first one by copy; empty when nothing does."""
    if first.pixel_format != "yuv420p":
        return f"is h264 in {first.pixel_format or 'no format that decodes'}, not h264 in yuv420p"
    if track.tick != first.tick:
        return f"counts time in {track.tick} s, the first clip in {first.tick} s"
    if track.setup != first.setup:
        return "was encoded with other parameters than the first clip, so they do not join by copy"
    return ""
