"""Makes the sound of a video from its voices: lay, press, level, encode, and the check that lets it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.chassis.errors import GateRefused
from services.chassis.progress import Progress, Report
from services.muxing import cut, hearing, loudness, worker
from services.muxing.backends.ffmpeg import Tell
from services.muxing.loudness import Aim, Loudness
from services.muxing.sound import Score, Sound
from services.muxing.steps import SOUND, Steps
from services.muxing.studio import Studio, both, together
from services.muxing.voices import Placed

CORRECTIONS = 3
"""How often the loudness is corrected at most before it is encoded again; a lone click needs the most."""

ENCODINGS = 3
"""How often the sound is encoded at most; speech needs one."""


async def master(studio: Studio, score: Score, *, report: Report) -> Sound:
    """Make the sound and store it, when it is what was planned.

    Args:
        studio: What it is made with.
        score: The plan.
        report: Told how far it is: the steps `sound`, `loudness`, `encode`, `check`.

    Raises:
        ArtifactMissing: A voice is not in the store.
        ArtifactCorrupt: A voice is not what it should be; metadata `scene` names it.
        GateRefused: The voices are silent, or the finished sound is not what was planned.
        ChildDied: ffmpeg or the child that reads media died.
        StoreFull: The disk or the store is full.
    """
    async with studio.folder() as folder, studio.files([voice.audio for voice in score.voices]) as voices:
        return await _Mastering(studio, score, folder, Steps(report, SOUND)).make(voices)


@dataclass(frozen=True, slots=True)
class _Mastering:
    """One sound in the making; every file it writes lies in `folder` under a name of ours."""

    studio: Studio
    score: Score
    folder: Path
    steps: Steps

    async def make(self, voices: Sequence[Path]) -> Sound:
        peak = await self._lay(voices)
        aim = loudness.aim(await self._press(peak))
        await self._encode(aim)
        # The encoded sound is the judge: speech comes out as the pressed voices let expect, other sound
        # is first corrected without the encoder, then once more with what the encoder changed.
        found, heard = await self._hear()
        for again in range(1, ENCODINGS):
            within = loudness.CORRECT_BEYOND if again == 1 else loudness.TOLERANCE
            if heard.meets(within=within, headroom=0):
                break
            aim = aim.corrected(heard)
            if again == 1:
                aim = await self._level(aim)
            await self._encode(aim)
            found, heard = await self._hear()
        offsets = hearing.judge(found, heard, self.score)
        audio = await self.studio.store.put_file(self._path("sound.mp4"), media_type="audio/mp4")
        return Sound(audio, self.score.samples, heard, offsets)

    async def _lay(self, voices: Sequence[Path]) -> float:
        placed = (
            Placed(path, start, samples)
            for path, (start, samples) in zip(voices, self.score.places, strict=True)
        )
        task = worker.LayVoices(tuple(placed), self.score.samples, self._path("master.pcm"))
        peak = worker.PEAK.validate_json(await self._do(task, self.steps.at("sound")))
        if peak == 0:
            raise GateRefused(f"The {len(voices)} voices are silent: there is no sample but 0 in them.")
        return peak

    async def _press(self, peak: float) -> float:
        return await self.studio.ffmpeg.press(
            self._path("master.pcm"),
            self._path("pressed.pcm"),
            gain=loudness.first_gain(peak),
            samples=self.score.samples,
            tell=self._tell("loudness"),
        )

    async def _level(self, aim: Aim) -> Aim:
        """The aim that gives the sound its loudness, before the encoder."""
        for _ in range(CORRECTIONS):
            found = await self.studio.ffmpeg.level(
                self._path("pressed.pcm"), aim=aim, samples=self.score.samples, tell=self._tell("loudness")
            )
            if found.meets(within=loudness.CORRECT_BEYOND, headroom=loudness.HEADROOM):
                break
            aim = aim.corrected(found)
        return aim

    async def _encode(self, aim: Aim) -> None:
        parts = cut.cut(self.score.places, self.score.samples)
        paths = [self._path(f"part{number}.mp4") for number in range(len(parts))]
        ffmpeg, pressed, tell = self.studio.ffmpeg, self._path("pressed.pcm"), self._tell("encode", of=0.8)
        await together(
            ffmpeg.encode(pressed, path, aim=aim, part=part, tell=tell)
            for path, part in zip(paths, parts, strict=True)
        )
        task = worker.Join(tuple(paths), tuple(start for start, _ in parts), self._path("sound.mp4"))
        await self._do(task, self.steps.at("encode", part=0.8, of=0.2))

    async def _hear(self) -> tuple[hearing.Findings, Loudness]:
        task = worker.Listen(
            audio=self._path("sound.mp4"),
            master=self._path("master.pcm"),
            voices=self.score.places,
            heard=self._path("heard.pcm"),
        )
        tell = self._tell("check")

        async def search() -> hearing.Findings:
            return worker.HEARD.validate_json(await self._do(task, self.steps.at("check")))

        return await both(
            search(), self.studio.ffmpeg.hear(task.audio, samples=self.score.samples, tell=tell)
        )

    async def _do(self, task: worker.Task, report: Report) -> bytes:
        return await self.studio.do(task, samples=self.score.samples, report=report)

    def _tell(self, step: str, *, part: float = 0.0, of: float = 1.0) -> Tell:
        return told(self.steps.at(step, part=part, of=of), step, self.score.samples)

    def _path(self, name: str) -> Path:
        return self.folder / name


def told(report: Report, step: str, samples: int) -> Tell:
    """What ffmpeg tells its progress to, a fraction; it is reported in samples."""
    return lambda done: report(Progress(step, done, round(done * samples), samples, "samples"))
