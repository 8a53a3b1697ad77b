"""Makes the sound of a video: each take alone, or as it was kept, and the check of them all together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import count

from services.chassis.errors import ArtifactCorrupt, GateRefused, Suggestion
from services.chassis.progress import Progress, Report
from services.media import probe
from services.media.clock import SAMPLE_RATE, UNIT
from services.muxing import takes, worker
from services.muxing.loudness import Loudness
from services.muxing.recording import Spoken
from services.muxing.sound import Score, Sound
from services.muxing.splice import Piece
from services.muxing.steps import SOUND, Steps
from services.muxing.studio import Studio, together
from services.muxing.takes import Placed, Recording, Take

Recorder = Callable[[Take], Awaitable[Recording]]
"""Gives a take: a kept one, or a new one."""

AT_ONCE = 4
"""Takes looked up or made at once; one child makes them one after the other."""


async def record(studio: Studio, take: Take) -> Recording:
    """Make a take and store it.

    Raises:
        ArtifactMissing: A voice is not in the store.
        ArtifactCorrupt: A voice is not what it should be; metadata `voice` counts from 0.
        GateRefused: What was encoded does not decode to what it should.
        ChildDied: The child that makes it died.
        StoreFull: The disk or the store is full.
    """
    async with studio.folder() as folder, studio.files([voice.audio for voice in take.voices]) as files:
        spoken = tuple(
            Spoken(file, voice.start, voice.samples) for file, voice in zip(files, take.voices, strict=True)
        )
        out = folder / "take.mp4"
        answer = await studio.do(
            worker.Record(spoken, take.units, out), samples=take.units * UNIT, report=_untold
        )
        found = worker.RECORDED.validate_json(answer)
        audio = await studio.store.put_file(out, media_type="audio/mp4")
        return Recording(audio, found.blocks, found.true_peak, found.voices)


async def master(studio: Studio, score: Score, recorder: Recorder, *, report: Report) -> Sound:
    """Make the sound and store it, when it is what was planned.

    Args:
        studio: What it is made with.
        score: The plan.
        recorder: Where takes come from.
        report: Told how far it is: the steps `voices`, `join`.

    Raises:
        ArtifactCorrupt: A voice is not what it should be; metadata `scene` counts from 1.
        GateRefused: The voices are silent, or the finished sound is not what was planned.
        StoryreelError: What the recorder raises; what `record` does.
    """
    steps = Steps(report, SOUND)
    placed = list(takes.split(score))
    recordings = await _record(placed, recorder, steps.at("voices"))
    async with studio.folder() as folder, studio.files([made.audio for made in recordings]) as files:
        pieces = tuple(Piece(file, one.unit) for file, one in zip(files, placed, strict=True))
        out = folder / "sound.mp4"
        task = worker.Splice(pieces, score.samples, out)
        answer = await studio.do(task, samples=score.samples, report=steps.at("join"))
        track = worker.SPLICED.validate_json(answer)
        loudness = takes.loudness(recordings)
        offsets = judge(track, recordings, loudness, score)
        audio = await studio.store.put_file(out, media_type="audio/mp4")
        return Sound(audio, score.samples, loudness, offsets)


def judge(
    track: probe.AudioTrack, recordings: Sequence[Recording], loudness: Loudness, score: Score
) -> tuple[float, ...]:
    """How many seconds after its place each voice is heard, when the sound is what was planned.

    A voice that cannot be told from its surroundings counts by the track's clock alone.

    Raises:
        GateRefused: It is not; the message names every difference with its numbers.
    """
    voices = [voice for made in recordings for voice in made.voices]
    if not any(made.blocks for made in recordings):
        which = "The only voice is" if len(voices) == 1 else f"The {len(voices)} voices are"
        raise GateRefused(f"{which} silent: there is no sound in it.")
    if differences := list(_differences(track, sum(voice.lost for voice in voices), loudness, score)):
        raise GateRefused(
            f"The finished sound is not what was planned and was not published: {'; '.join(differences)}.",
            suggestions=[
                Suggestion("Report it with the request's digest; the same request gives the same sound.")
            ],
        )
    return tuple((track.start + (voice.late or 0)) / SAMPLE_RATE for voice in voices)


def _differences(track: probe.AudioTrack, lost: int, loudness: Loudness, score: Score) -> Iterator[str]:
    form = (track.codec, track.rate, track.channels)
    if form != ("aac", SAMPLE_RATE, 2):
        yield "it is {}, {} Hz, {} channels, not aac, 48000 Hz, 2 channels".format(*form)
    if (track.start, track.samples) != (0, score.samples):
        yield f"it lasts {track.samples} samples from {track.start} on, planned were {score.samples} from 0"
    if lost:
        yield f"it lacks {lost} of {len(score.voices)} voices"
    yield from loudness.misses(score.spoken)


async def _record(placed: Sequence[Placed], recorder: Recorder, report: Report) -> list[Recording]:
    turns, done, total = asyncio.Semaphore(AT_ONCE), count(1), len(placed)

    async def one(placed: Placed) -> Recording:
        async with turns:
            try:
                made = await recorder(placed.take)
            except ArtifactCorrupt as error:
                raise _of_scene(error, placed) from error
            ready = next(done)
            report(Progress("voices", ready / total, ready, total, "voices"))
            return made

    report(Progress("voices", 0.0, 0, total, "voices"))
    return await together(one(take) for take in placed)


def _of_scene(error: ArtifactCorrupt, placed: Placed) -> ArtifactCorrupt:
    """The same error, told of the scene: a take does not know where it stands."""
    if "voice" not in error.metadata:
        return error
    scene = str(placed.first + int(error.metadata["voice"]) + 1)
    return ArtifactCorrupt(f"Scene {scene}: {error.message}", metadata={"scene": scene})


def _untold(progress: Progress) -> None:
    """A take is short; the sound counts takes."""
