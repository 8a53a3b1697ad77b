"""Clips come back from the contract as they went in."""

from __future__ import annotations

from typing import get_args

import pytest

from services.artifacts.store import Artifact
from services.media.clip import Clip, FrameTiming, Picture
from services.media.clock import Rate
from services.media.wire import (
    clip_from_proto,
    clip_to_proto,
    frame_timing_from_proto,
    frame_timing_to_proto,
    picture_from_proto,
    picture_to_proto,
)
from storyreel.media.v1 import clip_pb2


@pytest.mark.parametrize("rate", [Rate(24), Rate(30), Rate(30000, 1001), Rate(60)])
def test_a_picture_survives(rate: Rate) -> None:
    picture = Picture(1080, 1920, rate)

    assert picture_from_proto(picture_to_proto(picture)) == picture


def test_a_clip_survives() -> None:
    video = Artifact.of("local", "ab" * 32, size_bytes=7, media_type="video/mp4")
    clip = Clip(video, 90, Picture(1280, 720, Rate(25)))

    assert clip_from_proto(clip_to_proto(clip)) == clip


@pytest.mark.parametrize("timing", get_args(FrameTiming))
def test_which_frames_are_written_survives(timing: FrameTiming) -> None:
    assert frame_timing_from_proto(frame_timing_to_proto(timing)) == timing


def test_all_frames_are_written_when_nothing_is_said() -> None:
    assert frame_timing_from_proto(clip_pb2.FRAME_TIMING_UNSPECIFIED) == "constant"
