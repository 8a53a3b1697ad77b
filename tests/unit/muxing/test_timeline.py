"""Places in time come from whole frames."""

from __future__ import annotations

import pytest

from services.artifacts.store import Artifact
from services.chassis.errors import GateRefused
from services.media.clip import Clip, Picture
from services.media.clock import UNIT, Rate
from services.muxing.loudness import Loudness
from services.muxing.sound import Sound
from services.muxing.timeline import Chapter, Planned, Timeline, lay

FILM = Picture(320, 240, Rate(30000, 1001))
ANY = Artifact.of("local", "0" * 64, size_bytes=1, media_type="video/mp4")


def scene(
    chapter: str = "", *, frames: int = 60, lead: int = 6, voice: int = 48_000, picture: Picture = FILM
) -> Planned:
    return Planned((Clip(ANY, frames, picture),), lead, ANY, ANY, voice, chapter)


def sound(scenes: int, *, samples: int = 0) -> Sound:
    return Sound(ANY, samples or FILM.rate.sample_at(60 * scenes), Loudness(-16, -2), (0.0,) * scenes)


def reel(*chapters: str) -> Timeline:
    scenes = [scene(chapter) for chapter in chapters]
    return lay(scenes, FILM, sound(len(scenes)), title="The title")


def test_scenes_stand_one_after_the_other() -> None:
    timeline = reel("", "", "")

    assert [s.span.start for s in timeline.scenes] == [0, 60, 120]
    assert [s.voice for s in timeline.scenes] == [
        round(FILM.rate.sample_at(n) / UNIT) * UNIT for n in (6, 66, 126)
    ]
    assert (timeline.frames, timeline.samples) == (180, FILM.rate.sample_at(180))


@pytest.mark.parametrize(
    ("names", "chapters"),
    [
        (("", ""), []),
        (("A", "A", "B"), [("A", 0, 120), ("B", 120, 180)]),
        (("", "A", "B"), [("The title", 0, 60), ("A", 60, 120), ("B", 120, 180)]),
        (("A", "", "A", "B"), [("A", 0, 180), ("B", 180, 240)]),
        (("A", "B", "A"), [("A", 0, 60), ("B", 60, 120), ("A", 120, 180)]),
    ],
)
def test_chapters_reach_to_the_next_one(names: tuple[str, ...], chapters: list[tuple[str, int, int]]) -> None:
    assert list(reel(*names).chapters()) == [Chapter(*chapter) for chapter in chapters]


def test_a_voice_may_fill_its_scene_to_the_last_sample() -> None:
    room = FILM.rate.sample_at(60) - FILM.rate.sample_at(6)

    timeline = lay([scene(voice=room)], FILM, sound(1))

    assert 0 <= timeline.samples - timeline.scenes[0].voice_end <= UNIT // 2


def test_a_voice_that_does_not_fit_is_refused_and_named() -> None:
    room = FILM.rate.sample_at(60) - FILM.rate.sample_at(6)

    with pytest.raises(GateRefused) as caught:
        lay([scene(), scene(voice=room + 48)], FILM, sound(2))

    assert str(caught.value).startswith("The clip of scene 2 ends 1.0 ms before its voice")
    assert caught.value.metadata == {"scene": "2"}


def test_a_clip_of_another_size_or_rate_is_refused() -> None:
    other = Picture(640, 360, Rate(25))

    with pytest.raises(GateRefused, match="scene 1 is 640x360 at 25/1, the video 320x240 at 30000/1001"):
        lay([scene(picture=other)], FILM, sound(1))


@pytest.mark.parametrize("other", [sound(2), sound(1, samples=FILM.rate.sample_at(60) - 1)])
def test_the_sound_of_other_scenes_is_refused(other: Sound) -> None:
    with pytest.raises(GateRefused, match=r"The sound lasts \d+ samples with \d voices, the 1 scenes 96096"):
        lay([scene()], FILM, other)
