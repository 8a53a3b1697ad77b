"""The nouns of footage to and from the contract."""

from __future__ import annotations

from services.artifacts import wire as artifacts
from services.generation import making_wire
from services.generation.clip import GeneratedClip, Shot
from services.media.wire import (
    clip_from_proto,
    clip_to_proto,
    frame_timing_from_proto,
    frame_timing_to_proto,
    picture_from_proto,
)
from services.story.footage_wire import footage_from_proto, footage_to_proto
from storyreel.generation.v1 import generation_service_pb2 as pb


def explicit(spec: pb.FootageSpec, *, backend: str) -> pb.FootageSpec:
    """A spec with its defaults written out, so that the same clip has one digest.

    Raises:
        InvalidRequest: A retry keeps a LoRA that is not one of the footage's own.
    """
    full = pb.FootageSpec()
    full.CopyFrom(spec)
    full.footage.CopyFrom(footage_to_proto(footage_from_proto(spec.footage)))
    full.backend = backend
    full.frame_timing = frame_timing_to_proto(frame_timing_from_proto(spec.frame_timing))
    return full


def shot_from_proto(spec: pb.FootageSpec) -> Shot:
    """The clip that a valid spec asks for."""
    return Shot(
        frames=spec.frames,
        picture=picture_from_proto(spec.picture),
        frame_timing=frame_timing_from_proto(spec.frame_timing),
        continues=spec.continues,
    )


def generated_to_proto(made: GeneratedClip) -> pb.GeneratedClip:
    """The contract's form of a generated clip."""
    return pb.GeneratedClip(
        clip=clip_to_proto(made.clip),
        making=making_wire.making_to_proto(made.making),
        last_frame=artifacts.to_proto(made.last_frame) if made.last_frame else None,
    )


def generated_from_proto(message: pb.GeneratedClip) -> GeneratedClip:
    """The generated clip of a valid message."""
    return GeneratedClip(
        clip=clip_from_proto(message.clip),
        making=making_wire.making_from_proto(message.making),
        last_frame=artifacts.from_proto(message.last_frame) if message.HasField("last_frame") else None,
    )
