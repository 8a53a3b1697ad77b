"""The timeline: which scene stands where, in whole frames; every other place in time follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.artifacts.store import Artifact
from services.chassis.errors import GateRefused, Suggestion
from services.media.clip import Clip, Picture
from services.media.clock import Rate, Span, timeline, voice_at
from services.muxing.sound import Sound


@dataclass(frozen=True, slots=True)
class Planned:
    """One scene as it was planned, before it has a place.

    Args:
        clips: Its clips, at least one, which follow each other without a cut.
        lead_frames: Frames before the voice starts.
        audio: FLAC, 48 kHz, mono, 16 bit.
        timing: A SpeechTiming.
        voice_samples: The length of the audio.
        chapter: The chapter's title; empty for none.
        narration: A Narration, which knows how the speech is written; None: as it is spoken.
    """

    clips: tuple[Clip, ...]
    lead_frames: int
    audio: Artifact
    timing: Artifact
    voice_samples: int
    chapter: str = ""
    narration: Artifact | None = None

    @property
    def frames(self) -> int:
        """The length of all its clips."""
        return sum(reel.frames for reel in self.clips)


@dataclass(frozen=True, slots=True)
class Scene:
    """A planned scene in its place; `number` counts from 1, `voice` is the voice's first sample."""

    number: int
    planned: Planned
    span: Span
    voice: int

    @property
    def voice_end(self) -> int:
        """The sample after the voice's last one."""
        return self.voice + self.planned.voice_samples


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: its title, its first frame, and the frame after its last."""

    title: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The whole video; `language` is BCP 47, `sound` lasts as long as the scenes."""

    title: str
    language: str
    picture: Picture
    scenes: tuple[Scene, ...]
    sound: Sound

    @property
    def rate(self) -> Rate:
        """Frames per second."""
        return self.picture.rate

    @property
    def frames(self) -> int:
        """The length of the video."""
        last = self.scenes[-1].span
        return last.start + last.frames

    @property
    def samples(self) -> int:
        """The length of the sound, at 48 kHz."""
        return self.rate.sample_at(self.frames)

    @property
    def clips(self) -> tuple[tuple[int, Clip], ...]:
        """All clips in order, each with the number of its scene."""
        return tuple((scene.number, reel) for scene in self.scenes for reel in scene.planned.clips)

    def end_of(self, scene: Scene) -> int:
        """The sample after a scene's last one."""
        return self.rate.sample_at(scene.span.start + scene.span.frames)

    def chapters(self) -> tuple[Chapter, ...]:
        """The chapters, each up to the next one.

        Players want the first chapter at the video's beginning: scenes before it become a chapter of
        the video's title. A scene without a chapter after that belongs to the chapter before it.
        """
        return tuple(self._chapters())

    def _chapters(self) -> Iterator[Chapter]:
        starts = [
            (scene.span.start, scene.planned.chapter)
            for scene, before in zip(self.scenes, ("", *_chapter_names(self.scenes)), strict=False)
            if scene.planned.chapter and scene.planned.chapter != before
        ]
        if starts and starts[0][0] > 0:
            starts.insert(0, (0, self.title))
        ends = [*(start for start, _ in starts[1:]), self.frames]
        for (start, title), end in zip(starts, ends, strict=False):
            yield Chapter(title, start, end)


def lay(
    scenes: Sequence[Planned], picture: Picture, sound: Sound, *, title: str = "", language: str = "en"
) -> Timeline:
    """Place scenes one after the other.

    Raises:
        GateRefused: A scene's clip has another size or rate than the video, its voice lasts longer
            than its clip (speech is never cut), or the sound is that of other scenes.
    """
    rate = picture.rate
    spans = timeline([(scene.frames, scene.lead_frames) for scene in scenes])
    placed = tuple(
        Scene(number, scene, span, voice_at(rate, span, scene.voice_samples))
        for number, (scene, span) in enumerate(zip(scenes, spans, strict=True), 1)
    )
    result = Timeline(title, language, picture, placed, sound)
    for scene in placed:
        for reel in scene.planned.clips:
            if reel.picture != picture:
                raise misfit(scene.number, f"is {reel.picture}, the video {picture}")
        if (over := scene.voice_end - result.end_of(scene)) > 0:
            raise misfit(
                scene.number, f"ends {over / 48:.1f} ms before its voice ({scene.span.frames} frames)"
            )
    if (sound.samples, len(sound.voice_offsets)) != (result.samples, len(scenes)):
        raise GateRefused(
            f"The sound lasts {sound.samples} samples with {len(sound.voice_offsets)} voices, the "
            f"{len(scenes)} scenes {result.samples} samples.",
            suggestions=[Suggestion("Make the sound again from the speech and frames of these scenes.")],
        )
    return result


def misfit(number: int, what: str) -> GateRefused:
    """The refusal of one scene's clip; `what` continues "The clip of scene 3 …"."""
    return GateRefused(
        f"The clip of scene {number} {what}.",
        suggestions=[Suggestion(f"Make the clip of scene {number} again from the video's plan.")],
        metadata={"scene": str(number)},
    )


def _chapter_names(scenes: Sequence[Scene]) -> Iterator[str]:
    """The chapter each scene is in, counting those that name none."""
    current = ""
    for scene in scenes:
        current = scene.planned.chapter or current
        yield current
