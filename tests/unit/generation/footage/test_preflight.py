"""Pre-flight: what it finds, in which order, and what it offers instead."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from services.artifacts.store import Artifact
from services.chassis.errors import Change
from services.generation.footage.correction import Peaks, measured
from services.generation.footage.fit import USABLE, placements
from services.generation.footage.forecast import CONTEXT, forecast
from services.generation.footage.native import plan as native_plan
from services.generation.footage.plan import Category, Device, Finding, Report
from services.generation.footage.preflight import Facts, Limits, preflight
from services.generation.footage.published import ARCHITECTURES
from services.generation.footage.throughput import DATASHEET
from services.media.clock import Rate
from services.story.footage import Footage

GB = 10**9
RATE, SIZE = Rate(30), (1920, 1080)
H200 = Device("NVIDIA H200", "cuda", 141 * GB, 140 * GB, (9, 0), host_free_bytes=200 * GB)
L40S = Device("NVIDIA L40S", "cuda", 48 * GB, 47 * GB, (8, 9), host_free_bytes=100 * GB)
WISH = Footage(prompt="A fox in the snow.")
LONG = Limits(seconds=100_000)


@dataclass(frozen=True)
class Shelf:
    """Models' files: sentences about what is missing, by model."""

    lacks: dict[str, list[str]] = field(default_factory=dict)

    def missing(self, model: str) -> list[str]:
        return self.lacks.get(model, [])


def look(wish: Footage = WISH, device: Device = H200, **more: Any) -> Report:
    values: dict[str, Any] = {"frames": 150, "rate": RATE, "picture_size": SIZE, "models": Shelf()}
    return preflight(wish, device=device, **(values | more))


def only(report: Report) -> Finding:
    (finding,) = report.blocking
    return finding


def test_a_clip_that_can_be_made_has_a_plan_a_forecast_and_nothing_against_it() -> None:
    report = look()

    assert report.blocking == ()
    assert report.plan is not None
    assert (report.plan.model, report.plan.width, report.plan.frames) == ("t2v-A14B", 1280, 81)
    assert report.placement == ()
    assert report.forecast == forecast(report.plan, rates=DATASHEET["H200"])


def test_the_plan_and_its_adjustments_are_those_of_the_native_plan() -> None:
    wish = replace(WISH, resolution="1080p")
    planned = native_plan(wish, frames=150, rate=RATE, size=SIZE)

    report = look(wish)

    assert (report.plan, report.adjustments) == planned


def test_an_invalid_wish_has_no_plan_and_every_broken_rule_is_told() -> None:
    report = look(replace(WISH, steps=400, guidance=90.0))

    finding = only(report)
    assert report.plan is None
    assert finding.category is Category.INPUT_VALIDATION
    assert "400 is outside 30 to 100" in finding.message
    assert "90 is outside 1 to 20" in finding.message
    assert (Change("steps", "400", "100"),) in [tuple(way.changes) for way in finding.suggestions]


def test_a_prompt_of_too_many_tokens_is_told_with_its_tokens() -> None:
    finding = only(look(count_tokens=lambda text: 600))

    assert "600 of the model's tokens" in finding.message
    assert finding.suggestions


def test_the_longest_prompt_is_a_setting() -> None:
    finding = only(look(limits=Limits(prompt_most=5)))

    assert finding.message.startswith("prompt: It has 18 characters; at most 5")


def test_missing_files_are_named_with_how_to_get_them_and_a_model_that_is_there() -> None:
    shelf = Shelf({"t2v-A14B": ["transformer/a.safetensors is missing."] * 7})

    finding = only(look(models=shelf))

    assert finding.category is Category.MODEL_LOADING
    assert finding.message.count("a.safetensors is missing.") == 5
    assert finding.message.endswith("And 2 more.")
    assert finding.suggestions[0].description == "Run `storyreel models fetch t2v-A14B`."
    assert tuple(finding.suggestions[1].changes) == (Change("model", "t2v-A14B", "ti2v-5B"),)


def test_a_model_that_is_not_there_either_is_not_offered() -> None:
    shelf = Shelf({"t2v-A14B": ["It is missing."], "ti2v-5B": ["It is missing."]})

    finding = only(look(models=shelf))

    assert len(finding.suggestions) == 1


