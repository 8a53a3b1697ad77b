"""Clips to and from the contract."""

from __future__ import annotations

from services.artifacts import wire as artifacts
from services.media.clip import Clip, FrameTiming, Picture
from services.media.clock import Rate
from storyreel.media.v1 import clip_pb2


def picture_to_proto(picture: Picture) -> clip_pb2.Picture:
    """The contract's form of a size and rate."""
    return clip_pb2.Picture(
        width=picture.width,
        height=picture.height,
        rate_numerator=picture.rate.numerator,
        rate_denominator=picture.rate.denominator,
    )


def picture_from_proto(message: clip_pb2.Picture) -> Picture:
    """The size and rate of a valid message."""
    return Picture(message.width, message.height, Rate(message.rate_numerator, message.rate_denominator))


def frame_timing_to_proto(timing: FrameTiming) -> clip_pb2.FrameTiming.ValueType:
    """The contract's form of which frames are written."""
    return clip_pb2.FrameTiming.Value(f"FRAME_TIMING_{timing}".upper())


def frame_timing_from_proto(value: clip_pb2.FrameTiming.ValueType) -> FrameTiming:
    """Which frames are written; all of them by default."""
    return "sparse" if value == clip_pb2.FRAME_TIMING_SPARSE else "constant"


def clip_to_proto(clip: Clip) -> clip_pb2.Clip:
    """The contract's form of a clip."""
    return clip_pb2.Clip(
        video=artifacts.to_proto(clip.video), frames=clip.frames, picture=picture_to_proto(clip.picture)
    )


def clip_from_proto(message: clip_pb2.Clip) -> Clip:
    """The clip of a valid message."""
    return Clip(artifacts.from_proto(message.video), message.frames, picture_from_proto(message.picture))
