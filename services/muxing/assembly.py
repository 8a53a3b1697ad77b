"""Makes a video from its timeline: join, sound, loudness, package, and the check that lets it out."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from services.artifacts import disk
from services.artifacts.store import Artifact, Store
from services.chassis.child import Child
from services.chassis.errors import ArtifactCorrupt, ChildDied, GateRefused
from services.chassis.progress import Progress, Report
from services.muxing import captions, gate, join, loudness, package, worker
from services.muxing.backends.ffmpeg import Ffmpeg, Parts, Tell
from services.muxing.language import three_letters
from services.muxing.loudness import Aim, Loudness
from services.muxing.sound import Placed
from services.muxing.steps import Steps
from services.muxing.timeline import Timeline
from services.muxing.video import Video
from services.story.narration import SpeechTiming

CORRECTIONS = 3
"""How often the loudness is corrected at most; speech needs none or one, a lone click more."""

FETCHES = 8
"""Artifacts fetched at once."""


@dataclass(frozen=True, slots=True)
class Studio:
    """What every video is made with: ffmpeg, the child that reads media, the store, a place for files."""

    ffmpeg: Ffmpeg
    child: Child
    store: Store
    scratch: Path


async def assemble(
    studio: Studio, timeline: Timeline, timings: Sequence[SpeechTiming], *, report: Report
) -> Video:
    """Make a video and store it, when it is what was planned.

    Args:
        studio: What it is made with.
        timeline: The plan.
        timings: What is said in each scene, and when.
        report: Told how far it is: the steps `join`, `sound`, `loudness`, `package`, `check`.

    Raises:
        ArtifactMissing: A clip or voice is not in the store.
        ArtifactCorrupt: A clip or voice is not what it should be; metadata `scene` names it.
        GateRefused: A clip does not fit, or the finished file is not what was planned.
        ChildDied: ffmpeg or the child that reads media died.
        StoreFull: The disk or the store is full.
    """
    async with _folder(studio.scratch) as folder, AsyncExitStack() as held:
        scenes = [scene.planned for scene in timeline.scenes]
        clips = await _files(studio.store, [scene.clip for scene in scenes], held)
        voices = await _files(studio.store, [scene.audio for scene in scenes], held)
        return await _Assembly(studio, timeline, folder, Steps(report)).make(clips, voices, timings)


@dataclass(frozen=True, slots=True)
class _Assembly:
    """One video in the making; every file it writes lies in `folder` under a name of ours."""

    studio: Studio
    timeline: Timeline
    folder: Path
    steps: Steps

    async def make(
        self, clips: Sequence[Path], voices: Sequence[Path], timings: Sequence[SpeechTiming]
    ) -> Video:
        joint = await self._join(clips)
        peak = await self._sound(voices)
        # Captions of an hour take Python a while, which the event loop does not have.
        texts = await asyncio.to_thread(captions.write, self.timeline, timings)
        self._write("captions.srt", texts.srt)
        missing: list[str] = []
        aim = await self._pressed(peak)
        for last in (False, True):
            aim = await self._level(aim, corrections=0 if last else CORRECTIONS)
            await self._package(joint, missing)
            found, heard = await self._look()
            # AAC changes peaks a little: once, the sound is made again with what was learnt.
            if last or heard.meets(within=loudness.TOLERANCE, headroom=0):
                break
            aim = aim.corrected(heard)
        measured = gate.judge(found, heard, self.timeline)
        if not missing and (why := gate.missing_chapters(found, self.timeline)):
            missing.append(why)
        thumbnail = await self._thumbnail(clips[0], missing)
        store = self.studio.store
        return Video(
            mp4=await store.put_file(self._path("video.mp4"), media_type="video/mp4"),
            srt=await store.put_file(self._path("captions.srt"), media_type="application/x-subrip"),
            vtt=await store.put_bytes(texts.vtt.encode(), media_type="text/vtt"),
            transcript=await store.put_bytes(texts.transcript.encode(), media_type="text/plain"),
            thumbnail=thumbnail,
            measurements=measured,
            missing=tuple(missing),
        )

    async def _join(self, clips: Sequence[Path]) -> join.Joint:
        for number, clip in enumerate(clips, 1):
            self._path(join.clip_name(number)).symlink_to(clip.absolute())
        self._write("clips.txt", join.concat_list(len(clips)))
        picture = self.timeline.picture
        task = worker.Compare(
            tuple(clips),
            tuple(scene.span.frames for scene in self.timeline.scenes),
            join.Wanted(picture.width, picture.height, picture.rate),
        )
        return worker.JOINT.validate_json(await self._do(task, self.steps.at("join")))

    async def _sound(self, voices: Sequence[Path]) -> float:
        placed = (
            Placed(path, scene.voice, scene.planned.voice_samples)
            for path, scene in zip(voices, self.timeline.scenes, strict=True)
        )
        task = worker.LayVoices(tuple(placed), self.timeline.samples, self._path("master.pcm"))
        peak = worker.PEAK.validate_json(await self._do(task, self.steps.at("sound")))
        if peak == 0:
            raise GateRefused(f"The {len(voices)} voices are silent: there is no sample but 0 in them.")
        return peak

    async def _pressed(self, peak: float) -> Aim:
        found = await self.studio.ffmpeg.press(
            self._path("master.pcm"),
            self._path("pressed.pcm"),
            gain=loudness.first_gain(peak),
            samples=self.timeline.samples,
            tell=self._tell("loudness", of=0.5),
        )
        return loudness.aim(found)

    async def _level(self, aim: Aim, *, corrections: int) -> Aim:
        """Write the finished sound; the aim it was made with."""
        for left in range(corrections, -1, -1):
            found = await self.studio.ffmpeg.level(
                self._path("pressed.pcm"),
                self._path("sound.pcm"),
                aim=aim,
                samples=self.timeline.samples,
                tell=self._tell("loudness", part=0.5, of=0.5),
            )
            if left == 0 or found.meets(within=loudness.CORRECT_BEYOND, headroom=loudness.HEADROOM):
                break
            aim = aim.corrected(found)
        return aim

    async def _package(self, joint: join.Joint, missing: list[str]) -> None:
        chapters = not missing
        parts = Parts(
            clips=self._path("clips.txt"),
            sound=self._path("sound.pcm"),
            samples=self.timeline.samples,
            captions=self._path("captions.srt"),
            metadata=self._write("metadata.txt", package.metadata(self.timeline, chapters=chapters)),
            language=three_letters(self.timeline.language),
            ticks=joint.ticks,
            per_frame=joint.per_frame,
        )
        try:
            await self.studio.ffmpeg.package(parts, self._path("video.mp4"), tell=self._tell("package"))
        except ChildDied as error:
            if not chapters or not self.timeline.chapters():
                raise
            # Chapters are a finishing touch: if they are what ffmpeg cannot take, it can without them.
            missing.append(f"chapters: {error}")
            await self._package(joint, missing)

    async def _look(self) -> tuple[gate.Findings, Loudness]:
        video, heard = self._path("video.mp4"), self._path("heard.pcm")
        sound = await self.studio.ffmpeg.hear(
            video, heard, samples=self.timeline.samples, tell=self._tell("check", of=0.7)
        )
        task = worker.Look(
            video=video,
            heard=heard,
            master=self._path("master.pcm"),
            rate=self.timeline.rate,
            starts=tuple(scene.span.start for scene in self.timeline.scenes),
            voices=tuple((scene.voice, scene.planned.voice_samples) for scene in self.timeline.scenes),
        )
        answer = await self._do(task, self.steps.at("check", part=0.7, of=0.3))
        return worker.FINDINGS.validate_json(answer), sound

    async def _thumbnail(self, clip: Path, missing: list[str]) -> Artifact | None:
        out = self._path("thumbnail.jpg")
        task = worker.Portray(clip, self.timeline.scenes[0].span.frames, self.timeline.rate, out)
        try:
            await self._do(task, self.steps.at("check", part=1, of=0))
        except (ArtifactCorrupt, ChildDied) as error:
            missing.append(f"thumbnail: {error}")
            return None
        return await self.studio.store.put_file(out, media_type="image/jpeg")

    async def _do(self, task: worker.Task, report: Report) -> bytes:
        seconds = self.timeline.rate.seconds(self.timeline.frames)
        limit = timedelta(seconds=60 + seconds)
        return await self.studio.child.call(worker.TASKS.dump_json(task), timeout=limit, report=report)

    def _tell(self, step: str, *, part: float = 0.0, of: float = 1.0) -> Tell:
        tell = self.steps.at(step, part=part, of=of)
        total = self.timeline.samples
        return lambda done: tell(Progress(step, done, round(done * total), total, "samples"))

    def _path(self, name: str) -> Path:
        return self.folder / name

    def _write(self, name: str, text: str) -> Path:
        path = self._path(name)
        with disk.errors(self.folder):
            path.write_text(text, encoding="utf-8", newline="\n")
        return path


async def _files(store: Store, wanted: Sequence[Artifact], held: AsyncExitStack) -> list[Path]:
    """The files of artifacts, in order, until `held` closes."""
    turns = asyncio.Semaphore(FETCHES)

    async def fetch(artifact: Artifact) -> Path:
        async with turns:
            return await held.enter_async_context(store.path(artifact))

    tasks = [asyncio.ensure_future(fetch(artifact)) for artifact in wanted]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@asynccontextmanager
async def _folder(scratch: Path) -> AsyncIterator[Path]:
    """A folder of its own under `scratch`, gone afterwards whatever happens."""

    def make() -> Path:
        with disk.errors(scratch):
            disk.make_folder(scratch)
            return Path(tempfile.mkdtemp(prefix="mux-", dir=scratch))

    folder = await asyncio.to_thread(make)
    try:
        yield folder
    finally:
        # Without a thread: a cancelled caller cannot wait, and there are few files in it.
        shutil.rmtree(folder, ignore_errors=True)