def test_a_smaller_device_gets_a_placement_and_no_finding() -> None:
    report = look(device=L40S, limits=LONG)

    assert report.blocking == ()
    assert report.placement
    assert report.forecast is not None
    assert report.forecast.peak_bytes <= USABLE * L40S.free_bytes


def test_too_little_memory_is_told_with_numbers_and_what_would_fit() -> None:
    small = Device("NVIDIA A10", "cuda", 24 * GB, 11 * GB, (8, 6), host_free_bytes=100 * GB)

    report = look(device=small, limits=LONG)

    finding = only(report)
    assert finding.category is Category.VRAM_MEMORY
    assert "GB" in finding.message
    assert "92% of the 11.0 GB free on NVIDIA A10" in finding.message
    assert report.placement == (
        "tiled_decode",
        "text_encoder_on_host",
        "idle_expert_on_host",
        "weights_on_host",
    )


def test_each_change_that_is_offered_makes_the_clip_fit() -> None:
    wish, limits = replace(WISH, allow_approximate=True), Limits(max_bytes=16 * GB, seconds=100_000)
    plan, _ = native_plan(wish, frames=150, rate=RATE, size=SIZE)
    peaks: Peaks = ()
    for placement in placements(ARCHITECTURES["t2v-A14B"], kind="cuda"):
        raw = forecast(plan, placement=placement)
        took = round(1.5 * raw.peak_bytes)
        peaks = measured(peaks, plan, placement=placement, forecast=raw, peak_bytes=took)
    facts = Facts(peaks=peaks)

    finding = only(look(wish, limits=limits, facts=facts))

    ways = [way.changes for way in finding.suggestions if way.changes]
    assert [[change.field for change in changes] for changes in ways] == [
        ["quantization"],
        ["resolution"],
        ["model"],
    ]
    for changes in ways:
        then = replace(wish, **{change.field: change.after for change in changes})
        assert look(then, limits=limits, facts=facts).blocking == ()


def test_what_others_hold_is_named_where_it_would_be_enough() -> None:
    shared = replace(H200, free_bytes=8 * GB, users=((41, 20 * GB), (42, 112 * GB)))

    finding = only(look(device=shared))

    described = [way.description for way in finding.suggestions if not way.changes]
    assert described == [
        "Close other programs on the device: process 42 with 112.0 GB, process 41 with 20.0 GB."
    ]


def test_a_limit_that_is_set_too_low_is_named() -> None:
    finding = only(look(limits=Limits(max_bytes=8 * GB, seconds=100_000)))

    assert "of the 8.0 GB that STORYREEL_GENERATION_MAX_VRAM_GB allows" in finding.message
    assert any(
        way.description.startswith("Set STORYREEL_GENERATION_MAX_VRAM_GB to 12 or more")
        for way in finding.suggestions
    )


def test_a_device_that_is_told_with_its_limit_names_the_setting_too() -> None:
    capped = replace(H200, total_bytes=8 * GB, free_bytes=8 * GB)

    finding = only(look(device=capped, limits=Limits(max_bytes=8 * GB, seconds=100_000)))

    assert "STORYREEL_GENERATION_MAX_VRAM_GB allows" in finding.message
    assert not any("Generate on a device" in way.description for way in finding.suggestions)


def test_int8_is_for_every_device_and_is_what_older_ones_are_offered() -> None:
    old = Device("NVIDIA A100", "cuda", 80 * GB, 80 * GB, (8, 0), host_free_bytes=60 * GB)
    wish = replace(WISH, allow_approximate=True)

    whole = look(wish, old, limits=LONG)
    eight = look(replace(wish, quantization="int8"), old, limits=LONG)

    assert any("host memory" in finding.message for finding in whole.blocking)
    assert eight.blocking == ()


def test_too_little_host_memory_is_told() -> None:
    finding = only(look(device=replace(H200, host_free_bytes=9 * GB)))

    assert finding.category is Category.SYSTEM_RESOURCE
    assert "of host memory" in finding.message


def test_host_memory_that_nobody_looked_at_keeps_nothing_from_being_made() -> None:
    assert look(device=replace(H200, host_free_bytes=0)).blocking == ()


def test_too_little_disk_is_told_with_both_numbers() -> None:
    finding = only(look(facts=Facts(disk_free_bytes=10_000_000)))

    assert finding.category is Category.FILE_SYSTEM
    assert finding.message == "The clip needs 116 MB of scratch disk; 10 MB is free."


