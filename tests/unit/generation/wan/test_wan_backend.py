"""The backend generates clips that are what was planned, join drawn ones, and are the same every time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from services.cards.render import encoding
from services.chassis.errors import InvalidRequest, Overloaded
from services.media import probe
from services.media.clip import FrameTiming, Picture
from services.media.clock import Rate
from services.media.encode import Encoder
from services.muxing.join import Wanted, compare
from services.story.footage import Footage, Lora, Quantization
from tests.unit.cards.specs import CARD
from tests.unit.generation.wan.conftest import PICTURE, WISH, Studio, shot

import numpy as np  # isort: skip

pytestmark = pytest.mark.asyncio(loop_scope="session")

STEPS = ["validate", "preflight", "prepare", "generate", "postprocess", "complete"]


async def wish(studio: Studio, kind: str) -> Footage:
    match kind:
        case "t2v":
            return WISH
        case "i2v":
            return Footage(image=await studio.image(), last_image=await studio.image(2), seed=5)
        case "ti2v":
            return replace(WISH, image=await studio.image(), steps=15)
        case _:
            return replace(WISH, model="ti2v-5B", steps=15)


@pytest.mark.parametrize(
    ("kind", "model"),
    [("t2v", "t2v-A14B"), ("i2v", "i2v-A14B"), ("ti2v", "ti2v-5B"), ("5B as t2v", "ti2v-5B")],
)
async def test_every_mode_gives_a_clip_of_the_planned_size_and_length(
    studio: Studio, kind: str, model: str
) -> None:
    making = await studio.make(await wish(studio, kind), of=shot(40))

    track = probe.video(studio.path)
    assert (track.width, track.height, len(track.times)) == (320, 240, 40)
    assert making.plan.model == model
    assert making.plan.frames == 9
    assert "9 frames" in making.checks
    assert making.placement == ()
    assert set(making.seconds) == {"load", "encode_text", "denoise", "decode", "encode"}
    assert making.revision.startswith("files-")
    assert making.device == "processor"
    assert {"torch", "diffusers", "transformers"} <= set(making.versions)


async def test_an_images_likeness_to_the_first_frame_is_told(studio: Studio) -> None:
    making = await studio.make(await wish(studio, "ti2v"))

    assert any("of the image" in check for check in making.checks)


async def test_the_same_seed_gives_the_same_bytes_and_another_one_others(studio: Studio) -> None:
    first = await studio.bytes_of()
    other = await studio.bytes_of(replace(WISH, seed=6))
    again = await studio.bytes_of()

    assert first == again
    assert first != other


@pytest.mark.parametrize("timing", ["constant", "sparse"])
async def test_generated_and_drawn_clips_join_by_copy(
    studio: Studio, tmp_path: Path, timing: FrameTiming
) -> None:
    of = shot(40, frame_timing=timing)
    card = replace(CARD, frames=40, picture=PICTURE, frame_timing=timing)
    drawn = tmp_path / "drawn.mp4"
    grey = np.full((PICTURE.height * 3 // 2, PICTURE.width), 128, np.uint8)

    await studio.make(of=of)
    with Encoder(drawn, grey, encoding(card, threads=1)) as encoder:
        for frame in range(40):
            encoder.show(changed=frame == 0)

    wanted = Wanted(PICTURE.width, PICTURE.height, PICTURE.rate)
    counted: list[int] = []
    joint = compare([drawn, studio.path], [40, 40], wanted, tell=counted.append)
    assert joint.per_frame * 30 == joint.ticks
    assert counted == [1, 2]


async def test_a_clip_has_the_videos_rate_whatever_the_models(studio: Studio) -> None:
    picture = Picture(320, 320, Rate(30000, 1001))

    await studio.make(of=shot(7, picture=picture))

    track = probe.video(studio.path)
    assert (track.width, track.height, len(track.times)) == (320, 320, 7)


async def test_progress_goes_through_all_steps_in_order_and_never_back(studio: Studio) -> None:
    await studio.make()

    steps = list(dict.fromkeys(progress.step for progress in studio.told))
    fractions = [progress.fraction for progress in studio.told]
    assert steps == STEPS
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert studio.steps_done() == [1, 2, 3, 4, 5, 6]


async def test_a_second_clip_at_once_is_told_when_to_come_back(studio: Studio) -> None:
    first = asyncio.ensure_future(studio.make())
    await asyncio.sleep(0)
    with pytest.raises(Overloaded) as caught:
        await studio.backend.make(shot(), WISH, studio.folder / "second.mp4", lambda _: None)
    making = await first

    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() >= 5
    assert making.plan.mode == "t2v"


async def test_an_estimate_is_given_while_a_clip_is_made(studio: Studio) -> None:
    await studio.backend.estimate(WISH, frames=20, picture=PICTURE)
    first = asyncio.ensure_future(studio.make())
    await asyncio.sleep(0)

    report = await studio.backend.estimate(WISH, frames=20, picture=PICTURE)

    assert not first.done()
    assert report.plan is not None
    await first


async def test_what_the_mode_does_not_allow_is_refused_with_the_field(studio: Studio) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await studio.make(replace(WISH, steps=500))

    assert [violation.field for violation in caught.value.violations] == ["steps"]


async def test_a_file_that_is_no_image_is_refused(studio: Studio) -> None:
    text = await studio.store.put_bytes(b"GIF89a, or so", media_type="image/png")

    with pytest.raises(InvalidRequest) as caught:
        await studio.make(replace(WISH, image=text, steps=15))

    assert caught.value.violations[0].field == "footage.image"
    assert caught.value.metadata["category"] == "INPUT_VALIDATION"


async def test_a_lora_changes_the_picture_and_leaves_no_trace(studio: Studio) -> None:
    plain = await studio.bytes_of()
    with_lora = replace(WISH, loras=(Lora(await studio.lora(), 0.8),))

    changed = await studio.bytes_of(with_lora)
    same = await studio.bytes_of(with_lora)
    weaker = await studio.bytes_of(replace(WISH, loras=(Lora(await studio.lora(), 0.2),)))
    after = await studio.bytes_of()

    assert changed == same
    assert len({plain, changed, weaker}) == 3
    assert after == plain


async def test_a_lora_of_another_width_is_refused_and_the_model_stays_usable(studio: Studio) -> None:
    plain = await studio.bytes_of()

    with pytest.raises(InvalidRequest) as caught:
        await studio.make(replace(WISH, loras=(Lora(await studio.lora(width=40)),)))
    after = await studio.bytes_of()

    assert caught.value.violations[0].field == "footage.loras[0]"
    assert "40" in caught.value.violations[0].description
    assert "24" in caught.value.violations[0].description
    assert after == plain


@pytest.mark.parametrize("quantization", ["fp8", "int8"])
async def test_weights_in_eight_bits_are_approximate_and_leave_the_exact_model_alone(
    studio: Studio, quantization: Quantization
) -> None:
    plain = await studio.bytes_of()

    making = await studio.make(replace(WISH, quantization=quantization, allow_approximate=True))
    approximate = studio.digest
    after = await studio.bytes_of()

    assert making.approximate
    assert approximate != plain
    assert after == plain


async def test_the_backend_says_what_its_bytes_depend_on(started: tuple[Studio, str]) -> None:
    _, made_by = started

    for part in ("diffusers code=", "threads=1", "device='processor'", "t2v-A14B@files-", "torch=", "av="):
        assert part in made_by


async def test_the_backend_names_its_models_with_their_limits(studio: Studio) -> None:
    capability = await studio.backend.capability()

    assert capability.device is not None
    assert capability.device.kind == "cpu"
    assert [model.name for model in capability.models if model.ready] == ["t2v-A14B", "i2v-A14B", "ti2v-5B"]
    assert (capability.models[0].min_steps, capability.models[0].max_steps) == (30, 100)
