"""A clip of a video server: asked for, waited for, checked, and written so that it joins drawn ones."""

from __future__ import annotations

import pytest

from services.media.clock import Rate
from services.muxing import join
from tests.unit.generation.video_api.serving import Opens, video


@pytest.mark.parametrize("dialect", ["sglang", "vllm_omni", "dynamo", "trtllm", "openai"])
async def test_each_engine_makes_a_clip_of_the_videos_size_rate_and_length(
    opened: Opens, dialect: str
) -> None:
    made = await opened(dialect)
    if dialect == "openai":
        made.engine.video = video(64)

    making = await made.make()

    joint = join.compare([made.clip], [24], join.Wanted(320, 180, Rate(30)), tell=lambda _: None)
    assert joint.ticks == 30 * joint.per_frame
    assert making.checks[-1] == f"the clip decodes: 320x180, 24 frames, {made.clip.stat().st_size} bytes"
    assert (making.plan.width, making.plan.height, making.plan.rate) == (96, 64, 16)
    assert making.seconds.keys() == {"generate", "encode"}
    steps = list(dict.fromkeys(progress.step for progress in made.told))
    assert steps == ["validate", "preflight", "prepare", "generate", "postprocess", "complete"]
    fractions = [progress.fraction for progress in made.told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
