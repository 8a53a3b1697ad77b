"""Small clips and voices with known places, a stored plan of them, and what a finished file shows of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from services.artifacts import wire as artifacts
from services.artifacts.store import Artifact, Store
from services.media.clock import SAMPLE_RATE, Rate, lead_frames, scene_frames
from services.story import wire as story
from services.story.narration import SpeechTiming, Word, WordSource
from storyreel.media.v1 import clip_pb2
from storyreel.muxing.v1 import timeline_pb2
from storyreel.tts.v1 import speech_pb2

Sound = npt.NDArray[np.float64]
DARK, BRIGHT = 40, 235
THIRTY = Rate(30)


@dataclass(frozen=True)
class Take:
    """One scene of a test: what is heard and said, deviations from the plan, cuts between its clips."""

    sound: Sound
    text: str = "One two three."
    chapter: str = ""
    sparse: bool = False
    frames_more: int = 0
    size: tuple[int, int] = (320, 240)
    crf: int = 30
    colour: int = 1
    cuts: tuple[int, ...] = ()


def click(seconds: float) -> Sound:
    """A burst of 10 ms at 2 kHz, then the noise of a voice: syllables, 4 a second."""
    count = round(seconds * SAMPLE_RATE)
    time = np.arange(count) / SAMPLE_RATE
    rumble = np.random.default_rng(count).normal(0, 1, count)
    noise = np.convolve(rumble, np.ones(24) / 24, "same")
    sound = 0.3 * noise * (np.sin(2 * np.pi * 4 * time) > -0.3)
    sound[:480] += 0.8 * np.sin(np.arange(480) * 2 * np.pi * 2000 / SAMPLE_RATE)[:count]
    return np.clip(sound, -0.99, 0.99)


def tone(seconds: float, *, level: float = 0.5, hertz: float = 440) -> Sound:
    """A tone that fades in and out."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return level * np.sin(2 * np.pi * hertz * time) * np.minimum(1, 100 * np.minimum(time, time[::-1]))


