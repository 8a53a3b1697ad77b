"""Writes a clip: H.264 in MP4 without sound, which begins with a key frame and joins others by copy.

Encoding is the cost of a render, and most frames of a card repeat the one before. Only frames that differ
go through x264, and a few after them, so that the picture gains its full quality; the others are
repeated by `repeat.py`. The encoder reads the caller's buffer: nothing is copied per frame on our side.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import av
import numpy as np
import numpy.typing as npt
from av.codec.context import Flags
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from services.chassis.errors import StoreFull
from services.media.clock import SAMPLE_RATE, Rate
from services.media.repeat import Still, begins_anew

KEY_SECONDS = 4
"""A key frame at least so often: what HLS segments and seeking want."""

HEARTBEAT_SECONDS = 1
"""A frame is encoded at least so often, changed or not."""

EDGE_FRAMES = 4
"""Sparse clips: so many first and last frames are always written; with fewer the last duration is lost."""

SETTLE_FRAMES = 2
"""So many frames are encoded after the last change; more of them make the file larger, not better."""

Coded: TypeAlias = "Packet[Any]"

_MP4_TICKS = 15_360
_BT709 = 1
_LIMITED = 1
_FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a clip is encoded; everything here changes its bytes.

    Args:
        rate: The grid.
        frames: The clip's length on the grid, at least 1.
        sparse: Leave frames out that repeat the one before; else the clip holds every frame of the grid.
        threads: x264's threads, 1 to 16. Each count gives its own bytes.
        crf: x264's constant rate factor, 0 to 51; 20 is visually lossless for cards.
    """

    rate: Rate
    frames: int
    sparse: bool = False
    threads: int = 1
    crf: int = 20

    def __post_init__(self) -> None:
        if self.frames < 1 or not 1 <= self.threads <= 16 or not 0 <= self.crf <= 51:
            raise ValueError(
                f"{self.frames} frames, {self.threads} threads, crf {self.crf} cannot be encoded"
            )

    @property
    def key_frames(self) -> int:
        """Frames from one forced key frame to the next."""
        return self.rate.frames_for(KEY_SECONDS * SAMPLE_RATE)

    @property
    def heartbeat(self) -> int:
        """The most frames of the grid from one encoded frame to the next."""
        return max(1, HEARTBEAT_SECONDS * self.rate.numerator // self.rate.denominator)

    def wants(self, frame: int, *, last_change: int, last: int) -> bool:
        """Tell whether a frame of the grid is encoded.

        Args:
            frame: Its number.
            last_change: The last frame up to this one that differs from the one before.
            last: The frame encoded before it.
        """
        return (
            frame - last_change <= SETTLE_FRAMES
            or frame - last >= self.heartbeat
            or frame % self.key_frames == 0
            or (self.sparse and not EDGE_FRAMES <= frame < self.frames - EDGE_FRAMES)
        )


def timescale(rate: Rate) -> int:
    """Ticks per second in which every frame of the rate begins on a tick; at least 10,000.

    15,360 where it fits (24 does, 30, 60), else the rate's numerator doubled until it is fine enough.
    """
    if _MP4_TICKS % rate.numerator == 0:
        return _MP4_TICKS
    ticks = rate.numerator
    while ticks < 10_000:
        ticks *= 2
    return ticks


def _container(rate: Rate) -> dict[str, str]:
    ticks = str(timescale(rate))
    return {
        "movflags": "+faststart",
        # No version of the writer, no date.
        "fflags": "+bitexact",
        "video_track_timescale": ticks,
        # The edit list counts in these; in its default of milliseconds the duration leaves the grid.
        "movie_timescale": ticks,
    }


def _options(encoding: Encoding) -> dict[str, str]:
    x264 = {
        # Dark gradients get the bits that keep them from banding.
        "aq-mode": "3",
        "aq-strength": "1.4",
        # Without it a frame that stays longer gets more bits: twice the file.
        "force-cfr": "1",
        # Closed groups join by copy; key frames come by time, and where a page changes.
        "open-gop": "0",
        "keyint": "infinite",
        # Half of the preset's: 35 MB less at 1080p for half a decibel above 50.
        "rc-lookahead": "5",
        # What `repeat.py` needs. On cards neither costs size or quality; B-frames cost memory, too.
        "bframes": "0",
        "ref": "1",
        "weightp": "0",
        # Another processor must not choose another algorithm.
        "cpu-independent": "1",
    }
    return {
        "preset": "veryfast",
        "crf": str(encoding.crf),
        "forced-idr": "1",
        "x264-params": ":".join(f"{name}={value}" for name, value in x264.items()),
    }


class Encoder:
    """Encodes one buffer again and again while its owner changes it; a context manager.

    Args:
        path: The file to write; replaced if it exists.
        buffer: uint8, shape (height · 3 / 2, width): the planes Y, U, V of 4:2:0, BT.709, limited
            range, without padding. It is read during `show` and never after it.
        encoding: How.

    Raises:
        StoreFull: The disk is full; from any method.
    """

    def __init__(self, path: Path, buffer: npt.NDArray[np.uint8], encoding: Encoding) -> None:
        self.encoding = encoding
        self.encoded = 0
        self._next = self._last = self._last_change = 0
        self._written = self._number = 0
        height, width = buffer.shape[0] * 2 // 3, buffer.shape[1]
        self._still = None if encoding.sparse else _still(width, height, replace(encoding, frames=1))
        with _disk():
            self._file = av.open(str(path), "w", format="mp4", options=_container(encoding.rate))
        rate = _fraction(encoding.rate)
        self._stream = self._file.add_stream("libx264", rate=rate, options=_options(encoding))
        _prepare(self._stream.codec_context, width, height, encoding)
        self._frame = av.VideoFrame.from_numpy_buffer(buffer, format="yuv420p")
        self._frame.time_base = 1 / rate

    def show(self, *, changed: bool = True) -> None:
        """Take the buffer as the next frame of the grid; `changed` tells whether it differs from the last."""
        number = self._next
        if number >= self.encoding.frames:
            raise ValueError(f"the clip has its {self.encoding.frames} frames already")
        self._next += 1
        if changed:
            self._last_change = number
        if not self.encoding.wants(number, last_change=self._last_change, last=self._last):
            return
        self._frame.pts = number
        key = number % self.encoding.key_frames == 0
        self._frame.pict_type = PictureType.I if key else PictureType.NONE
        self._last = number
        self.encoded += 1
        self._write(self._stream.encode(self._frame))

    def _write(self, packets: Iterable[Coded]) -> None:
        """Write what came out of x264, each after the repeats that are due before it."""
        with _disk():
            for packet in packets:
                if self._still is not None:
                    self._repeat(self._still, until=packet.pts or 0)
                    packet = self._counted(self._still, packet)
                self._file.mux(packet)

    def _counted(self, still: Still, packet: Coded) -> Coded:
        data = bytes(packet)
        self._number = 0 if begins_anew(data) else still.numbering.following(self._number)
        self._written += 1
        numbered = Packet(still.numbering.renumber(data, self._number))
        numbered.is_keyframe = packet.is_keyframe
        return self._place(numbered, packet.pts or 0)

    def _repeat(self, still: Still, *, until: int) -> None:
        while self._written < until:
            self._number = still.numbering.following(self._number)
            self._file.mux(self._place(Packet(still.frame(self._number)), self._written))
            self._written += 1

    def _place(self, packet: Coded, number: int) -> Coded:
        packet.stream = self._stream
        packet.time_base = 1 / _fraction(self.encoding.rate)
        packet.pts = packet.dts = number
        packet.duration = 1
        return packet

    def __enter__(self) -> Encoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._next != self.encoding.frames:
                raise ValueError(f"{self._next} of {self.encoding.frames} frames were shown")
            if kind is None:
                self._write(self._stream.encode(None))
                if self._still is not None:
                    with _disk():
                        self._repeat(self._still, until=self.encoding.frames)
        finally:
            with _disk():
                self._file.close()


def _fraction(rate: Rate) -> Fraction:
    return Fraction(rate.numerator, rate.denominator)


def _prepare(codec: VideoCodecContext, width: int, height: int, encoding: Encoding) -> None:
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base = 1 / _fraction(encoding.rate)
    codec.thread_count = encoding.threads
    codec.color_primaries = codec.color_trc = codec.colorspace = _BT709
    codec.color_range = _LIMITED


@lru_cache(maxsize=4)
def _still(width: int, height: int, encoding: Encoding) -> Still:
    """The repeating frame of an encoding: the third of three flat ones."""
    codec = av.CodecContext.create("libx264", "w")
    assert isinstance(codec, VideoCodecContext)
    _prepare(codec, width, height, encoding)
    codec.framerate = _fraction(encoding.rate)
    codec.options = _options(encoding)
    codec.flags |= Flags.global_header
    flat = av.VideoFrame.from_numpy_buffer(np.full((height * 3 // 2, width), 128, np.uint8), format="yuv420p")
    flat.time_base = codec.time_base
    packets = []
    for number in range(3):
        flat.pts = number
        packets += codec.encode(flat)
    packets += codec.encode(None)
    return Still(codec.extradata or b"", bytes(packets[2]))


@contextmanager
def _disk() -> Iterator[None]:
    """Turns a full disk into StoreFull."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL_DISK:
            raise
        raise StoreFull("The disk that clips are made on is full: make room, then try again.") from error
