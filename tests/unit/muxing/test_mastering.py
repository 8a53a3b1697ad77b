"""The sound is put together from takes, judged, and only then stored."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from services.artifacts.store import Artifact
from services.chassis.child import Child
from services.chassis.errors import ArtifactCorrupt, ArtifactMissing, GateRefused
from services.chassis.progress import Progress
from services.media.clock import Rate
from services.media.probe import AudioTrack
from services.muxing import meter, wire
from services.muxing.backends.ffmpeg import Ffmpeg
from services.muxing.loudness import Loudness
from services.muxing.mastering import judge, master, record
from services.muxing.sound import Score, Sound, Voice, compose
from services.muxing.steps import SOUND
from services.muxing.studio import Studio
from services.muxing.takes import Heard, Recording, Take
from tests.unit.muxing import reel

SPOKEN = [reel.Take(reel.click(1 + 0.37 * (n % 4))) for n in range(4)]


@dataclass(frozen=True)
class Recorder:
    """Makes each take once, and counts."""

    studio: Studio
    made: dict[Take, Recording] = field(default_factory=dict)

    async def __call__(self, take: Take) -> Recording:
        if take not in self.made:
            self.made[take] = await record(self.studio, take)
        return self.made[take]


async def score_of(studio: Studio, tmp_path: Path, takes: list[reel.Take]) -> Score:
    plan = await reel.plan(studio.store, tmp_path / "reel", takes)
    return wire.score_from_proto(reel.sound_plan(plan))


async def make(
    studio: Studio,
    score: Score,
    told: list[Progress] | None = None,
    recorder: Callable[[Take], Awaitable[Recording]] | None = None,
) -> Sound:
    return await master(
        studio,
        score,
        recorder or partial(record, studio),
        report=(told if told is not None else []).append,
    )


async def listen(studio: Studio, sound: Sound, tmp_path: Path) -> reel.Sound:
    await studio.store.fetch(sound.audio, tmp_path / "sound.mp4")
    return reel.heard(tmp_path / "sound.mp4")


async def test_a_sound_is_as_loud_as_it_shall_be_with_every_voice_in_its_place(
    studio: Studio, tmp_path: Path
) -> None:
    score = await score_of(studio, tmp_path, SPOKEN)

    sound = await make(studio, score)

    heard = await listen(studio, sound, tmp_path)
    assert reel.onsets(heard) == pytest.approx([start / 48_000 for start in score.starts], abs=0.001)
    assert sound.loudness.lufs == pytest.approx(-16, abs=0.5)
    assert sound.loudness.true_peak <= -1
    assert max(map(abs, sound.voice_offsets)) < 0.0001
    assert sound.samples == score.samples


async def test_the_loudness_told_is_that_of_the_whole(studio: Studio, tmp_path: Path) -> None:
    sound = await make(studio, await score_of(studio, tmp_path, SPOKEN))

    whole = meter.measure((await listen(studio, sound, tmp_path)).astype("f4")).loudness
    assert sound.loudness.lufs == pytest.approx(whole.lufs, abs=0.1)
    assert sound.loudness.true_peak == pytest.approx(whole.true_peak, abs=0.1)


async def test_after_an_edit_only_the_edited_voice_is_made_anew(studio: Studio, tmp_path: Path) -> None:
    recorder = Recorder(studio)
    await make(studio, await score_of(studio, tmp_path, SPOKEN), recorder=recorder)
    before = set(recorder.made)
    edited = [SPOKEN[0], reel.Take(reel.click(0.9)), *SPOKEN[2:]]

    kept = await make(studio, await score_of(studio, tmp_path, edited), recorder=recorder)

    assert len(set(recorder.made) - before) == 1
    assert kept == await make(studio, await score_of(studio, tmp_path, edited))


async def test_a_faint_scene_between_loud_ones_keeps_its_place(studio: Studio, tmp_path: Path) -> None:
    takes = [reel.Take(sound) for sound in (reel.click(1.0), reel.click(1.3) * 0.003, reel.click(0.8))]

    sound = await make(studio, await score_of(studio, tmp_path, takes))

    assert max(map(abs, sound.voice_offsets)) < 0.0001


async def test_silent_voices_are_refused(studio: Studio, tmp_path: Path) -> None:
    score = await score_of(studio, tmp_path, [reel.Take(reel.click(1) * 0)])

    with pytest.raises(GateRefused, match="The only voice is silent"):
        await make(studio, score)


async def test_one_silent_voice_among_others_is_silence(studio: Studio, tmp_path: Path) -> None:
    takes = [SPOKEN[0], reel.Take(reel.click(1) * 0), SPOKEN[1]]

    sound = await make(studio, await score_of(studio, tmp_path, takes))

    assert len(reel.onsets(await listen(studio, sound, tmp_path))) == 2
    assert sound.loudness.lufs == pytest.approx(-16, abs=0.5)


async def test_the_same_score_gives_the_same_bytes_in_other_processes(studio: Studio, tmp_path: Path) -> None:
    score = await score_of(studio, tmp_path, SPOKEN)
    child = Child("services.muxing.worker")

    first = await make(studio, score)
    second = await make(Studio(Ffmpeg(), child, studio.store, tmp_path / "another" / "place"), score)
    await child.close()

    assert first == second


async def test_progress_goes_through_all_steps_and_never_back(studio: Studio, tmp_path: Path) -> None:
    told: list[Progress] = []

    await make(studio, await score_of(studio, tmp_path, SPOKEN), told)

    fractions = [progress.fraction for progress in told]
    assert [progress.done for progress in told if progress.step == "voices"] == [0, 1, 2, 3, 4]
    assert {progress.step for progress in told} <= set(SOUND)
    assert fractions == sorted(fractions)
    assert fractions[-1] <= 1


async def test_a_voice_that_is_not_what_it_should_be_is_named_by_its_scene(
    studio: Studio, tmp_path: Path
) -> None:
    score = await score_of(studio, tmp_path, SPOKEN)
    voices = list(score.voices)
    voices[2] = replace(voices[2], samples=voices[2].samples - 1)

    with pytest.raises(ArtifactCorrupt, match="Scene 3: The voice has") as caught:
        await make(studio, compose(voices, Rate(30)))

    assert caught.value.metadata == {"scene": "3"}


async def test_a_missing_voice_leaves_nothing_behind(studio: Studio, tmp_path: Path) -> None:
    score = await score_of(studio, tmp_path, SPOKEN[:2])
    await studio.store.delete(score.voices[1].audio)

    with pytest.raises(ArtifactMissing):
        await make(studio, score)

    assert list(studio.scratch.iterdir()) == []


async def test_cancelling_leaves_nothing_in_scratch(studio: Studio, tmp_path: Path) -> None:
    score = await score_of(studio, tmp_path, SPOKEN)
    reached = asyncio.Event()

    class Told(list[Progress]):
        def append(self, progress: Progress) -> None:
            if progress.done == 1:
                reached.set()

    making = asyncio.create_task(make(studio, score, Told()))
    async with asyncio.timeout(30):
        await reached.wait()
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making

    assert list(studio.scratch.iterdir()) == []


ANY = Artifact.of("local", "0" * 64, size_bytes=1, media_type="audio/flac")
SCORE = compose([Voice(ANY, 240_000, 180, 6)] * 2, Rate(30))
RIGHT = Loudness(-16.0, -2.0)
GOOD = AudioTrack("aac", 48_000, 2, 0, 576_000, "digest")


def heard(*voices: Heard) -> list[Recording]:
    return [Recording(ANY, (-16.0,), -2.0, (voice,)) for voice in voices]


FOUND = heard(Heard(0), Heard(0))


def test_offsets_are_told_in_seconds_and_later_is_positive() -> None:
    assert judge(GOOD, heard(Heard(-48), Heard(96)), RIGHT, SCORE) == (-0.001, 0.002)


def test_a_voice_that_cannot_be_told_counts_by_the_tracks_clock() -> None:
    assert judge(GOOD, heard(Heard(None), Heard(48)), RIGHT, SCORE) == (0.0, 0.001)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"rate": 44_100}, "it is aac, 44100 Hz, 2 channels"),
        ({"samples": 575_999}, "it lasts 575999 samples from 0 on, planned were 576000"),
        ({"start": -1024}, "it lasts 576000 samples from -1024 on"),
    ],
)
def test_a_planted_fault_is_refused_with_its_numbers(fault: dict[str, Any], said: str) -> None:
    with pytest.raises(GateRefused) as caught:
        judge(replace(GOOD, **fault), FOUND, RIGHT, SCORE)

    assert said in str(caught.value)


def test_a_lost_voice_is_refused() -> None:
    with pytest.raises(GateRefused, match="it lacks 1 of 2 voices"):
        judge(GOOD, heard(Heard(0), Heard(None, lost=True)), RIGHT, SCORE)


def test_a_wrong_loudness_is_refused() -> None:
    with pytest.raises(GateRefused, match=r"-17\.0 LUFS loud.*true peak is -0\.5 dBTP"):
        judge(GOOD, FOUND, Loudness(-17.0, -0.5), SCORE)
