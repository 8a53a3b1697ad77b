"""Black, flat, frozen, short and broken pictures are refused with their numbers; good ones are described."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.chassis.errors import GenerationFailed
from services.generation.checks import Seen, Watch, finished, likeness
from services.media.clip import Picture
from services.media.clock import Rate
from services.media.conform import Frame, Reshoot

PICTURE = Picture(160, 96, Rate(30))


def moving(count: int = 9) -> list[Frame]:
    """A bright bar that wanders over a grey gradient."""
    frames = []
    for number in range(count):
        frame = np.repeat(np.linspace(30, 120, 80, dtype=np.uint8)[None, :, None], 48, 0).repeat(3, 2)
        frame[:, number * 8 : number * 8 + 8] = 240
        frames.append(frame)
    return frames


def watch(frames: list[Frame]) -> Watch:
    watch = Watch()
    for frame in frames:
        watch.see(frame)
    return watch


def clip(path: Path) -> Path:
    with Reshoot(path, PICTURE, frames=12, native_frames=9, native_rate=Rate(16)) as reshoot:
        for frame in moving():
            reshoot.take(frame)
    return path


def test_a_moving_picture_passes_and_is_described() -> None:
    told = watch(moving()).verdict(frames=9)

    assert told[0] == "9 frames"
    assert told[1].startswith("not black: mean luma ")
    assert told[2].startswith("moving: up to ")


def test_a_black_picture_is_refused_with_its_luma() -> None:
    frames = [np.full((48, 80, 3), number % 3, np.uint8) for number in range(9)]

    with pytest.raises(
        GenerationFailed, match=r"is black: its brightest frame has a mean luma of 2\.0"
    ) as caught:
        watch(frames).verdict(frames=9)

    assert caught.value.metadata["luma_mean"] == "2.0"


def test_a_flat_picture_is_refused_though_it_changes() -> None:
    frames = [np.full((48, 80, 3), 60 + 20 * number, np.uint8) for number in range(9)]

    with pytest.raises(GenerationFailed, match="one flat colour"):
        watch(frames).verdict(frames=9)


def test_a_frozen_picture_is_refused() -> None:
    frames = moving(1) * 9

    with pytest.raises(GenerationFailed, match="is frozen") as caught:
        watch(frames).verdict(frames=9)

    assert caught.value.metadata["luma_change"] == "0.00"


def test_grain_on_a_still_picture_is_no_frost() -> None:
    random = np.random.default_rng(1)
    frames = [
        (moving(1)[0].astype(int) + random.integers(-2, 3, (48, 80, 3))).clip(0, 255).astype(np.uint8)
        for _ in range(9)
    ]

    assert watch(frames).seen.moved > 0.5
    assert len(watch(frames).verdict(frames=9)) == 3


def test_one_dark_frame_is_not_a_black_clip() -> None:
    frames = [np.zeros((48, 80, 3), np.uint8), *moving()]

    seen = watch(frames).seen

    assert (seen.frames, seen.darkest) == (10, 0)
    assert len(watch(frames).verdict(frames=10)) == 3


def test_missing_frames_are_counted() -> None:
    with pytest.raises(GenerationFailed, match="has 9 of 81 frames"):
        watch(moving()).verdict(frames=81)


def test_no_frame_at_all_is_nothing_seen() -> None:
    assert Watch().seen == Seen(0, 0, 0, 0, 0)


def test_a_frame_of_another_size_is_refused() -> None:
    with pytest.raises(GenerationFailed, match="Frame 1 has another size"):
        watch([moving()[0], np.zeros((40, 80, 3), np.uint8)])


def test_the_first_frame_is_compared_with_the_image_as_it_covers_it() -> None:
    frame = moving()[3]
    image = frame.repeat(2, 0).repeat(2, 1)

    near, far = likeness(frame, image), likeness(frame, 255 - image)

    assert float(near.split()[3]) < 2 < 50 < float(far.split()[3])


def test_a_finished_clip_is_described(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mp4")

    told = finished(path, PICTURE, frames=12)

    assert told == (f"the clip decodes: 160x96, 12 frames, {path.stat().st_size} bytes",)


def test_a_finished_clip_of_another_size_and_length_is_refused_with_both(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mp4")

    with pytest.raises(GenerationFailed, match="is 160x96, not 320x96 and lasts 12 frames, not 13"):
        finished(path, Picture(320, 96, Rate(30)), frames=13)


@pytest.mark.parametrize("left", [0, 20, 700, 2000])
def test_a_finished_clip_that_breaks_off_is_refused(tmp_path: Path, left: int) -> None:
    path = clip(tmp_path / "clip.mp4")
    path.write_bytes(path.read_bytes()[:left])

    with pytest.raises(GenerationFailed, match="The finished clip"):
        finished(path, PICTURE, frames=12)