def write_clip(path: Path, rate: Rate, frames: int, *, flash: int, take: Take) -> None:
    """A dark clip with two bright frames from `flash` on; sparse ones hold a frame in ten, and their ends."""
    width, height = take.size
    grid = Fraction(rate.denominator, rate.numerator)
    parameters = f"open-gop=0:force-cfr=1:scenecut=0:keyint=60:bframes={0 if take.sparse else 2}"
    options = {"preset": "veryfast", "crf": str(take.crf), "x264-params": parameters}
    with av.open(str(path), "w", format="mp4", options={"movie_timescale": "30000"}) as file:
        stream = file.add_stream("libx264", rate=1 / grid, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        codec = stream.codec_context
        codec.thread_count, codec.time_base = 1, grid
        codec.color_primaries = codec.color_trc = codec.colorspace = take.colour
        codec.color_range = 1
        for number in range(frames):
            bright = number in (flash, flash + 1)
            near = number < 4 or number >= frames - 4 or flash <= number <= flash + 2
            if take.sparse and not near and number % 10:
                continue
            planes = np.full((height * 3 // 2, width), 128, np.uint8)
            planes[:height] = BRIGHT if bright else DARK
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = number, grid
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def write_flac(path: Path, sound: Sound) -> int:
    """A FLAC file of 48 kHz, mono, 16 bit; how many samples it has."""
    samples = np.round(sound * 32767).astype(np.int16)
    with av.open(str(path), "w", format="flac", options={"fflags": "+bitexact"}) as file:
        stream = file.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
        for start in range(0, len(samples), 4096):
            piece = samples[None, start : start + 4096]
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), format="s16", layout="mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE, start
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return len(samples)


def timed(text: str, samples: int) -> SpeechTiming:
    """Words spread evenly over the sound."""
    words, at = text.split(), 0
    found = []
    for number, word in enumerate(words):
        at = text.index(word, at)
        times = (samples * number // len(words), samples * (number + 1) // len(words))
        found.append(Word(word, at, at + len(word), *times, WordSource.EVENT))
        at += len(word)
    return SpeechTiming(text, tuple(found))


async def planned_scene(store: Store, folder: Path, take: Take, rate: Rate) -> timeline_pb2.PlannedScene:
    """A scene whose clip and voice are in the store."""
    clips, voice = [folder / f"clip{n}.mp4" for n in range(len(take.cuts) + 1)], folder / "voice.flac"

    def make() -> tuple[int, list[int]]:
        samples = write_flac(voice, take.sound)
        starts = [0, *take.cuts, scene_frames(samples, rate)]
        lengths = [after - before for before, after in pairwise(starts)]
        for path, start, frames in zip(clips, starts, lengths, strict=False):
            write_clip(path, rate, frames + take.frames_more, flash=lead_frames(rate) - start, take=take)
        return samples, lengths

    samples, lengths = await asyncio.to_thread(make)
    stored = [
        clip_pb2.Clip(
            video=artifacts.to_proto(await store.put_file(path, media_type="video/mp4")),
            frames=frames,
            picture=picture(rate),
        )
        for path, frames in zip(clips, lengths, strict=True)
    ]
    timing = story.encode(story.timing_to_proto(timed(take.text, samples)))
    return timeline_pb2.PlannedScene(
        clip=stored[0],
        continued=stored[1:],
        speech=speech_pb2.Speech(
            audio=artifacts.to_proto(await store.put_file(voice, media_type="audio/flac")),
            timing=artifacts.to_proto(await store.put_bytes(timing, media_type=story.PROTOBUF)),
            samples=samples,
        ),
        lead_frames=lead_frames(rate),
        chapter=take.chapter,
    )


async def plan(
    store: Store,
    folder: Path,
    takes: Sequence[Take],
    *,
    rate: Rate = THIRTY,
    title: str = "A reel",
    language: str = "en",
) -> timeline_pb2.MuxPlan:
    """A plan of scenes one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    scenes = [await planned_scene(store, folder, take, rate) for take in takes]
    return timeline_pb2.MuxPlan(title=title, language=language, picture=picture(rate), scenes=scenes)


def sound_plan(plan: timeline_pb2.MuxPlan) -> timeline_pb2.SoundPlan:
    """The plan of the sound of a plan's scenes."""
    rate = (plan.picture.rate_numerator, plan.picture.rate_denominator)
    voices = [
        timeline_pb2.PlannedVoice(speech=s.speech, frames=frames_of(s), lead_frames=s.lead_frames)
        for s in plan.scenes
    ]
    return timeline_pb2.SoundPlan(rate_numerator=rate[0], rate_denominator=rate[1], scenes=voices)


def frames_of(scene: timeline_pb2.PlannedScene) -> int:
    """The length of all clips of a scene."""
    return sum(clip.frames for clip in (scene.clip, *scene.continued))


async def stored(store: Store, message: timeline_pb2.MuxPlan | timeline_pb2.SoundPlan) -> Artifact:
    """The plan as an artifact."""
    return await store.put_bytes(story.encode(message), media_type=story.PROTOBUF)


def picture(rate: Rate) -> clip_pb2.Picture:
    """The size and rate of all clips here."""
    return clip_pb2.Picture(
        width=320, height=240, rate_numerator=rate.numerator, rate_denominator=rate.denominator
    )


def flashes(path: Path) -> list[Fraction]:
    """When the picture turns bright, in seconds, from decoded frames."""
    found, dark = [], True
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        for frame in file.decode(stream):
            bright = frame.to_ndarray(format="gray").mean() > 150
            if bright and dark:
                found.append(frame.pts * frame.time_base)
            dark = not bright
    return found


def heard(path: Path) -> Sound:
    """The left side of the sound, decoded, on the file's clock."""
    pieces = []
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        for frame in file.decode(stream):
            pieces.append(frame.to_ndarray()[0])
    return np.concatenate(pieces)


def onsets(sound: Sound, *, above: float = 0.1, after: float = 0.3) -> list[float]:
    """When sound begins after a silence of `after` seconds, in seconds."""
    loud = np.flatnonzero(np.abs(sound) > above)
    first = np.insert(np.diff(loud) > after * SAMPLE_RATE, 0, True)
    return [float(at) / SAMPLE_RATE for at in loud[first]]
