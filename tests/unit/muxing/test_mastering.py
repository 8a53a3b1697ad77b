"""The finished sound is decoded and searched for what was planned."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from services.chassis.child import Child
from services.chassis.errors import ArtifactMissing, GateRefused
from services.chassis.progress import Progress
from services.muxing import cut, wire
from services.muxing.backends.ffmpeg import Ffmpeg
from services.muxing.mastering import master
from services.muxing.sound import Score, Sound
from services.muxing.steps import SOUND
from services.muxing.studio import Studio
from tests.unit.muxing import reel
from tests.unit.muxing.reel import Take

SPOKEN = [Take(reel.click(1 + 0.37 * (n % 4))) for n in range(4)]


async def score_of(studio: Studio, tmp_path: Path, takes: list[Take]) -> Score:
    plan = await reel.plan(studio.store, tmp_path / "reel", takes)
    return wire.score_from_proto(reel.sound_plan(plan))


async def make(studio: Studio, score: Score, told: list[Progress] | None = None) -> Sound:
    return await master(studio, score, report=(told if told is not None else []).append)


async def listen(studio: Studio, sound: Sound, tmp_path: Path) -> reel.Sound:
    await studio.store.fetch(sound.audio, tmp_path / "sound.mp4")
    return reel.heard(tmp_path / "sound.mp4")


async def test_a_sound_is_as_loud_as_it_shall_be_with_every_voice_in_its_place(
    studio: Studio, tmp_path: Path
) -> None:
    score = await score_of(studio, tmp_path, SPOKEN)

    sound = await make(studio, score)

    clicks = reel.onsets(await listen(studio, sound, tmp_path))
    assert clicks == pytest.approx([start / 48_000 for start in score.starts], abs=0.001)
    assert sound.loudness.lufs == pytest.approx(-16, abs=0.5)
    assert sound.loudness.true_peak <= -1
    assert max(map(abs, sound.voice_offsets)) < 0.0001
    assert sound.samples == score.samples


async def test_a_sound_in_two_parts_keeps_its_places(studio: Studio, tmp_path: Path) -> None:
    score = await score_of(studio, tmp_path, [Take(reel.click(4.3 + 0.1 * n)) for n in range(7)])

    sound = await make(studio, score)

    clicks = reel.onsets(await listen(studio, sound, tmp_path), after=0.5)
    assert len(cut.cut(score.places, score.samples)) == 2
    assert clicks == pytest.approx([start / 48_000 for start in score.starts], abs=0.001)
    assert sound.loudness.lufs == pytest.approx(-16, abs=0.5)
    assert max(map(abs, sound.voice_offsets)) < 0.0001


@pytest.mark.parametrize(
    "sound",
    [reel.click(0.1), reel.click(1.5) * 0.001, reel.tone(1.2, level=0.9, hertz=150)],
    ids=["a tenth of a second", "-60 dB", "a hum"],
)
async def test_odd_voices_pass_the_gate(studio: Studio, tmp_path: Path, sound: reel.Sound) -> None:
    made = await make(studio, await score_of(studio, tmp_path, [Take(sound)]))

    assert made.loudness.lufs == pytest.approx(-16, abs=1)
    assert made.loudness.true_peak <= -1
    assert max(map(abs, made.voice_offsets)) < 0.001


async def test_a_faint_scene_between_loud_ones_keeps_its_place(studio: Studio, tmp_path: Path) -> None:
    takes = [Take(reel.click(1.0)), Take(reel.click(1.3) * 0.003), Take(reel.click(0.8))]

    sound = await make(studio, await score_of(studio, tmp_path, takes))

    assert max(map(abs, sound.voice_offsets)) < 0.0001


async def test_silent_voices_are_refused(studio: Studio, tmp_path: Path) -> None:
    score = await score_of(studio, tmp_path, [Take(reel.click(1) * 0)])

    with pytest.raises(GateRefused, match="silent"):
        await make(studio, score)


async def test_the_same_score_gives_the_same_bytes_in_other_processes(studio: Studio, tmp_path: Path) -> None:
    score = await score_of(studio, tmp_path, [Take(reel.click(8.1)) for _ in range(4)])
    child = Child("services.muxing.worker")

    first = await make(studio, score)
    second = await make(Studio(Ffmpeg(), child, studio.store, tmp_path / "another" / "place"), score)
    await child.close()

    assert first == second


async def test_progress_goes_through_all_steps_and_never_back(studio: Studio, tmp_path: Path) -> None:
    told: list[Progress] = []

    await make(studio, await score_of(studio, tmp_path, SPOKEN), told)

    fractions = [progress.fraction for progress in told]
    assert list(dict.fromkeys(progress.step for progress in told)) == list(SOUND)
    assert fractions == sorted(fractions)
    assert fractions[-1] <= 1


async def test_a_missing_voice_leaves_nothing_behind(studio: Studio, tmp_path: Path) -> None:
    score = await score_of(studio, tmp_path, SPOKEN[:2])
    await studio.store.delete(score.voices[1].audio)

    with pytest.raises(ArtifactMissing):
        await make(studio, score)

    assert list(studio.scratch.iterdir()) == []


@pytest.mark.parametrize("step", list(SOUND))
async def test_cancelling_in_any_step_leaves_nothing_in_scratch(
    studio: Studio, tmp_path: Path, step: str
) -> None:
    score = await score_of(studio, tmp_path, SPOKEN)
    reached = asyncio.Event()

    class Told(list[Progress]):
        def append(self, progress: Progress) -> None:
            if progress.step == step:
                reached.set()

    making = asyncio.create_task(make(studio, score, Told()))
    async with asyncio.timeout(30):
        await reached.wait()
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making

    assert list(studio.scratch.iterdir()) == []
