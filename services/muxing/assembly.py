"""Makes a video from its timeline: clips, sound, captions, chapters, and the check that lets it out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.artifacts import disk
from services.artifacts.store import Artifact
from services.chassis.errors import ArtifactCorrupt, ChildDied
from services.chassis.progress import Progress, Report
from services.muxing import captions, gate, join, package, worker
from services.muxing.backends.ffmpeg import Parts, Tell
from services.muxing.language import three_letters
from services.muxing.steps import VIDEO, Steps
from services.muxing.studio import Studio, both
from services.muxing.timeline import Timeline
from services.muxing.video import Video
from services.story.narration import SpeechTiming

_SOUND = "sound.mp4"


async def assemble(
    studio: Studio, timeline: Timeline, timings: Sequence[SpeechTiming], *, report: Report
) -> Video:
    """Make a video and store it, when it is what was planned.

    Args:
        studio: What it is made with.
        timeline: The plan.
        timings: What is said in each scene, and when.
        report: Told how far it is: the steps `join`, `package`, `check`.

    Raises:
        ArtifactMissing: A clip or the sound is not in the store.
        ArtifactCorrupt: A clip is not what it should be; metadata `scene` names it.
        GateRefused: A clip does not fit, or the finished file is not what was planned.
        ChildDied: ffmpeg or the child that reads media died.
        StoreFull: The disk or the store is full.
    """
    wanted = [timeline.sound.audio, *(reel.video for _, reel in timeline.clips)]
    async with studio.folder() as folder, studio.files(wanted) as (sound, *clips):
        return await _Assembly(studio, timeline, folder, Steps(report, VIDEO)).make(sound, clips, timings)


@dataclass(frozen=True, slots=True)
class _Assembly:
    """One video in the making; every file it writes lies in `folder` under a name of ours."""

    studio: Studio
    timeline: Timeline
    folder: Path
    steps: Steps

    async def make(self, sound: Path, clips: Sequence[Path], timings: Sequence[SpeechTiming]) -> Video:
        # Captions of an hour take Python a while, which the event loop does not have.
        writing = asyncio.to_thread(captions.write, self.timeline, timings)
        joint, texts = await both(self._join(sound, clips), writing)
        self._write("captions.srt", texts.srt)
        missing: list[str] = []
        portrayed: list[str] = []
        _, thumbnail = await both(self._package(joint, missing), self._thumbnail(clips[0], portrayed))
        found = await self._look()
        measured = gate.judge(found, self.timeline)
        if not missing and (why := gate.missing_chapters(found, self.timeline)):
            missing.append(why)
        store = self.studio.store
        return Video(
            mp4=await store.put_file(self._path("video.mp4"), media_type="video/mp4"),
            srt=await store.put_file(self._path("captions.srt"), media_type="application/x-subrip"),
            vtt=await store.put_bytes(texts.vtt.encode(), media_type="text/vtt"),
            transcript=await store.put_bytes(texts.transcript.encode(), media_type="text/plain"),
            thumbnail=thumbnail,
            measurements=measured,
            missing=(*missing, *portrayed),
        )

    async def _join(self, sound: Path, clips: Sequence[Path]) -> join.Joint:
        self._link(_SOUND, sound)
        for number, clip in enumerate(clips, 1):
            self._link(join.clip_name(number), clip)
        self._write("clips.txt", join.concat_list(len(clips)))
        picture = self.timeline.picture
        task = worker.Compare(
            tuple(clips),
            tuple(reel.frames for _, reel in self.timeline.clips),
            join.Wanted(picture.width, picture.height, picture.rate),
            tuple(number for number, _ in self.timeline.clips),
        )
        return worker.JOINT.validate_json(await self._do(task, self.steps.at("join")))

    async def _package(self, joint: join.Joint, missing: list[str]) -> None:
        chapters = not missing
        parts = Parts(
            clips=self._path("clips.txt"),
            sound=self._path(_SOUND),
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

    async def _look(self) -> gate.Findings:
        task = worker.Look(
            video=self._path("video.mp4"),
            sound=self._path(_SOUND),
            rate=self.timeline.rate,
            starts=tuple(scene.span.start for scene in self.timeline.scenes),
        )
        tell = self._tell("check")
        tell(0.0)
        found = worker.FINDINGS.validate_json(await self._do(task, self.steps.at("check")))
        tell(1.0)
        return found

    async def _thumbnail(self, clip: Path, missing: list[str]) -> Artifact | None:
        out = self._path("thumbnail.jpg")
        task = worker.Portray(clip, self.timeline.clips[0][1].frames, self.timeline.rate, out)
        try:
            await self._do(task, self.steps.at("package", of=0))
        except (ArtifactCorrupt, ChildDied) as error:
            missing.append(f"thumbnail: {error}")
            return None
        return await self.studio.store.put_file(out, media_type="image/jpeg")

    async def _do(self, task: worker.Task, report: Report) -> bytes:
        return await self.studio.do(task, samples=self.timeline.samples, report=report)

    def _tell(self, step: str) -> Tell:
        report, samples = self.steps.at(step), self.timeline.samples
        return lambda done: report(Progress(step, done, round(done * samples), samples, "samples"))

    def _path(self, name: str) -> Path:
        return self.folder / name

    def _link(self, name: str, to: Path) -> None:
        self._path(name).symlink_to(to.absolute())

    def _write(self, name: str, text: str) -> Path:
        path = self._path(name)
        with disk.errors(self.folder):
            path.write_text(text, encoding="utf-8", newline="\n")
        return path
