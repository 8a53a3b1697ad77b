"""The process that opens what a video server sent: checks it and writes the clip. Run by `chassis.inside`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from PIL import Image, UnidentifiedImageError

from services.chassis.errors import GenerationFailed, InvalidRequest, Violation
from services.chassis.progress import Progress, Report
from services.generation import checks
from services.generation.video_api.task import Fit, Made, Shoot, read
from services.media.clock import Rate
from services.media.conform import Frame, Reshoot, covering

MOST_FRAMES = 2_000
MOST_SIDE = 4_096
"""What no generated video is above; larger ones are refused before they take memory."""

SLOWEST, FASTEST = Fraction(1), Fraction(120)
"""Frames per second that a generated video may have."""

_REPORTED = 8
_BT709 = 1
_FULL_RANGE = 2
# What engines write. Text of other kinds, playlists for one, would open more files.
_OPTIONS = {"protocol_whitelist": "file", "codec_whitelist": "h264,hevc,mpeg4,vp9,av1,libdav1d"}


def answer(payload: bytes, report: Report) -> bytes:
    """Do a task; the reply is JSON.

    Raises:
        GenerationFailed: The video does not decode, or does not pass a check.
        InvalidRequest: The image does not open.
        StoreFull: The disk is full.
    """
    task = read(payload)
    if isinstance(task, Fit):
        _fit(task)
        return b"{}"
    return _shoot(task, report).packed()


def _shoot(task: Shoot, report: Report) -> Made:
    """Check a video's frames while they become the clip, then the clip."""
    image = _opened_image(Path(task.image)) if task.image else None
    watch = checks.Watch()
    told: tuple[str, ...] = ()
    with _opened(Path(task.source)) as (file, stream):
        count, rate = _counted(task.source), _rate(stream)
        width, height = stream.codec_context.width, stream.codec_context.height
        if count < task.least_frames:
            raise GenerationFailed(
                f"The video is too short: of frames it has {count} of {task.least_frames}."
            )
        with Reshoot(
            Path(task.path),
            task.picture,
            frames=task.frames,
            native_frames=count,
            native_rate=rate,
            sparse=task.sparse,
            threads=task.threads,
        ) as reshoot:
            for number, frame in enumerate(_frames(file, stream, width, height)):
                watch.see(frame)
                if image is not None and number == 0:
                    told = (checks.likeness(frame, image),)
                reshoot.take(frame)
                if number % _REPORTED == 0:
                    report(Progress("postprocess", min(1.0, number / count), number, count, "frames"))
            passed = watch.verdict(frames=count)
    finished = checks.finished(Path(task.path), task.picture, frames=task.frames)
    return Made(width, height, count, rate, (*passed, *told, *finished))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """A video, its picture not too large; what FFmpeg says against it is GenerationFailed."""
    try:
        with av.open(str(path), format="mp4", options=_OPTIONS, metadata_errors="replace") as file:
            # A stream of a codec that is not let in has no decoder at all.
            stream = next((s for s in file.streams.video if _decodable(s)), None)
            if stream is None:
                raise GenerationFailed("The video server's file has no picture in a codec that is read.")
            _check_size(stream.codec_context.width, stream.codec_context.height)
            yield file, stream
    except av.FFmpegError as error:
        raise GenerationFailed("The video server's file does not decode to its end as MP4.") from error


def _decodable(stream: VideoStream) -> bool:
    decoder: object = stream.codec_context
    return decoder is not None


def _counted(source: str) -> int:
    """How many frames a video has, by its packets; what its index promises must be there."""
    with _opened(Path(source)) as (file, stream):
        count = 0
        for packet in file.demux(stream):
            count += bool(packet.size)
            if count > MOST_FRAMES:
                raise GenerationFailed(f"The video has more than {MOST_FRAMES} frames.")
            if packet.is_corrupt:
                raise GenerationFailed(f"The video breaks off in its frame {count}.")
        if count < stream.frames:
            raise GenerationFailed(f"The video breaks off after {count} of {stream.frames} frames.")
        return count


def _frames(file: InputContainer, stream: VideoStream, width: int, height: int) -> Iterator[Frame]:
    """The frames of a video as RGB; each of the size that the first promises."""
    for frame in file.decode(stream):
        if frame.is_corrupt:
            raise GenerationFailed("The video server's file does not decode whole.")
        if (frame.width, frame.height) != (width, height):
            raise GenerationFailed("The video changes its size.")
        yield _rgb(frame)


def _rgb(frame: VideoFrame) -> Frame:
    # What has no tag was written by encoders that were handed RGB and took BT.601, whatever its size.
    colours = Colorspace.ITU709 if frame.colorspace == _BT709 else Colorspace.ITU601
    levels = ColorRange.JPEG if frame.color_range == _FULL_RANGE else ColorRange.MPEG
    rgb = frame.to_ndarray(
        format="rgb24",
        src_colorspace=colours,
        dst_colorspace=colours,
        src_color_range=levels,
        dst_color_range=ColorRange.JPEG,
    )
    return rgb.astype(np.uint8, copy=False)


def _rate(stream: VideoStream) -> Rate:
    rate = stream.average_rate
    if rate is None or not SLOWEST <= rate <= FASTEST:
        raise GenerationFailed("The video has no frame rate between 1 and 120.")
    return Rate(rate.numerator, rate.denominator)


def _check_size(width: int, height: int) -> None:
    if not (16 <= width <= MOST_SIDE and 16 <= height <= MOST_SIDE):
        raise GenerationFailed(f"The video is {width}x{height}; sides of 16 to {MOST_SIDE} are read.")


def _fit(task: Fit) -> None:
    """Write an image as PNG at a size that it covers."""
    frame = covering(_opened_image(Path(task.source)), task.width, task.height)
    Image.fromarray(frame).save(task.path, format="PNG")


def _opened_image(path: Path) -> Frame:
    try:
        with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as image:
            if max(image.size) > 4 * MOST_SIDE or image.width * image.height > MOST_SIDE * MOST_SIDE:
                raise _bad_image(f"It is {image.width}x{image.height}; at most 16 million pixels are read.")
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise _bad_image("It does not open as PNG, JPEG or WebP.") from error


def _bad_image(why: str) -> InvalidRequest:
    return InvalidRequest("The image cannot be used.", violations=[Violation("image", why)])
