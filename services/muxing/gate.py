"""The gate: the finished file is opened and measured, and refused when it is not what was planned.

Pictures are judged by the times and marks of their packets; of each scene only the first frame is decoded.
The sound was decoded, measured and searched for each voice when it was made. Its track here must have the
same setup and the same packets at the same times, so it decodes to the same. Then, for every scene:

    offset = (time its voice is heard - time its first frame appears), less the frames planned between them

A voice begins on the grid of access units, so offsets of up to 10.7 ms are planned (see `clock.voice_at`).
Drift is what adds up beside them: how far the last scene is from its plan, less how far the first one is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from services.chassis.errors import GateRefused, Suggestion
from services.media import probe
from services.media.clock import SAMPLE_RATE, Rate
from services.muxing.package import chapter_title
from services.muxing.timeline import Timeline, misfit
from services.muxing.video import Measurements


@dataclass(frozen=True, slots=True)
class Findings:
    """What a finished file was found to hold.

    Args:
        picture: Codec, pixel format, width, height.
        colours: Tags; see `probe.VideoTrack`.
        frames: Length on the grid; a fraction when it ends beside it.
        off_grid: Frames that begin beside the grid, or at the time of another.
        starts: Per scene: how many frames after its place the next frame appears.
        keys: Scenes whose first frame is a key frame.
        broken: Numbers of the scenes whose first frame does not decode, from 1.
        sound: Codec, rate, channels.
        sound_copied: Whether the track is that of the finished sound, packet by packet, with its times.
        audio_samples: Samples heard.
        boxes: The outermost boxes.
        chapters: Title and first frame.
    """

    picture: tuple[str, str, int, int]
    colours: tuple[int, int, int, int]
    frames: Fraction
    off_grid: int
    starts: tuple[Fraction, ...]
    keys: int
    broken: tuple[int, ...]
    sound: tuple[str, int, int]
    sound_copied: bool
    audio_samples: int
    boxes: tuple[str, ...]
    chapters: tuple[tuple[str, int], ...]


def look(video: Path, *, sound: Path, rate: Rate, starts: Sequence[int]) -> Findings:
    """Open a finished file.

    Args:
        video: The file.
        sound: The sound it was made with.
        rate: The grid.
        starts: The first frame of each scene.

    Raises:
        GateRefused: It does not open.
    """
    try:
        track, tone, original = probe.video(video), probe.audio(video), probe.audio(sound)
        marks, boxes = probe.chapters(video), probe.boxes(video)
        frame = Fraction(rate.denominator, rate.numerator) / track.tick
        broken = probe.undecodable(video, [int(start * frame) for start in starts])
    except probe.Unreadable as error:
        raise refused([f"it {error}"]) from error
    # In units of 1/numerator of a frame times are whole numbers, so nothing is rounded.
    times, step = track.times * frame.denominator, frame.numerator
    wanted = np.array(starts, dtype=np.int64) * step
    shown = times[np.minimum(np.searchsorted(times, wanted), len(times) - 1)]
    return Findings(
        picture=(track.codec, track.pixel_format, track.width, track.height),
        colours=track.colours,
        frames=Fraction(track.end * frame.denominator, step),
        off_grid=int(np.count_nonzero(times % step)) + int(np.count_nonzero(np.diff(times) == 0)),
        starts=tuple(Fraction(int(late), step) for late in shown - wanted),
        keys=int(np.count_nonzero(np.isin(wanted, track.keys * frame.denominator))),
        broken=tuple(index + 1 for index in broken),
        sound=(tone.codec, tone.rate, tone.channels),
        sound_copied=tone == original,
        audio_samples=tone.samples,
        boxes=tuple(boxes),
        chapters=tuple((mark.title, round(mark.start * rate.numerator / rate.denominator)) for mark in marks),
    )


def judge(found: Findings, timeline: Timeline) -> Measurements:
    """What was measured, when it is what was planned.

    Raises:
        GateRefused: It is not; the message names every difference with its numbers.
    """
    rate = timeline.rate
    frame = Fraction(rate.denominator, rate.numerator)
    voices = timeline.sound.voice_offsets
    off_plan = [late - float(after * frame) for late, after in zip(voices, found.starts, strict=True)]
    planned = [(scene.voice - rate.sample_at(scene.span.voice)) / SAMPLE_RATE for scene in timeline.scenes]
    measured = Measurements(
        frames=round(found.frames),
        video_seconds=float(found.frames * frame),
        audio_seconds=found.audio_samples / SAMPLE_RATE,
        max_av_offset_seconds=max(abs(off + grid) for off, grid in zip(off_plan, planned, strict=True)),
        av_drift_seconds=abs(off_plan[-1] - off_plan[0]),
        loudness=timeline.sound.loudness,
        scene_key_frames=found.keys,
    )
    if found.broken:
        raise misfit(found.broken[0], "has a first frame that does not decode")
    if differences := list(_differences(found, measured, timeline)):
        raise refused(differences)
    return measured


def missing_chapters(found: Findings, timeline: Timeline) -> str:
    """Why the chapters are not what was planned; empty when they are."""
    wanted = tuple((chapter_title(c.title), c.start) for c in timeline.chapters())
    if found.chapters == wanted:
        return ""
    return f"chapters: {len(found.chapters)} of {len(wanted)} are in the file as planned"


def refused(differences: list[str]) -> GateRefused:
    """The refusal of a finished file; each difference continues "The finished video …"."""
    return GateRefused(
        f"The finished video is not what was planned and was not published: {'; '.join(differences)}.",
        suggestions=[
            Suggestion("Report it with the request's digest; the same request gives the same file.")
        ],
    )


def _differences(found: Findings, measured: Measurements, timeline: Timeline) -> Iterator[str]:
    picture = timeline.picture
    one_frame = picture.rate.seconds(1)
    codec, pixels, width, height = found.picture
    if found.picture != ("h264", "yuv420p", picture.width, picture.height):
        yield f"its picture is {codec}, {pixels}, {width}x{height}, planned was h264, yuv420p, {picture}"
    if found.colours != probe.BT709:
        yield f"its colour tags are {found.colours}, not BT.709's"
    if found.frames != timeline.frames:
        yield f"it lasts {float(found.frames):g} frames, planned were {timeline.frames}"
    if found.off_grid:
        yield f"frames off the grid: {found.off_grid}"
    if found.keys != len(timeline.scenes):
        yield f"{found.keys} of {len(timeline.scenes)} scenes begin with a key frame"
    if found.sound != ("aac", SAMPLE_RATE, 2):
        yield "its sound is {}, {} Hz, {} channels, not aac, 48000 Hz, 2 channels".format(*found.sound)
    if not found.sound_copied or found.audio_samples != timeline.samples:
        yield f"its sound of {found.audio_samples} samples is not the finished one of {timeline.samples}"
    if (apart := abs(measured.video_seconds - measured.audio_seconds)) > one_frame:
        yield f"picture and sound differ by {apart * 1000:.1f} ms in length"
    if measured.max_av_offset_seconds > one_frame:
        yield f"a voice is {measured.max_av_offset_seconds * 1000:.1f} ms off its picture"
    voice_samples = sum(scene.planned.voice_samples for scene in timeline.scenes)
    yield from measured.loudness.misses(voice_samples)
    if not _index_first(found.boxes):
        yield f"its index is not at the front: {', '.join(found.boxes)}"


def _index_first(boxes: tuple[str, ...]) -> bool:
    return "moov" in boxes and "mdat" in boxes and boxes.index("moov") < boxes.index("mdat")