@pytest.mark.parametrize("capability", [(7, 5), (7, 0)])
def test_a_device_without_bfloat16_is_refused(capability: tuple[int, int]) -> None:
    finding = only(look(device=replace(H200, name="NVIDIA T4", capability=capability), limits=LONG))

    assert finding.category is Category.SYSTEM_RESOURCE
    assert f"NVIDIA T4 has compute capability {capability[0]}.{capability[1]}" in finding.message
    assert "needs 8.0" in finding.message


@pytest.mark.parametrize(
    ("device", "refused"), [(replace(H200, capability=(8, 0)), True), (L40S, False), (H200, False)]
)
def test_fp8_needs_a_device_that_has_it(device: Device, refused: bool) -> None:
    wish = replace(WISH, quantization="fp8", allow_approximate=True)

    report = look(wish, device, limits=LONG)

    changes = [change for finding in report.blocking for way in finding.suggestions for change in way.changes]
    ways = [Change("quantization", "fp8", "int8"), Change("quantization", "fp8", "none")]
    assert changes == (ways if refused else [])


def test_a_clip_that_takes_too_long_is_told_with_one_that_does_not() -> None:
    finding = only(look(device=replace(L40S, free_bytes=48 * GB)))

    assert finding.category is Category.SYSTEM_RESOURCE
    assert "more than the 30 min that STORYREEL_GENERATION_FOOTAGE_MINUTES allows" in finding.message
    assert (Change("resolution", "720p", "480p"),) in [tuple(way.changes) for way in finding.suggestions]


def test_a_clip_that_may_take_too_long_is_told_and_made() -> None:
    report = look(limits=Limits(seconds=1410))

    (finding,) = report.findings
    assert not finding.blocking
    assert "close to the 23.5 min that STORYREEL_GENERATION_FOOTAGE_MINUTES allows" in finding.message


def test_a_processor_makes_no_clip_of_these_models_in_time() -> None:
    cpu = Device("processor", "cpu", 512 * GB, 500 * GB, host_free_bytes=500 * GB)

    finding = only(look(device=cpu))

    assert finding.category is Category.SYSTEM_RESOURCE
    assert finding.suggestions == ()


def test_findings_come_in_the_order_in_which_they_can_be_cured() -> None:
    worst = Device("NVIDIA T4", "cuda", 15 * GB, 9 * GB, (7, 5), host_free_bytes=GB)
    wish = replace(WISH, quantization="fp8", allow_approximate=True)

    report = look(wish, worst, models=Shelf({"t2v-A14B": ["No."]}), facts=Facts(disk_free_bytes=1))

    assert [finding.category for finding in report.findings] == [
        Category.MODEL_LOADING,
        Category.SYSTEM_RESOURCE,
        Category.SYSTEM_RESOURCE,
        Category.VRAM_MEMORY,
        Category.SYSTEM_RESOURCE,
        Category.FILE_SYSTEM,
        Category.SYSTEM_RESOURCE,
    ]
    assert all(finding.blocking for finding in report.findings)


def test_what_is_known_of_earlier_clips_changes_the_forecast() -> None:
    plan, _ = native_plan(WISH, frames=150, rate=RATE, size=SIZE)
    raw = forecast(plan)
    lives = raw.peak_bytes - CONTEXT
    peaks = measured((), plan, placement=(), forecast=raw, peak_bytes=round(0.9 * lives))
    slow = replace(DATASHEET["H200"], attention=2e14)

    report = look(facts=Facts(peaks=peaks, rates=slow, loaded=["t2v-A14B"]), limits=LONG)

    assert report.forecast is not None
    assert report.forecast.peak_bytes == pytest.approx(CONTEXT + 0.9 * lives, abs=2)
    assert report.forecast.seconds == forecast(plan, rates=slow, loaded=True).seconds


def test_a_model_with_numbers_of_its_own_is_forecast_by_them() -> None:
    other = replace(ARCHITECTURES["t2v-A14B"], experts=1)

    report = look(facts=Facts(architectures={"t2v-A14B": other}))

    assert report.plan is not None
    assert report.forecast == forecast(report.plan, architecture=other)


def test_an_image_is_part_of_the_time() -> None:
    image = Artifact.of("local", "b" * 64, size_bytes=9, media_type="image/png")

    report = look(Footage(image=image))

    assert report.blocking == ()
    assert report.plan is not None
    assert report.plan.model == "i2v-A14B"
