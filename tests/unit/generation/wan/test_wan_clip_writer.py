"""The reel: what becomes of a model's frames, and the image that the next clip goes on from."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from services.chassis.errors import GenerationFailed
from services.generation.footage import native
from services.generation.wan.clip_writer import Reel
from services.generation.wan.wire import Machine, Task
from services.media.clip import Picture
from services.media.clock import Rate
from services.media.conform import Frame
from services.story.footage import Footage

SIZE = (320, 192)


def task(folder: Path, *, frames: int, continues: bool = False) -> Task:
    plan, _ = native.plan(Footage(prompt="a lighthouse", seed=5), frames=20, rate=Rate(30))
    small = {"width": SIZE[0], "height": SIZE[1], "frames": 9}
    return Task(
        machine=Machine(device="cpu"),
        plan=type(plan)(**{name: getattr(plan, name) for name in plan.__dataclass_fields__} | small),
        folder=folder,
        picture=Picture(*SIZE, Rate(30)),
        frames=frames,
        path=folder / "clip.mp4",
        cancel=folder / "cancel",
        continues=continues,
        last_frame=folder / "last.png",
    )


def native_frames() -> list[Frame]:
    """Nine frames: a ramp that moves to the right and grows brighter."""
    ramp = np.arange(SIZE[0]) % 100
    row = [np.tile(np.roll(ramp, 9 * number) + 8 * number, (SIZE[1], 1)) for number in range(9)]
    return [np.repeat(luma[:, :, None], 3, axis=2).astype(np.uint8) for luma in row]


def shot(of: Task, frames: list[Frame], image: Image.Image | None = None) -> tuple[str, ...]:
    with Reel(of, image) as reel:
        for frame in frames[: reel.needed]:
            reel.take(frame)
        return reel.verdict()


def first_seen(path: Path) -> float:
    """The mean luma of a clip's first frame, of 255."""
    with av.open(str(path)) as file:
        luma = next(file.decode(video=0)).to_ndarray()[: SIZE[1]]
    return float((luma.mean() - 16) * 255 / 219)


@pytest.mark.parametrize(
    ("frames", "continues", "last"),
    [(15, False, 7), (13, True, 7), (17, False, 8), (24, False, 4), (24, True, 3)],
    ids=["before the end", "continued", "at the end", "to and fro", "continued to and fro"],
)
def test_the_image_to_go_on_from_is_the_frame_that_is_seen_at_the_end(
    tmp_path: Path, frames: int, continues: bool, last: int
) -> None:
    of = task(tmp_path, frames=frames, continues=continues)

    shot(of, native_frames())

    with Image.open(tmp_path / "last.png") as image:
        assert np.array_equal(np.asarray(image), native_frames()[last])
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "last.png"}


def test_a_clip_that_continues_begins_with_the_frame_after_its_image(tmp_path: Path) -> None:
    source = native_frames()
    image = Image.fromarray(source[0])

    checks = shot(task(tmp_path, frames=12, continues=True), source, image)

    assert first_seen(tmp_path / "clip.mp4") == pytest.approx(float(source[1].mean()), abs=2)
    assert "first frame within 0.0 of 255 of the image, on average" in checks


def test_frames_of_another_size_than_planned_are_refused(tmp_path: Path) -> None:
    frames = [frame[:100] for frame in native_frames()]

    with pytest.raises(GenerationFailed, match="320x100, planned were 320x192") as caught:
        shot(task(tmp_path, frames=12), frames)

    assert caught.value.metadata == {"phase": "decode", "check": "shape"}


def test_missing_frames_are_counted(tmp_path: Path) -> None:
    with pytest.raises(GenerationFailed, match="has 3 of 9 frames"):
        shot(task(tmp_path, frames=30), native_frames()[:3])
