"""Footage longer than a clip of the model, over a real socket: each goes on from the one before."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from services.chassis.errors import InvalidRequest
from services.generation.clip import Clip
from services.media import probe
from services.story.footage import Footage
from tests.contract.test_footage_service import (
    Service,
    damaged,
    service,
    started,
    studio,
    tiny_models,
)
from tests.unit.generation.wan.conftest import PICTURE, WISH

__all__ = ["damaged", "service", "started", "studio", "tiny_models"]

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = 400
"""Frames that three clips of the 5B show."""

LAMP = Footage(prompt="a lamp", model="ti2v-5B", seed=301, steps=15)


async def clip_of(service: Service, footage: Footage, frames: int, *, continues: bool = False) -> Clip:
    """The next clip of a scene of which so many frames are left."""
    events = await service.events(footage, frames=frames, may_end_early=True, continues=continues)
    clip = events[-1]
    assert isinstance(clip, Clip)
    return clip


async def test_a_long_scene_is_made_of_clips_that_go_on_from_each_other(
    service: Service, tmp_path: Path
) -> None:
    clips, footage = [await clip_of(service, LAMP, LONG)], LAMP
    while (last := clips[-1].last_frame) is not None:
        footage = replace(footage, image=last)
        left = LONG - sum(clip.frames for clip in clips)
        clips.append(await clip_of(service, footage, left, continues=True))

    assert [clip.frames for clip in clips] == [134, 133, 133]
    assert [clip.making.plan.mode for clip in clips if clip.making] == ["t2v", "ti2v", "ti2v"]
    for clip in clips:
        await service.studio.store.fetch(clip.video, tmp_path / "clip.mp4")
        assert len(probe.video(tmp_path / "clip.mp4").times) == clip.frames
    assert all(
        not clip.making.adjustments or clip.making.adjustments[0].field != "frames"
        for clip in clips
        if clip.making
    )


async def test_the_last_frame_is_as_the_model_made_it(service: Service) -> None:
    clip = await clip_of(service, LAMP, LONG)

    assert clip.last_frame is not None
    assert clip.making is not None
    image = Image.open(io.BytesIO(await service.studio.store.read(clip.last_frame)))
    assert (image.format, image.size) == ("PNG", (clip.making.plan.width, clip.making.plan.height))
    assert clip.last_frame.media_type == "image/png"


async def test_a_scene_that_one_clip_shows_is_whole_and_has_no_last_frame(service: Service) -> None:
    clip = await clip_of(service, LAMP, 20)

    assert (clip.frames, clip.last_frame) == (20, None)


async def test_without_leave_a_long_scene_plays_to_and_fro(service: Service) -> None:
    clip = (await service.events(LAMP, frames=LONG))[-1]

    assert (clip.frames, clip.last_frame) == (LONG, None)
    assert "frames" in [told.field for told in clip.making.adjustments]


async def test_one_who_cannot_go_on_plays_to_and_fro(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.contract.test_footage_service.Kept.chains", False)

    clip = await clip_of(service, replace(LAMP, seed=302), LONG)
    _, frames = await service.client.estimate_clip(LAMP, frames=LONG, picture=PICTURE, may_end_early=True)

    assert (clip.frames, clip.last_frame, frames) == (LONG, None, LONG)


async def test_an_estimate_is_of_the_first_clip_and_tells_its_length(service: Service) -> None:
    report, frames = await service.client.estimate_clip(
        LAMP, frames=LONG, picture=PICTURE, may_end_early=True
    )

    assert frames == 134
    assert "frames" not in [told.field for told in report.adjustments]


async def test_the_last_image_belongs_to_the_last_clip(service: Service) -> None:
    image, end = await service.studio.image(1), await service.studio.image(2)
    wish = Footage(prompt="a lamp", image=image, last_image=end, mode="i2v", seed=303, steps=20)

    first = await clip_of(service, wish, 200)
    other = await clip_of(service, replace(wish, last_image=image), 200)
    last = await clip_of(service, wish, 60)

    assert first.last_frame is not None
    assert first.video == other.video
    assert last.video != (await clip_of(service, replace(wish, last_image=image), 60)).video


async def test_to_go_on_from_no_image_is_refused(service: Service) -> None:
    with pytest.raises(InvalidRequest, match="continues needs an image"):
        await service.events(WISH, continues=True)


async def test_a_wish_that_no_mode_is_for_is_told_with_all_that_is_wrong(service: Service) -> None:
    odd = Footage(prompt="a lamp", mode="i2v", model="ti2v-5B")

    with pytest.raises(InvalidRequest) as caught:
        await clip_of(service, odd, LONG)
    report, frames = await service.client.estimate_clip(odd, frames=LONG, picture=PICTURE, may_end_early=True)

    assert [violation.field for violation in caught.value.violations] == ["model", "image"]
    assert [finding.blocking for finding in report.findings] == [True]
    assert frames == LONG
