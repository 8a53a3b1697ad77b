"""The least placement with which a clip fits a device."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.generation.footage.correction import measured
from services.generation.footage.fit import USABLE, as_run, fit, least, on, placements, usable_bytes
from services.generation.footage.forecast import forecast
from services.generation.footage.plan import PLACEMENTS, Device, NativePlan
from services.generation.footage.published import ARCHITECTURES
from tests.unit.generation.footage.test_forecast import plan, plans

GB = 10**9


def gpu(gigabytes: float, *, host: int = 0, total: float = 0) -> Device:
    free = int(gigabytes * GB)
    return Device("NVIDIA H200", "cuda", int(total * GB) or free, free, (9, 0), host_free_bytes=host)


@pytest.mark.parametrize(
    ("gigabytes", "placement"),
    [
        (141, ()),
        (80, ("text_encoder_on_host",)),
        (48, ("text_encoder_on_host", "idle_expert_on_host")),
        (16, ("text_encoder_on_host", "idle_expert_on_host", "weights_on_host")),
    ],
)
def test_a_smaller_device_gets_the_next_row_and_no_more(gigabytes: int, placement: tuple[str, ...]) -> None:
    placed = fit(plan(width=832, height=480), gpu(gigabytes))

    assert placed is not None
    assert placed[0] == placement
    assert placed[1].peak_bytes <= USABLE * gigabytes * GB


def test_everything_stays_on_a_device_that_has_room() -> None:
    placed = fit(plan(), gpu(141))

    assert placed is not None
    assert placed[0] == ()


def test_nothing_fits_where_not_even_layers_one_by_one_do() -> None:
    assert fit(plan(), gpu(8)) is None


def test_what_is_allowed_counts_where_it_is_less_than_what_is_free() -> None:
    roomy = fit(plan(), gpu(141), max_bytes=48 * GB)

    assert roomy is not None
    assert roomy[1].peak_bytes <= USABLE * 48 * GB
    assert usable_bytes(gpu(141, total=141), max_bytes=48 * GB) == int(USABLE * 48 * GB)
    assert usable_bytes(gpu(10, total=141)) == int(USABLE * 10 * GB)


def test_a_host_without_room_gets_a_placement_that_needs_less_of_it_where_there_is_one() -> None:
    asked = plan("ti2v-5B")
    roomy, narrow = gpu(26, host=64 * GB), gpu(26, host=6 * GB)
    taken = forecast(asked, placement=("tiled_decode",), loaded=True).peak_bytes

    placed = fit(asked, roomy, loaded=True)
    none_better = fit(asked, narrow, loaded=True)
    at_rest = fit(asked, gpu(taken / USABLE / GB + 0.1, host=6 * GB), loaded=True)

    assert placed is not None
    assert "text_encoder_on_host" in placed[0]
    assert none_better == placed
    assert at_rest is not None
    assert at_rest[0] == ("tiled_decode",)


def test_on_a_processor_only_the_decoder_can_be_changed() -> None:
    cpu = Device("processor", "cpu", 200 * GB, 200 * GB)

    tried = list(placements(ARCHITECTURES["t2v-A14B"], kind="cpu"))

    assert tried == [(), ("tiled_decode",)]
    assert on(plan(), cpu).value_bytes == 4
    assert fit(plan(), cpu) is not None


def test_measured_peaks_move_a_clip_to_another_placement() -> None:
    asked = plan()
    needs = forecast(asked)
    device = gpu(needs.peak_bytes / GB / USABLE + 0.1)
    peaks = measured((), asked, placement=(), forecast=needs, peak_bytes=round(1.2 * needs.peak_bytes))

    before, after = fit(asked, device), fit(asked, device, peaks=peaks)

    assert before is not None
    assert after is not None
    assert before[0] == ()
    assert after[0] != ()


@pytest.mark.parametrize("model", sorted(ARCHITECTURES))
def test_each_placement_is_tried_once_in_the_order_of_its_costs(model: str) -> None:
    tried = list(placements(ARCHITECTURES[model], kind="cuda"))

    rank = {row: 1 << number for number, row in enumerate(PLACEMENTS)}
    costs = [sum(rank[row] for row in placement) for placement in tried]
    assert costs == sorted(set(costs))
    assert tried[0] == ()
    assert tried[-1][-1] == "weights_on_host"


@settings(deadline=None, max_examples=60)
@given(asked=plans, gigabytes=st.floats(1, 160))
def test_what_fits_is_within_what_may_be_used_and_no_cheaper_one_is(
    asked: NativePlan, gigabytes: float
) -> None:
    device = gpu(gigabytes)

    placed = fit(asked, device)

    tried = [
        (placement, forecast(asked, placement=placement, architecture=as_run(on(asked, device), asked)))
        for placement in placements(on(asked, device), kind="cuda")
    ]
    fitting = [each for each in tried if each[1].peak_bytes <= usable_bytes(device)]
    assert placed == (fitting[0] if fitting else None)
    assert least(asked, device)[1].peak_bytes == min(each[1].peak_bytes for each in tried)
