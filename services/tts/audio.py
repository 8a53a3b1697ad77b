"""Sound from an engine becomes one kind of file, and is checked: FLAC, 48 kHz, mono, 16 bit."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import numpy.typing as npt
from av.codec.context import Flags
from av.container import InputContainer

from services.chassis.errors import InvalidRequest, Violation, VoiceUnavailable
from services.media.clock import SAMPLE_RATE

MADE_BY = f"flac 5 bitexact, swresample, av {av.__version__}"
"""What changes the bytes of a file without being asked for."""

SILENCE = 103
"""A peak of -50 dBFS: 32768 · 10^(-50/20)."""

LONGEST = 3600 * SAMPLE_RATE
"""An hour, the most one speech may last."""

_STEP = 1 << 16
"""Samples read at once; the resampler's output depends on it in nothing but memory."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A written file: its length in samples at 48 kHz, and its loudest sample, 0 to 32768."""

    samples: int
    peak: int


def from_pcm(source: BinaryIO, *, rate: int, count: int, to: Path) -> Sound:
    """Write 16-bit mono samples of any rate as FLAC; `count` of them make ceil(count · 48000 / rate)."""
    return _write(_pcm_frames(source, rate), to, exactly=-(-count * SAMPLE_RATE // rate))


def from_mp3(data: bytes, *, to: Path) -> Sound:
    """Write an MP3 as FLAC.

    Raises:
        VoiceUnavailable: The bytes are no MP3.
        InvalidRequest: The sound is longer than an hour.
    """
    try:
        with av.open(io.BytesIO(data), "r", format="mp3") as container:
            sound = _write(_mp3_frames(container), to, exactly=None)
    except (av.FFmpegError, IndexError):
        sound = Sound(0, 0)
    if not sound.samples:
        raise VoiceUnavailable(f"The engine's answer of {len(data)} bytes is not an MP3.")
    return sound


def check(sound: Sound, *, engine: str, expected: int | None = None) -> None:
    """Refuse what an engine should not have sent.

    Args:
        sound: What it sent.
        engine: Who it was, for the message.
        expected: The samples that are plausible; a third and three times of it still pass, and 3 s more,
            since acronyms and short texts are hard to foresee. None: any length passes.

    Raises:
        VoiceUnavailable: Empty, silent (below -50 dBFS), much too short or much too long.
    """
    if not sound.samples:
        raise VoiceUnavailable(f"{engine} answered without audio.")
    if sound.peak < SILENCE:
        raise VoiceUnavailable(
            f"{engine} answered with silence: the loudest of {sound.samples} samples is {sound.peak}."
        )
    seconds = sound.samples / SAMPLE_RATE
    if expected is not None and not expected / 3 <= sound.samples <= expected * 3 + 3 * SAMPLE_RATE:
        raise VoiceUnavailable(
            f"{engine} answered with {seconds:.1f} s of audio "
            f"where about {expected / SAMPLE_RATE:.1f} s were expected."
        )


def too_long(text: str) -> InvalidRequest:
    """The error for a text that takes more than an hour to speak."""
    return InvalidRequest(
        f"The text of {len(text)} characters takes longer than an hour to speak.",
        violations=[Violation("text", "must be spoken within an hour; split it, or raise speed_percent")],
    )


def _pcm_frames(source: BinaryIO, rate: int) -> Iterator[av.AudioFrame]:
    while data := source.read(_STEP * 2):
        frame = av.AudioFrame.from_ndarray(
            np.frombuffer(data, "<i2").reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = rate
        yield frame


def _mp3_frames(container: InputContainer) -> Iterator[av.AudioFrame]:
    """What can be decoded; a long text comes in several MP3s, and what joins them need not be sound."""
    for packet in container.demux(audio=0):
        with suppress(av.error.InvalidDataError):
            for frame in packet.decode():
                assert isinstance(frame, av.AudioFrame)
                yield frame


def _write(frames: Iterator[av.AudioFrame], to: Path, *, exactly: int | None) -> Sound:
    """Resample and encode; padded with silence or cut to `exactly` samples when given."""
    total = peak = 0
    with av.open(str(to), "w", format="flac", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE, options={"compression_level": "5"})
        stream.codec_context.layout, stream.codec_context.format = "mono", "s16"
        stream.codec_context.thread_count = 1
        stream.codec_context.flags |= Flags.bitexact
        for block in _at_clock(frames, exactly):
            frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, total, Fraction(1, SAMPLE_RATE)
            total, peak = total + block.size, max(peak, int(np.abs(block.astype(np.int32)).max()))
            if total > LONGEST:
                raise InvalidRequest("The speech is longer than an hour; split the text.")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return Sound(total, peak)


def _at_clock(frames: Iterator[av.AudioFrame], exactly: int | None) -> Iterator[npt.NDArray[np.int16]]:
    """The samples at 48 kHz, in blocks of at least one."""
    resampler, done = av.AudioResampler("s16", "mono", SAMPLE_RATE), 0
    for frame in chain[av.AudioFrame | None](frames, (None,)):
        for out in resampler.resample(frame):
            block = out.to_ndarray()[0].astype(np.int16, copy=False)[
                : None if exactly is None else exactly - done
            ]
            done += block.size
            if block.size:
                yield block
    if exactly is not None and done < exactly:
        # The resampler keeps back sounds of a few samples.
        yield np.zeros(exactly - done, np.int16)
