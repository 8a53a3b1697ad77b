"""Only clips that fit are joined."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.chassis.errors import ArtifactCorrupt, GateRefused
from services.media.clock import Rate
from services.muxing.join import Joint, Wanted, compare, concat_list
from tests.unit.muxing import reel
from tests.unit.muxing.reel import Take, write_clip

SILENCE = reel.click(0.1)


def clip(
    tmp_path: Path,
    name: str,
    *,
    rate: Rate = reel.THIRTY,
    frames: int = 30,
    take: Take = Take(SILENCE),  # noqa: B008
) -> Path:
    path = tmp_path / f"{name}.mp4"
    write_clip(path, rate, frames, flash=6, take=take)
    return path


def check(paths: list[Path], *, rate: Rate = reel.THIRTY, frames: int = 30) -> Joint:
    wanted = Wanted(320, 240, rate)
    return compare(paths, [frames] * len(paths), wanted, tell=lambda done: None)


@pytest.mark.parametrize(
    ("rate", "joint"),
    [
        (Rate(30), Joint(15360, 512)),
        (Rate(60), Joint(15360, 256)),
        (Rate(25), Joint(12800, 512)),
        (Rate(30000, 1001), Joint(30000, 1001)),
        (Rate(24000, 1001), Joint(24000, 1001)),
    ],
    ids=str,
)
def test_the_joint_counts_whole_ticks_a_frame(tmp_path: Path, rate: Rate, joint: Joint) -> None:
    assert check([clip(tmp_path, "a", rate=rate)], rate=rate) == joint


def test_sparse_clips_fit_as_well(tmp_path: Path) -> None:
    path = clip(tmp_path, "a", take=Take(SILENCE, sparse=True))

    assert check([path, path]) == Joint(15360, 512)


def test_the_list_holds_names_of_ours_and_nothing_else() -> None:
    assert concat_list(2) == (
        "file clip0001.mp4\noption codec_whitelist none\nfile clip0002.mp4\noption codec_whitelist none\n"
    )


@pytest.mark.parametrize(
    ("take", "why"),
    [
        (Take(SILENCE, size=(640, 480)), "is 640x480, the video 320x240"),
        (Take(SILENCE, colour=6), r"has the colour tags \(6, 6, 6, 1\)"),
    ],
)
def test_a_clip_unlike_the_plan_is_refused(tmp_path: Path, take: Take, why: str) -> None:
    fit, unfit = clip(tmp_path, "fit"), clip(tmp_path, "unfit", take=take)

    with pytest.raises(GateRefused, match=f"The clip of scene 2 {why}") as caught:
        check([fit, unfit])

    assert caught.value.metadata == {"scene": "2"}


def test_a_clip_at_another_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GateRefused, match=r"counts time in 1/12800 s: 426\.667 ticks a frame"):
        check([clip(tmp_path, "a", rate=Rate(25))])


def test_a_clip_encoded_otherwise_is_refused(tmp_path: Path) -> None:
    other = clip(tmp_path, "b", take=Take(SILENCE, sparse=True))

    with pytest.raises(GateRefused, match="scene 2 was encoded with other parameters"):
        check([clip(tmp_path, "a"), other])


def test_a_clip_cut_off_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = clip(tmp_path, "a", frames=90)
    data = path.read_bytes()
    head = data.index(b"mdat")
    path.write_bytes(data[: head + 300])

    with pytest.raises((ArtifactCorrupt, GateRefused), match="The clip of scene 1"):
        check([path], frames=90)


def test_sound_alone_is_no_clip(tmp_path: Path) -> None:
    reel.write_flac(tmp_path / "a.flac", SILENCE)

    with pytest.raises(ArtifactCorrupt, match="The clip of scene 1 has no picture"):
        check([tmp_path / "a.flac"])
