"""The nouns of generation to and from the contract."""

from __future__ import annotations

from services.artifacts import wire as artifacts
from services.chassis.errors import InvalidRequest, Violation
from services.generation import making_wire
from services.generation.clip import Accent, Clip, FrameTiming, Look, Shot, Theme
from services.media.clock import Rate
from services.media.picture import Picture
from services.story import wire as story
from storyreel.generation.v1 import clip_pb2, generation_service_pb2
from storyreel.parsing.v1 import storyboard_pb2
from storyreel.tts.v1 import speech_pb2

THEMES: dict[int, Theme] = {clip_pb2.THEME_DARK: "dark", clip_pb2.THEME_LIGHT: "light"}
ACCENTS: dict[int, Accent] = {
    clip_pb2.ACCENT_ORANGE: "orange",
    clip_pb2.ACCENT_BLUE: "blue",
    clip_pb2.ACCENT_PURPLE: "purple",
    clip_pb2.ACCENT_GREEN: "green",
    clip_pb2.ACCENT_PINK: "pink",
    clip_pb2.ACCENT_CYAN: "cyan",
}
TIMINGS: dict[int, FrameTiming] = {
    clip_pb2.FRAME_TIMING_CONSTANT: "constant",
    clip_pb2.FRAME_TIMING_SPARSE: "sparse",
}
DEFAULT = Look()


def picture_to_proto(picture: Picture) -> clip_pb2.Picture:
    """The contract's form of a size and rate."""
    return clip_pb2.Picture(
        width=picture.width,
        height=picture.height,
        rate_numerator=picture.rate.numerator,
        rate_denominator=picture.rate.denominator,
    )


def picture_from_proto(message: clip_pb2.Picture) -> Picture:
    """The size and rate of a message; the message must be valid."""
    return Picture(message.width, message.height, Rate(message.rate_numerator, message.rate_denominator))


def look_to_proto(look: Look) -> clip_pb2.Look:
    """The contract's form of a look."""
    return clip_pb2.Look(
        theme=next(clip_pb2.Theme.ValueType(n) for n, theme in THEMES.items() if theme == look.theme),
        accent=next(clip_pb2.Accent.ValueType(n) for n, accent in ACCENTS.items() if accent == look.accent),
        timing=next(clip_pb2.FrameTiming.ValueType(n) for n, t in TIMINGS.items() if t == look.timing),
    )


def look_from_proto(message: clip_pb2.Look) -> Look:
    """The look of a message; what it leaves open takes the default."""
    return Look(
        theme=THEMES.get(message.theme, DEFAULT.theme),
        accent=ACCENTS.get(message.accent, DEFAULT.accent),
        timing=TIMINGS.get(message.timing, DEFAULT.timing),
    )


def clip_to_proto(clip: Clip) -> clip_pb2.Clip:
    """The contract's form of a clip."""
    return clip_pb2.Clip(
        video=artifacts.to_proto(clip.video),
        frames=clip.frames,
        picture=picture_to_proto(clip.picture),
        unshown=clip.unshown,
        making=making_wire.making_to_proto(clip.making) if clip.making else None,
        last_frame=artifacts.to_proto(clip.last_frame) if clip.last_frame else None,
    )


def clip_from_proto(message: clip_pb2.Clip) -> Clip:
    """The clip of a message; the message must be valid."""
    return Clip(
        video=artifacts.from_proto(message.video),
        frames=message.frames,
        picture=picture_from_proto(message.picture),
        unshown=tuple(message.unshown),
        making=making_wire.making_from_proto(message.making) if message.HasField("making") else None,
        last_frame=artifacts.from_proto(message.last_frame) if message.HasField("last_frame") else None,
    )


def explicit(
    request: generation_service_pb2.GenerateClipRequest,
) -> generation_service_pb2.GenerateClipRequest:
    """The request with its defaults and without its watcher's fields, so that it has one digest."""
    full = generation_service_pb2.GenerateClipRequest()
    full.CopyFrom(request)
    full.look.CopyFrom(look_to_proto(look_from_proto(request.look)))
    full.backend = request.backend or "template"
    full.ClearField("keep_running")
    full.ClearField("after_sequence")
    if full.backend == "template":
        full.ClearField("footage")
        full.ClearField("may_end_early")
        full.ClearField("continues")
    return full


def shot_from_proto(
    request: generation_service_pb2.GenerateClipRequest, *, scene: bytes, timing: bytes
) -> Shot:
    """What a valid request asks for, with the two artifacts it names.

    Raises:
        ArtifactCorrupt: An artifact is not what the contract says it is.
        InvalidRequest: The timing is of another text than the narration.
    """
    narration = story.narration_from_proto(request.narration)
    times = story.timing_from_proto(story.decode(timing, speech_pb2.SpeechTiming))
    if times.text != narration.text:
        what = (
            f"is of a text of {len(times.text)} characters that is not the narration's {len(narration.text)}"
        )
        raise InvalidRequest("The timing is of another text.", violations=[Violation("timing", what)])
    return Shot(
        card=story.scene_from_proto(story.decode(scene, storyboard_pb2.Scene)),
        narration=narration,
        timing=times,
        frames=request.frames,
        lead_frames=request.lead_frames,
        picture=picture_from_proto(request.picture),
        look=look_from_proto(request.look),
        continues=request.continues,
    )
