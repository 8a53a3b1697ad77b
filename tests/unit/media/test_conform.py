"""A model's frames become a clip of the video: its size, grid and length, joined by copy with drawn ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import pytest

from services.cards import scenes
from services.cards.card import CardSpec
from services.cards.film import Film, Ground
from services.cards.render import canvas, encoding, render
from services.media.clip import FrameTiming, Picture
from services.media.clock import Rate
from services.media.conform import Frame, Reshoot, Showing, covering
from services.muxing import join
from services.story.look import builtin
from services.story.narration import Narration, Segment, SpeechTiming, Word, WordSource
from services.story.scene import TitleCard

PICTURE = Picture(320, 180, Rate(30))


def native(count: int, *, width: int = 96, height: int = 64) -> list[Frame]:
    """Frames whose brightness tells their number: 20, 28, 36 …"""
    return [np.full((height, width, 3), 20 + 8 * number, np.uint8) for number in range(count)]


def shoot(path: Path, source: Iterable[Frame], **changed: object) -> Reshoot:
    given = {"frames": 30, "native_frames": 17, "native_rate": Rate(16)} | changed
    with Reshoot(path, PICTURE, **given) as reshoot:  # type: ignore[arg-type]
        for frame in source:
            reshoot.take(frame)
    return reshoot


def seen(path: Path) -> list[int]:
    """The native frame seen in each frame of a clip, from its brightness."""
    with av.open(str(path)) as file:
        return [
            round((grey(frame.to_ndarray()[: PICTURE.height]) - 20) / 8) for frame in file.decode(video=0)
        ]


def grey(luma: np.ndarray) -> float:
    return float((luma.mean() - 16) * 255 / 219)


@pytest.mark.parametrize("rate", [Rate(16), Rate(24), Rate(30), Rate(60), Rate(24000, 1001)])
@pytest.mark.parametrize("native_frames", [2, 5, 81])
def test_each_frame_shows_the_native_frame_nearest_to_it(rate: Rate, native_frames: int) -> None:
    frames = max(1, native_frames * 30 * rate.denominator // rate.numerator)
    showing = Showing(frames, Rate(30), native_frames, rate)

    shown = [showing.at(frame) for frame in range(frames)]

    for frame, number in enumerate(shown):
        middle = (frame + 0.5) / 30
        apart = [abs((n + 0.5) * rate.denominator / rate.numerator - middle) for n in range(native_frames)]
        assert apart[number] == pytest.approx(min(apart), abs=1e-9)
    assert not showing.turns
    assert showing.needed == shown[-1] + 1


def test_a_longer_clip_plays_to_and_fro_without_a_jump() -> None:
    showing = Showing(20, Rate(10), 5, Rate(10))

    shown = [showing.at(frame) for frame in range(20)]

    assert shown == [0, 1, 2, 3, 4, 3, 2, 1, 0, 1, 2, 3, 4, 3, 2, 1, 0, 1, 2, 3]
    assert showing.turns
    assert showing.needed == 5


def test_a_clip_that_continues_begins_after_the_unseen_frame_and_never_shows_it() -> None:
    showing = Showing(14, Rate(10), 5, Rate(10), unseen=1)

    shown = [showing.at(frame) for frame in range(14)]

    assert shown == [1, 2, 3, 4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 2]
    assert showing.needed == 5
    assert showing.last == 2


@pytest.mark.parametrize("frames", [1, 7, 149, 150])
def test_a_clip_that_continues_needs_one_frame_more_and_is_as_long(frames: int) -> None:
    plain = Showing(frames, Rate(30), 80, Rate(16))

    continued = Showing(frames, Rate(30), 81, Rate(16), unseen=1)

    assert continued.needed == plain.needed + 1
    assert continued.last == plain.last + 1 == continued.needed - 1
    assert continued.turns == plain.turns


def test_frames_of_which_none_may_be_seen_are_refused() -> None:
    with pytest.raises(ValueError, match="1 of them unseen"):
        Showing(9, Rate(30), 1, Rate(16), unseen=1)


def test_one_native_frame_is_shown_all_the_time() -> None:
    showing = Showing(9, Rate(30), 1, Rate(16))

    shown = {showing.at(frame) for frame in range(9)}

    assert shown == {0}


def test_the_clip_shows_what_the_plan_says(tmp_path: Path) -> None:
    reshoot = shoot(tmp_path / "clip.mp4", native(17))

    assert seen(tmp_path / "clip.mp4") == [reshoot.showing.at(frame) for frame in range(30)]
    assert not reshoot.showing.turns


def test_a_clip_to_and_fro_shows_what_the_plan_says_and_leaves_no_file(tmp_path: Path) -> None:
    reshoot = shoot(tmp_path / "clip.mp4", native(9), native_frames=9, frames=70)

    assert seen(tmp_path / "clip.mp4") == [reshoot.showing.at(frame) for frame in range(70)]
    assert reshoot.showing.turns
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize("frames", [12, 70])
def test_a_clip_that_continues_shows_what_the_plan_says(tmp_path: Path, frames: int) -> None:
    reshoot = shoot(tmp_path / "clip.mp4", native(9), native_frames=9, frames=frames, unseen=1)

    shown = seen(tmp_path / "clip.mp4")
    assert shown == [reshoot.showing.at(frame) for frame in range(frames)]
    assert 0 not in shown
    assert reshoot.showing.turns == (frames == 70)


def test_frames_after_the_last_one_that_is_seen_are_dropped(tmp_path: Path) -> None:
    reshoot = shoot(tmp_path / "clip.mp4", native(17), frames=6)

    assert reshoot.needed == 3
    assert seen(tmp_path / "clip.mp4") == [0, 0, 1, 1, 2, 2]


def test_too_few_native_frames_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="3 of 16 native frames"):
        shoot(tmp_path / "clip.mp4", native(3))


def test_an_error_of_the_source_is_not_covered_up(tmp_path: Path) -> None:
    def breaking() -> Iterable[Frame]:
        yield from native(2)
        raise EOFError("the file ends")

    with pytest.raises(EOFError, match="the file ends"):
        shoot(tmp_path / "clip.mp4", breaking())


@pytest.mark.parametrize(("frames", "native_frames"), [(24, 17), (70, 9)])
def test_the_same_frames_give_the_same_bytes(tmp_path: Path, frames: int, native_frames: int) -> None:
    random = np.random.default_rng(3)
    source = [random.integers(0, 256, (48, 80, 3), np.uint8) for _ in range(native_frames)]

    for name in ("a.mp4", "b.mp4"):
        shoot(tmp_path / name, source, frames=frames, native_frames=native_frames)

    digests = {hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("a.mp4", "b.mp4")}
    assert len(digests) == 1


@pytest.mark.parametrize("timing", ["constant", "sparse"])
@pytest.mark.parametrize("rate", [Rate(30), Rate(24), Rate(30000, 1001)])
@pytest.mark.parametrize("first", ["drawn", "shot"])
def test_it_joins_a_drawn_clip_by_copy(tmp_path: Path, timing: FrameTiming, rate: Rate, first: str) -> None:
    picture = Picture(320, 180, rate)
    card = CardSpec(
        TitleCard("Hello"),
        Narration("en", (Segment("Hello", "title"),)),
        SpeechTiming("Hello", (Word("Hello", 0, 5, 4_800, 9_600, WordSource.EVENT),)),
        frames=40,
        lead_frames=6,
        picture=picture,
        look=builtin(),
        frame_timing=timing,
    )
    drawn, shot = tmp_path / "drawn.mp4", tmp_path / "shot.mp4"
    drawing = scenes.draw(card.card, canvas(card))
    film = Film(drawing, Ground().of(drawing))
    render(film, drawn, encoding(card, threads=1), report=lambda _: None)
    with Reshoot(
        shot, picture, frames=50, native_frames=9, native_rate=Rate(16), sparse=timing == "sparse"
    ) as reshoot:
        for frame in native(9):
            reshoot.take(frame)
    pairs = [(drawn, 40), (shot, 50)] if first == "drawn" else [(shot, 50), (drawn, 40)]

    joint = join.compare(
        [path for path, _ in pairs],
        [frames for _, frames in pairs],
        join.Wanted(320, 180, rate),
        tell=lambda _: None,
    )

    assert joint.ticks * rate.denominator == joint.per_frame * rate.numerator


def test_a_wider_picture_is_cropped_at_its_sides_and_a_taller_one_above_and_below() -> None:
    wide = np.zeros((40, 120, 3), np.uint8)
    wide[:, 40:80] = 200
    tall = np.ascontiguousarray(wide.transpose(1, 0, 2))

    squares = [covering(frame, 20, 20) for frame in (wide, tall)]

    for square in squares:
        assert square.shape == (20, 20, 3)
        assert square.min() > 180


def test_a_frame_of_the_right_size_is_not_touched() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)

    assert np.array_equal(covering(frame, 30, 20), frame)


def test_a_view_with_gaps_is_taken_as_it_looks() -> None:
    planes = np.random.default_rng(1).integers(0, 256, (3, 24, 40), np.uint8)

    scaled = covering(planes.transpose(1, 2, 0), 20, 12)

    assert np.array_equal(scaled, covering(np.ascontiguousarray(planes.transpose(1, 2, 0)), 20, 12))
