"""What is inside a media file: its tracks, times, sound and pictures, read in process and without ffprobe."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from services.media.clock import SAMPLE_RATE

BT709 = (1, 1, 1, 1)
"""Primaries, transfer, matrix (ITU-T H.273) of BT.709, and limited range: every clip is tagged with them."""

Samples = npt.NDArray[np.int16]
"""One channel of sound at 48 kHz, full scale 32768."""


class Unreadable(Exception):
    """The file is not media of the kind that was asked for; the message continues "The file …"."""


@dataclass(frozen=True, slots=True, eq=False)
class VideoTrack:
    """A picture track, from its packets; nothing is decoded.

    Args:
        codec: `h264`, …
        width: Pixels.
        height: Pixels.
        pixel_format: `yuv420p`, …; empty when nothing was decoded.
        setup: The codec's parameter sets; clips that join by copy have equal ones.
        tick: Seconds per unit of `times`, `keys` and `end`.
        colours: Primaries, transfer, matrix, range, in the numbers of ITU-T H.273 (range: FFmpeg's).
        times: When each frame appears, in ascending order.
        keys: When each key frame appears, in ascending order.
        end: When the last frame ends.
    """

    codec: str
    width: int
    height: int
    pixel_format: str
    setup: bytes
    tick: Fraction
    colours: tuple[int, int, int, int]
    times: npt.NDArray[np.int64]
    keys: npt.NDArray[np.int64]
    end: int


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """A sound track, from its packets, without the encoder's delay and padding.

    Args:
        codec: `aac`, …
        rate: Samples per second; what follows counts in them.
        channels: How many.
        start: The first sample heard, on the file's clock.
        samples: How many are heard.
        digest: SHA-256 over the decoder's setup and every packet with its time, its length and how much of
            it is not heard; tracks with the same digest decode to the same sound at the same time.
    """

    codec: str
    rate: int
    channels: int
    start: int
    samples: int
    digest: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A chapter of a file; times in seconds."""

    title: str
    start: Fraction
    end: Fraction


def video(path: Path, *, decode: bool = True) -> VideoTrack:
    """The picture track of a file; all its packets are read.

    Args:
        path: The file.
        decode: False spares the first frame, from which alone the pixel format is known.

    Raises:
        Unreadable: It has none, or its packets cannot be read.
    """
    with opened(path, decode=decode) as file:
        if not file.streams.video:
            raise Unreadable("has no picture")
        stream = file.streams.video[0]
        times, keys, end = _times(file, stream)
        codec = stream.codec_context
        assert stream.time_base is not None
        return VideoTrack(
            codec.name,
            codec.width,
            codec.height,
            codec.pix_fmt or "",
            codec.extradata or b"",
            stream.time_base,
            (codec.color_primaries, codec.color_trc, codec.colorspace, codec.color_range),
            times,
            keys,
            end,
        )


def audio(path: Path) -> AudioTrack:
    """The sound track of a file; all its packets are read.

    Raises:
        Unreadable: It has none, or its packets cannot be read.
    """
    with opened(path) as file:
        if not file.streams.audio:
            raise Unreadable("has no sound")
        stream = file.streams.audio[0]
        first, end = stream.start_time or 0, 0
        assert stream.time_base is not None
        per = stream.time_base * stream.rate
        setup = stream.codec_context.extradata or b""
        digest = hashlib.sha256(f"{per} {first} {len(setup)} ".encode() + setup)
        for packet in file.demux(stream):
            if packet.pts is not None:
                end = max(end, packet.pts + (packet.duration or 0))
                skipped = bytes(packet.get_sidedata("skip_samples"))
                digest.update(f"{packet.pts} {packet.dts} {packet.duration} {skipped.hex()} ".encode())
                digest.update(f"{packet.size} ".encode() + bytes(packet))
        return AudioTrack(
            stream.codec_context.name,
            stream.rate,
            stream.channels,
            round(first * per),
            round((end - first) * per),
            digest.hexdigest(),
        )


def samples(path: Path) -> Iterator[Samples]:
    """The sound of a file, decoded piece by piece; memory does not grow with its length.

    Raises:
        Unreadable: It is no 48 kHz mono 16-bit sound, or does not decode.
    """
    with opened(path) as file:
        if not file.streams.audio:
            raise Unreadable("has no sound")
        stream: AudioStream = file.streams.audio[0]
        for frame in file.decode(stream):
            found = (frame.sample_rate, len(frame.layout.channels), frame.format.packed.name)
            if found != (SAMPLE_RATE, 1, "s16"):
                raise Unreadable("is {} Hz, {} channels, {}, not 48000 Hz, 1 channel, s16".format(*found))
            yield np.asarray(frame.to_ndarray().reshape(-1), np.int16)


def sides(path: Path) -> Iterator[npt.NDArray[np.float32]]:
    """The two channels of a file's sound, decoded piece by piece: shape (2, n), full scale 1.

    The encoder's delay is left out; its padding at the end is not.

    Raises:
        Unreadable: It is no 48 kHz stereo sound in floats, or does not decode.
    """
    with opened(path) as file:
        if not file.streams.audio:
            raise Unreadable("has no sound")
        for frame in file.decode(file.streams.audio[0]):
            found = (frame.sample_rate, len(frame.layout.channels), frame.format.name)
            if found != (SAMPLE_RATE, 2, "fltp"):
                raise Unreadable("is {} Hz, {} channels, {}, not 48000 Hz, 2 channels, fltp".format(*found))
            yield np.asarray(frame.to_ndarray(), np.float32)


def picture_at(path: Path, time: int) -> npt.NDArray[np.uint8]:
    """The frame shown at a time (in the track's ticks): RGB, uint8, shape (height, width, 3).

    Raises:
        Unreadable: There is no frame, or it does not decode.
    """
    with opened(path) as file:
        if not file.streams.video:
            raise Unreadable("has no picture")
        stream = file.streams.video[0]
        file.seek(max(0, time), stream=stream)
        shown = None
        for frame in file.decode(stream):
            if shown is not None and frame.pts is not None and frame.pts > time:
                break
            shown = frame
        if shown is None:
            raise Unreadable("has no frame that decodes")
        return shown.to_ndarray(
            format="rgb24",
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
        ).astype(np.uint8, copy=False)


def undecodable(path: Path, times: Sequence[int]) -> list[int]:
    """Of some key frames, given by their times in the track's ticks, those that do not decode whole: indices.

    Raises:
        Unreadable: The file cannot be opened.
    """
    failed: list[int] = []
    with opened(path) as file:
        stream = file.streams.video[0]
        for index, time in enumerate(times):
            try:
                file.seek(time, stream=stream)
                frame = next(file.decode(stream), None)
                whole = frame is not None and frame.pts == time and not frame.is_corrupt
            except av.InvalidDataError:
                whole = False
            if not whole:
                failed.append(index)
    return failed


def chapters(path: Path) -> list[Mark]:
    """The chapters of a file, in order.

    Raises:
        Unreadable: The file cannot be opened.
    """
    with opened(path) as file:
        return [
            Mark(c["metadata"].get("title", ""), c["start"] * tick, c["end"] * tick)
            for c in file.chapters()
            if (tick := Fraction(c["time_base"] or 0))
        ]


def boxes(path: Path) -> list[str]:
    """The names of an MP4's outermost boxes, in order: `moov` before `mdat` plays while it loads.

    Raises:
        Unreadable: The boxes do not add up to the file.
    """
    found: list[str] = []
    left = path.stat().st_size
    with path.open("rb") as file:
        while left > 0:
            head = file.read(16)
            size = int.from_bytes(head[:4], "big")
            if size == 1:
                size = int.from_bytes(head[8:16], "big")
            if not 8 <= size <= left:
                raise Unreadable(f"breaks off in its box {len(found) + 1}")
            found.append(head[4:8].decode("latin-1"))
            left -= size
            file.seek(size - len(head), 1)
    return found


def _times(
    file: InputContainer, stream: VideoStream
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    times, keys, end = array("q"), array("q"), 0
    for packet in file.demux(stream):
        if packet.pts is None:
            if packet.size:
                raise Unreadable("has a frame without a time")
            continue
        if packet.is_corrupt:
            raise Unreadable(f"breaks off at frame {len(times)}")
        times.append(packet.pts)
        end = max(end, packet.pts + (packet.duration or 0))
        if packet.is_keyframe:
            keys.append(packet.pts)
    if not times:
        raise Unreadable("has no frames")
    return np.sort(np.array(times)), np.sort(np.array(keys)), end


@contextmanager
def opened(path: Path, *, decode: bool = True) -> Iterator[InputContainer]:
    """A file for reading; what FFmpeg says against it becomes Unreadable.

    To open a file, FFmpeg decodes its first frame (10 ms at 1080p); without `decode` it takes the index's
    word.
    """
    # Reference names inside a file must not open other files or addresses.
    options = {"protocol_whitelist": "file"} | ({} if decode else {"codec_whitelist": "none"})
    try:
        with av.open(str(path), options=options) as file:
            yield file
    except av.FFmpegError as error:
        raise Unreadable(f"does not read as media: {error.strerror}") from error
