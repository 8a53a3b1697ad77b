"""Forecasts: what clips need of memory and time, and what does not count."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.artifacts.store import Artifact
from services.generation.footage import fit
from services.generation.footage.forecast import CONTEXT, PHASES, clip_bytes, forecast, forwards
from services.generation.footage.plan import PLACEMENTS, NativePlan
from services.generation.footage.published import ARCHITECTURES
from services.generation.footage.throughput import DATASHEET
from services.story.footage import Lora

GB = 1e9


def plan(model: str = "t2v-A14B", *, width: int = 1280, height: int = 720, **changes: Any) -> NativePlan:
    small = model == "ti2v-5B"
    values: dict[str, Any] = {
        "mode": "i2v" if model == "i2v-A14B" else "t2v",
        "model": model,
        "width": width,
        "height": 704 if small and height == 720 else height,
        "frames": 121 if small else 81,
        "rate": 24 if small else 16,
        "steps": 50 if small else 40,
        "guidance": 5.0 if small else 4.0,
        "guidance_low": None if small else 3.0,
        "flow_shift": 5.0,
        "boundary": None if small else 0.875,
        "seed": 1,
        "prompt": "A fox in the snow.",
    }
    return NativePlan(**(values | changes))


plans = st.builds(
    plan,
    st.sampled_from(sorted(ARCHITECTURES)),
    width=st.integers(5, 60).map(lambda side: 32 * side),
    height=st.integers(5, 60).map(lambda side: 32 * side),
    frames=st.integers(1, 40).map(lambda count: 4 * count + 1),
    steps=st.integers(1, 100),
    guidance=st.sampled_from([1.0, 5.0]),
    mode=st.sampled_from(["t2v", "i2v"]),
    quantization=st.sampled_from(["none", "fp8", "int8"]),
)
placements = st.sets(st.sampled_from(PLACEMENTS)).map(
    lambda rows: tuple(row for row in PLACEMENTS if row in rows)
)


@pytest.mark.parametrize(
    ("placement", "fp8", "gigabytes"),
    [((), False, 93), (PLACEMENTS[:1], False, 79), (PLACEMENTS[:3], False, 39), (PLACEMENTS[:3], True, 25.5)],
)
def test_a_720p_clip_of_the_large_model_comes_down_row_by_row(
    placement: tuple[str, ...], fp8: bool, gigabytes: float
) -> None:
    asked = plan(quantization="fp8" if fp8 else "none")

    needs = forecast(
        asked, placement=placement, architecture=replace(ARCHITECTURES["t2v-A14B"], vae_value_bytes=4)
    )

    assert needs.peak_bytes / GB == pytest.approx(gigabytes, rel=0.03)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(plan("ti2v-5B"), 113), (plan(width=832, height=480), 258), (plan(), 944)],
)
def test_seconds_on_an_h200_are_near_those_of_a_profile_by_kernels(asked: NativePlan, seconds: float) -> None:
    needs = forecast(asked, rates=DATASHEET["H200"], loaded=True)

    # The profile is the device's: what the processor encodes comes on top.
    assert needs.seconds - needs.phases["encode"] == pytest.approx(seconds, rel=0.15)


@settings(deadline=None, max_examples=60)
@given(asked=plans, placement=placements, steps=st.integers(1, 200))
def test_steps_take_time_and_no_memory(asked: NativePlan, placement: tuple[str, ...], steps: int) -> None:
    other = replace(asked, steps=asked.steps + steps)

    now, then = forecast(asked, placement=placement), forecast(other, placement=placement)

    assert then.seconds > now.seconds
    assert replace(then, seconds=now.seconds, phases=now.phases) == now


@settings(deadline=None, max_examples=60)
@given(
    asked=plans, placement=placements, grown=st.sampled_from([("width", 32), ("height", 32), ("frames", 4)])
)
def test_larger_and_longer_clips_never_need_less(
    asked: NativePlan, placement: tuple[str, ...], grown: tuple[str, int]
) -> None:
    field, by = grown
    more = replace(asked, **{field: getattr(asked, field) + by})

    now, then = forecast(asked, placement=placement), forecast(more, placement=placement)

    assert then.denoise_bytes >= now.denoise_bytes
    assert then.decode_bytes >= now.decode_bytes
    assert then.host_bytes >= now.host_bytes
    assert then.disk_bytes >= now.disk_bytes
    assert forecast(more).seconds > forecast(asked).seconds


@settings(deadline=None, max_examples=100)
@given(asked=plans, placement=placements, row=st.sampled_from(PLACEMENTS))
def test_no_placement_raises_the_peak(asked: NativePlan, placement: tuple[str, ...], row: str) -> None:
    more = tuple(each for each in PLACEMENTS if each == row or each in placement)

    before = forecast(asked, placement=placement, loaded=True)
    after = forecast(asked, placement=more, loaded=True)

    assert after.denoise_bytes <= before.denoise_bytes
    assert after.decode_bytes <= before.decode_bytes
    assert after.host_bytes >= before.host_bytes


@settings(deadline=None, max_examples=60)
@given(asked=plans, placement=placements, loaded=st.booleans())
def test_phases_are_all_there_and_together_the_seconds(
    asked: NativePlan, placement: tuple[str, ...], loaded: bool
) -> None:
    needs = forecast(asked, placement=placement, loaded=loaded)

    assert tuple(needs.phases) == PHASES
    assert sum(needs.phases.values()) == pytest.approx(needs.seconds)
    assert (needs.phases["load"] == 0) == loaded
    assert all(seconds > 0 for phase, seconds in needs.phases.items() if phase != "load")


def test_without_guidance_the_transformer_runs_once_a_step() -> None:
    guided, alone = plan(), plan(guidance=1.0)

    assert (forwards(guided), forwards(alone)) == (80, 40)
    assert forecast(alone, loaded=True).seconds < 0.6 * forecast(guided, loaded=True).seconds


def test_a_model_that_is_not_loaded_costs_the_reading_of_its_weights() -> None:
    rates = DATASHEET["H200"]

    reading = forecast(plan(), rates=rates).seconds - forecast(plan(), rates=rates, loaded=True).seconds

    assert reading == pytest.approx((2 * 57.2 + 11.4 + 0.5) * GB / rates.disk, rel=0.01)


def test_fp8_halves_an_expert_and_saves_time_only_where_products_are_computed_in_it() -> None:
    held, published = plan(quantization="fp8"), plan()
    computed = replace(ARCHITECTURES["t2v-A14B"], fp8_products=True)

    saved = forecast(published).denoise_bytes - forecast(held).denoise_bytes

    # Half of two experts, less the matrix that is whole for a moment.
    assert saved / GB == pytest.approx(2 * 14.0 - 0.66, rel=0.01)
    apart = forecast(held, loaded=True).seconds / forecast(published, loaded=True).seconds
    assert 1.0 < apart < 1.02
    assert forecast(held, architecture=computed, loaded=True).seconds < forecast(held, loaded=True).seconds


def test_loras_count_for_each_expert_on_the_device() -> None:
    lora = Lora(Artifact.of("local", "a" * 64, size_bytes=600_000_000, media_type="application/octet-stream"))
    asked, without = plan(loras=(lora,)), plan()

    both = forecast(asked).denoise_bytes - forecast(without).denoise_bytes
    one = (
        forecast(asked, placement=PLACEMENTS[:3]).denoise_bytes
        - forecast(without, placement=PLACEMENTS[:3]).denoise_bytes
    )

    assert (both, one) == (1_200_000_000, 600_000_000)


def test_an_image_is_encoded_before_it_is_denoised() -> None:
    text, image = plan("i2v-A14B", mode="t2v"), plan("i2v-A14B", mode="i2v")

    seconds = forecast(image).seconds - forecast(text).seconds

    assert seconds * DATASHEET["H200"].vae_16 == pytest.approx(382e12, rel=0.02)


def test_tiles_cost_two_thirds_more_decoding() -> None:
    asked, rates = plan(), replace(DATASHEET["H200"], vae_16=1e12)

    more = (
        forecast(asked, placement=["tiled_decode"], rates=rates).seconds
        - forecast(asked, rates=rates).seconds
    )

    assert more == pytest.approx(0.65 * 639, rel=0.02)


def test_weights_that_come_layer_by_layer_cost_time_only_where_the_link_is_slower_than_the_work() -> None:
    short, rates = plan(width=320, height=192, frames=5), DATASHEET["H200"]

    slow = forecast(short, placement=["weights_on_host"], rates=replace(rates, link=1e9), loaded=True)

    assert slow.seconds > 80 * 28
    streamed = forecast(plan(), placement=["weights_on_host"], loaded=True).seconds
    assert streamed == pytest.approx(forecast(plan(), loaded=True).seconds, rel=0.01)


def test_host_memory_holds_what_waits_there_and_a_part_that_passes_through() -> None:
    def held(placement: tuple[str, ...], *, loaded: bool, eight: bool = False) -> float:
        asked = plan(quantization="int8" if eight else "none")
        return forecast(asked, placement=placement, loaded=loaded).host_bytes / GB - 4.0

    idle, away = ("idle_expert_on_host",), ("text_encoder_on_host",)
    expert, text, vae, half = 28.6, 11.4, 0.25, 14.5

    assert held((), loaded=True) == pytest.approx(0, abs=0.1)
    assert held((), loaded=False) == pytest.approx(expert, rel=0.01)
    assert held(idle, loaded=True) == pytest.approx(2 * expert, rel=0.01)
    assert held(idle, loaded=False) == pytest.approx(2 * expert + text + vae, rel=0.01)
    assert held(away, loaded=True) == pytest.approx(2 * expert + text, rel=0.01)
    assert held(away, loaded=True, eight=True) == pytest.approx(2 * half + text, rel=0.01)
    assert held(away, loaded=False, eight=True) == pytest.approx(half + expert, rel=0.02)


def test_the_disk_holds_the_clip_and_its_latents() -> None:
    needs = forecast(plan())

    assert needs.disk_bytes == clip_bytes(1280, 720, 81) + 4 * 16 * 21 * 90 * 160


def test_the_smallest_clip_still_needs_the_devices_context() -> None:
    needs = forecast(plan("ti2v-5B", width=32, height=32, frames=1), placement=PLACEMENTS)

    assert needs.peak_bytes > CONTEXT


def test_an_unknown_placement_or_model_is_told() -> None:
    with pytest.raises(ValueError, match="on_the_moon is not a placement"):
        forecast(plan(), placement=["on_the_moon"])

    with pytest.raises(ValueError, match="t2v-1B is not a model"):
        forecast(replace(plan(), model="t2v-1B"))


def test_forecasts_and_preflight_need_no_torch() -> None:
    code = (
        "import sys, services.generation.footage.preflight; "
        "sys.exit(bool({'torch', 'diffusers', 'transformers', 'grpc'} & sys.modules.keys()))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_devices_that_share_a_clip_share_the_steps_and_not_the_weights() -> None:
    model = ARCHITECTURES["t2v-A14B"]

    one = forecast(plan(), architecture=model, loaded=True)
    four = forecast(plan(), architecture=replace(model, devices=4), loaded=True)

    assert four.phases["denoise"] == pytest.approx(one.phases["denoise"] / 4)
    assert four.phases["decode"] == one.phases["decode"]
    assert one.denoise_bytes - four.denoise_bytes == pytest.approx(1.05 * 0.75 * 8.6 * GB, rel=0.02)


def test_weights_of_devices_that_share_a_clip_do_not_come_layer_by_layer() -> None:
    shared = replace(ARCHITECTURES["t2v-A14B"], devices=2)

    assert all("weights_on_host" not in rows for rows in fit.placements(shared, kind="cuda"))
