"""The nouns of muxing to and from the contract."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration

from services.artifacts import wire as artifacts
from services.media.clock import Rate
from services.media.wire import clip_from_proto, picture_from_proto
from services.muxing.loudness import Loudness
from services.muxing.sound import Score, Sound, Voice, compose
from services.muxing.takes import Heard, Recording, Take
from services.muxing.timeline import Planned, Timeline, lay
from services.muxing.video import Measurements, Video
from storyreel.muxing.v1 import take_pb2, timeline_pb2


def timeline_from_proto(message: timeline_pb2.MuxPlan) -> Timeline:
    """The timeline of a valid plan.

    Raises:
        GateRefused: A scene does not fit; see `timeline.lay`.
    """
    planned = [
        Planned(
            clips=tuple(map(clip_from_proto, (scene.clip, *scene.continued))),
            lead_frames=scene.lead_frames,
            audio=artifacts.from_proto(scene.speech.audio),
            timing=artifacts.from_proto(scene.speech.timing),
            voice_samples=scene.speech.samples,
            chapter=scene.chapter,
            narration=artifacts.from_proto(scene.narration) if scene.HasField("narration") else None,
        )
        for scene in message.scenes
    ]
    return lay(
        planned,
        picture_from_proto(message.picture),
        sound_from_proto(message.sound),
        title=message.title,
        language=message.language or "und",
    )


def score_from_proto(message: timeline_pb2.SoundPlan) -> Score:
    """The score of a valid plan.

    Raises:
        GateRefused: A voice does not fit; see `sound.compose`.
    """
    voices = [
        Voice(
            audio=artifacts.from_proto(scene.speech.audio),
            samples=scene.speech.samples,
            frames=scene.frames,
            lead_frames=scene.lead_frames,
        )
        for scene in message.scenes
    ]
    return compose(voices, Rate(message.rate_numerator, message.rate_denominator))


def take_to_proto(take: Take) -> take_pb2.TakePlan:
    """The contract's form of a take: what it is kept under."""
    voices = [
        take_pb2.TakeVoice(
            audio=artifacts.to_proto(voice.audio), start_sample=voice.start, samples=voice.samples
        )
        for voice in take.voices
    ]
    return take_pb2.TakePlan(voices=voices, units=take.units)


def recording_to_proto(made: Recording) -> take_pb2.Take:
    """The contract's form of a finished take."""
    voices = [take_pb2.HeardVoice(late_samples=voice.late, lost=voice.lost) for voice in made.voices]
    return take_pb2.Take(
        audio=artifacts.to_proto(made.audio),
        block_lufs=made.blocks,
        true_peak_dbtp=made.true_peak,
        voices=voices,
    )


def recording_from_proto(message: take_pb2.Take) -> Recording:
    """A finished take of the contract's form."""
    return Recording(
        artifacts.from_proto(message.audio),
        tuple(message.block_lufs),
        message.true_peak_dbtp,
        tuple(
            Heard(voice.late_samples if voice.HasField("late_samples") else None, lost=voice.lost)
            for voice in message.voices
        ),
    )


def sound_to_proto(sound: Sound) -> timeline_pb2.Sound:
    """The contract's form of a finished sound."""
    return timeline_pb2.Sound(
        audio=artifacts.to_proto(sound.audio),
        samples=sound.samples,
        loudness_lufs=sound.loudness.lufs,
        true_peak_dbtp=sound.loudness.true_peak,
        voice_offsets=map(_duration, sound.voice_offsets),
    )


def sound_from_proto(message: timeline_pb2.Sound) -> Sound:
    """The sound of a message; the message must be valid."""
    return Sound(
        audio=artifacts.from_proto(message.audio),
        samples=message.samples,
        loudness=Loudness(message.loudness_lufs, message.true_peak_dbtp),
        voice_offsets=tuple(map(_seconds, message.voice_offsets)),
    )


def video_to_proto(video: Video) -> timeline_pb2.Video:
    """The contract's form of a finished video."""
    return timeline_pb2.Video(
        mp4=artifacts.to_proto(video.mp4),
        srt=artifacts.to_proto(video.srt),
        vtt=artifacts.to_proto(video.vtt),
        transcript=artifacts.to_proto(video.transcript),
        thumbnail=artifacts.to_proto(video.thumbnail) if video.thumbnail else None,
        measurements=_measurements_to_proto(video.measurements),
        missing=video.missing,
    )


def video_from_proto(message: timeline_pb2.Video) -> Video:
    """The video of a message; the message must be valid."""
    return Video(
        mp4=artifacts.from_proto(message.mp4),
        srt=artifacts.from_proto(message.srt),
        vtt=artifacts.from_proto(message.vtt),
        transcript=artifacts.from_proto(message.transcript),
        thumbnail=artifacts.from_proto(message.thumbnail) if message.HasField("thumbnail") else None,
        measurements=_measurements_from_proto(message.measurements),
        missing=tuple(message.missing),
    )


def _measurements_to_proto(value: Measurements) -> timeline_pb2.Measurements:
    return timeline_pb2.Measurements(
        frames=value.frames,
        video_duration=_duration(value.video_seconds),
        audio_duration=_duration(value.audio_seconds),
        max_av_offset=_duration(value.max_av_offset_seconds),
        av_drift=_duration(value.av_drift_seconds),
        loudness_lufs=value.loudness.lufs,
        true_peak_dbtp=value.loudness.true_peak,
        scene_key_frames=value.scene_key_frames,
    )


def _measurements_from_proto(message: timeline_pb2.Measurements) -> Measurements:
    return Measurements(
        frames=message.frames,
        video_seconds=_seconds(message.video_duration),
        audio_seconds=_seconds(message.audio_duration),
        max_av_offset_seconds=_seconds(message.max_av_offset),
        av_drift_seconds=_seconds(message.av_drift),
        loudness=Loudness(message.loudness_lufs, message.true_peak_dbtp),
        scene_key_frames=message.scene_key_frames,
    )


def _duration(seconds: float) -> Duration:
    result = Duration()
    result.FromNanoseconds(round(seconds * 1e9))
    return result


def _seconds(duration: Duration) -> float:
    return duration.ToNanoseconds() / 1e9
