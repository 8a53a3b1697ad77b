"""What a model is run with for a wish, and that everything that differs from the wish is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.artifacts.store import Artifact
from services.chassis.errors import Change, InvalidRequest
from services.generation.footage.changes import apply
from services.generation.footage.lengths import native_needed
from services.generation.footage.native import NATIVE, plan, seed_of
from services.generation.footage.plan import Adjustment, Category, NativePlan
from services.media.clock import Rate
from services.story.footage import Floor, Footage, Lora, Resolution

RATE = Rate(30)
IMAGE = Artifact.of("local", "a" * 64, size_bytes=1000, media_type="image/png")
LORA = Lora(Artifact.of("local", "b" * 64, size_bytes=1000, media_type="application/octet-stream"))
T2V, I2V, TI2V = Footage(prompt="Sea."), Footage(image=IMAGE), Footage(prompt="Sea.", image=IMAGE)


def planned(footage: Footage, *, frames: int = 120) -> NativePlan:
    """The plan alone, for four seconds."""
    return plan(footage, frames=frames, rate=RATE)[0]


def told(footage: Footage, field: str, *, frames: int = 120) -> list[Adjustment]:
    """What is told about a field."""
    return [t for t in plan(footage, frames=frames, rate=RATE)[1] if t.field == field]


@pytest.mark.parametrize(
    ("footage", "resolution", "size"),
    [
        (T2V, "480p", (832, 480)),
        (T2V, "720p", (1280, 720)),
        (I2V, "1080p", (1280, 720)),
        (TI2V, "480p", (832, 480)),
        (TI2V, "720p", (1280, 704)),
    ],
)
def test_sizes_are_the_models_and_stand_up_for_a_portrait(
    footage: Footage, resolution: Resolution, size: tuple[int, int]
) -> None:
    wish = replace(footage, resolution=resolution)
    wide, _ = plan(wish, frames=120, rate=RATE, size=(1920, 1080))
    high, _ = plan(wish, frames=120, rate=RATE, size=(1080, 1920))

    assert (wide.width, wide.height) == (high.height, high.width) == size


@pytest.mark.parametrize("model", NATIVE)
def test_sides_are_multiples_and_frames_are_4k_plus_1(model: str) -> None:
    native, multiple = NATIVE[model], 32 if model == "ti2v-5B" else 16

    assert all(side % multiple == 0 for size in native.sizes.values() for side in size)
    assert native.frames % 4 == 1


@pytest.mark.parametrize(
    ("footage", "guidance", "low", "shift", "boundary", "rate"),
    [
        (T2V, 4.0, 3.0, 12.0, 0.875, 16),
        (I2V, 3.5, 3.5, 5.0, 0.9, 16),
        (TI2V, 5.0, None, 5.0, None, 24),
    ],
)
def test_the_models_own_numbers(
    footage: Footage, guidance: float, low: float | None, shift: float, boundary: float | None, rate: int
) -> None:
    made = planned(footage)

    assert (made.guidance, made.guidance_low, made.flow_shift) == (guidance, low, shift)
    assert (made.boundary, made.rate) == (boundary, rate)


def test_a_guidance_is_the_first_experts_and_the_second_keeps_its_proportion() -> None:
    made = planned(replace(T2V, guidance=6.0))

    assert (made.guidance, made.guidance_low) == (6.0, 4.5)
    assert planned(replace(T2V, guidance=1.0)).guidance_low == 1.0


@pytest.mark.parametrize(
    ("footage", "frames", "rate", "native"),
    [
        (T2V, 150, Rate(30), 81),
        (T2V, 120, Rate(30), 65),
        (T2V, 1, Rate(30), 5),
        (TI2V, 150, Rate(30), 121),
        (TI2V, 100, Rate(24), 101),
        (T2V, 60, Rate(30000, 1001), 33),
        (T2V, 216_000, Rate(60), 81),
    ],
)
def test_frames_are_as_many_as_the_length_needs(
    footage: Footage, frames: int, rate: Rate, native: int
) -> None:
    assert plan(footage, frames=frames, rate=rate)[0].frames == native


@given(st.integers(1, 216_000), st.sampled_from([Rate(24), Rate(30), Rate(30000, 1001), Rate(60)]))
def test_every_length_gives_frames_the_model_can_make(frames: int, rate: Rate) -> None:
    for footage in (T2V, TI2V):
        made, _ = plan(footage, frames=frames, rate=rate)
        most = NATIVE[made.model].frames
        wanted = native_needed(frames, rate, made.rate)

        assert made.frames % 4 == 1
        assert 5 <= made.frames <= most
        assert made.frames in (5, most) or wanted <= made.frames < wanted + 4


def test_a_clip_of_no_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="0 frames"):
        plan(T2V, frames=0, rate=RATE)


def test_a_scene_longer_than_the_model_makes_is_told() -> None:
    found = told(T2V, "frames", frames=300)

    assert [(t.before, t.after) for t in found] == [("10.0 s", "5.1 s")]
    assert told(T2V, "frames", frames=150) == []


def test_1080p_is_rendered_at_720p_and_told() -> None:
    found = told(replace(T2V, resolution="1080p"), "resolution")

    assert [(t.before, t.after) for t in found] == [("1080p", "720p")]
    assert told(replace(T2V, resolution="720p"), "resolution") == []


def test_the_5b_tells_its_own_720p_and_that_480p_is_not_native() -> None:
    assert [t.after for t in told(TI2V, "resolution")] == ["1280x704"]
    assert [
        "not made for this size" in t.reason for t in told(replace(TI2V, resolution="480p"), "resolution")
    ] == [True]


def test_a_square_video_is_told_how_much_is_cut_off() -> None:
    _, found = plan(T2V, frames=120, rate=RATE, size=(1080, 1080))

    assert [(t.field, t.after) for t in found] == [("picture", "1280x720")]
    assert "44%" in found[0].reason


def test_a_strength_is_told_to_be_ignored() -> None:
    assert [(t.before, t.after) for t in told(replace(I2V, strength=0.5), "strength")] == [("0.5", "")]
    assert [(t.before, t.after) for t in told(replace(I2V, strength=0.9), "strength")] == [
        ("0.9", "0.8"),
        ("0.8", ""),
    ]


def test_the_profile_distilled_runs_four_steps_without_guidance() -> None:
    wish = replace(T2V, profile="distilled", loras=(LORA,), guidance=6.0)

    made = planned(wish)

    assert (made.steps, made.guidance, made.guidance_low, made.flow_shift) == (4, 1.0, 1.0, 5.0)
    assert [(t.before, t.after) for t in told(wish, "guidance")] == [("6", "1")]


def test_a_wish_as_the_model_makes_it_needs_no_adjustment() -> None:
    assert plan(T2V, frames=150, rate=RATE)[1] == ()


def test_an_invalid_wish_has_no_plan() -> None:
    with pytest.raises(InvalidRequest) as caught:
        planned(replace(T2V, steps=500, guidance=99))

    assert [violation.field for violation in caught.value.violations] == ["guidance", "steps"]


def test_the_seed_is_the_wishs_own_or_comes_from_what_is_to_be_seen() -> None:
    assert planned(replace(T2V, seed=0)).seed == 0
    assert planned(T2V).seed == planned(replace(T2V, floor=Floor(steps=30))).seed
    assert len({seed_of(wish) for wish in (T2V, I2V, TI2V, Footage(prompt="Sea"))}) == 4
    assert 0 <= planned(T2V).seed < 2**32


def test_a_retry_keeps_the_seed_unless_it_changes_it() -> None:
    less = apply(
        replace(T2V, loras=(LORA,)),
        Category.VRAM_MEMORY,
        [Change("steps", "50", "40"), Change("resolution", "720p", "480p"), Change("loras", "x", "")],
    )
    other = apply(T2V, Category.GENERATION_PIPELINE, [Change("seed", "1", "7")])

    assert planned(less).seed == planned(T2V).seed
    assert planned(other).seed == 7


def test_a_clip_that_continues_another_has_its_first_frame_beside_all_that_is_seen() -> None:
    wish = replace(I2V, image=IMAGE)
    alone, _ = plan(wish, frames=120, rate=RATE)
    longer, told = plan(wish, frames=120, rate=RATE, continues=True)
    longest, nothing = plan(wish, frames=150, rate=RATE, continues=True)
    over, fro = plan(wish, frames=151, rate=RATE, continues=True)

    assert (alone.frames, longer.frames, longest.frames, over.frames) == (65, 65, 81, 81)
    assert [t.field for t in (*told, *nothing)] == []
    assert [(t.field, t.after) for t in fro] == [("frames", "5.0 s")]
