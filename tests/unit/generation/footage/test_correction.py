"""What measured peaks say about later forecasts, and the file they are kept in."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.generation.footage.correction import (
    KEPT,
    Peak,
    corrected,
    decode,
    encode,
    measured,
    read,
    write,
)
from services.generation.footage.forecast import CONTEXT, FORMULA, forecast
from services.generation.footage.history_file import FILE_BYTES
from services.generation.footage.plan import PLACEMENTS
from tests.unit.generation.footage.test_forecast import plan

ASKED, TILED = plan(), ("tiled_decode",)
NEEDS = forecast(ASKED, placement=TILED)
LIVES = NEEDS.peak_bytes - CONTEXT
"""What of it the allocator holds."""


def test_what_was_measured_is_forecast_the_next_time() -> None:
    took = round(1.1 * LIVES)

    peaks = measured((), ASKED, placement=TILED, forecast=NEEDS, peak_bytes=took)

    again = corrected(NEEDS, replace(ASKED, steps=30, seed=7), placement=TILED, peaks=peaks)
    assert again.peak_bytes == pytest.approx(took + CONTEXT, abs=2)
    assert (again.seconds, again.host_bytes) == (NEEDS.seconds, NEEDS.host_bytes)


@pytest.mark.parametrize(
    "other",
    [
        plan("i2v-A14B"),
        plan(width=832, height=480),
        plan(frames=49),
        plan(quantization="fp8"),
    ],
)
def test_other_work_is_not_corrected(other: object) -> None:
    peaks = measured((), ASKED, placement=TILED, forecast=NEEDS, peak_bytes=round(1.1 * LIVES))

    same = corrected(NEEDS, other, placement=TILED, peaks=peaks)  # type: ignore[arg-type]

    assert same == NEEDS
    assert corrected(NEEDS, ASKED, placement=(), peaks=peaks) == NEEDS


def test_more_than_before_counts_at_once_and_less_bit_by_bit() -> None:
    def after(before: float, then: float) -> float:
        peaks = measured((), ASKED, placement=TILED, forecast=NEEDS, peak_bytes=round(before * LIVES))
        peaks = measured(peaks, ASKED, placement=TILED, forecast=NEEDS, peak_bytes=round(then * LIVES))
        return peaks[0].ratio

    assert after(1.0, 1.2) == pytest.approx(1.2)
    assert after(1.2, 0.8) == pytest.approx(1.1)


@pytest.mark.parametrize("took", [0, -5, 1, 1 << 60])
def test_what_cannot_be_a_peak_of_this_work_is_not_kept(took: int) -> None:
    assert measured((), ASKED, placement=TILED, forecast=NEEDS, peak_bytes=took) == ()


def test_the_order_of_a_placement_does_not_matter() -> None:
    peaks = measured((), ASKED, placement=PLACEMENTS[1::-1], forecast=NEEDS, peak_bytes=round(1.1 * LIVES))

    assert corrected(NEEDS, ASKED, placement=PLACEMENTS[:2], peaks=peaks) != NEEDS


def test_the_oldest_kind_of_work_is_forgotten_first() -> None:
    peaks: tuple[Peak, ...] = ()

    for count in range(KEPT + 3):
        asked = plan(frames=4 * count + 1)
        peaks = measured(peaks, asked, placement=TILED, forecast=NEEDS, peak_bytes=LIVES)

    assert len(peaks) == KEPT
    assert peaks[0].tokens == 4 * 3600
    assert len(encode(peaks)) < FILE_BYTES


def test_peaks_are_read_as_they_were_written(tmp_path: Path) -> None:
    file = tmp_path / "a" / "peaks.json"
    peaks = measured((), ASKED, placement=TILED, forecast=NEEDS, peak_bytes=LIVES)

    write(file, peaks)
    write(file, peaks)

    assert read(file) == peaks
    assert [entry.name for entry in file.parent.iterdir()] == ["peaks.json"]


def test_no_file_a_folder_and_a_pipe_are_no_peaks(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert [read(tmp_path / "nothing"), read(tmp_path), read(tmp_path / "pipe")] == [(), (), ()]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    peaks = measured((), ASKED, placement=TILED, forecast=NEEDS, peak_bytes=LIVES)
    (tmp_path / "peaks.json").write_bytes(encode(peaks) + b" " * FILE_BYTES)

    assert read(tmp_path / "peaks.json") == ()


def test_peaks_held_against_other_formulas_are_not_read() -> None:
    peaks = measured((), ASKED, placement=TILED, forecast=NEEDS, peak_bytes=LIVES)
    content = json.loads(encode(peaks)) | {"formula": FORMULA + 1}

    assert decode(json.dumps(content).encode()) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"peak_bytes": -1},
        {"peak_bytes": "many"},
        {"peak_bytes": True},
        {"peak_bytes": 1.5},
        {"tokens": 10**30},
        {"forecast_bytes": 0},
        {"placement": "tiled_decode"},
        {"placement": ["on_the_moon"]},
        {"placement": [["tiled_decode"]]},
        {"placement": ["tiled_decode", "tiled_decode"]},
        {"model": "x" * 1000},
        {"model": None},
        {"more": 1},
    ],
)
def test_an_entry_that_is_no_peak_is_left_out_and_the_others_stay(change: dict[str, object]) -> None:
    peaks = measured((), ASKED, placement=TILED, forecast=NEEDS, peak_bytes=LIVES)
    content = json.loads(encode(peaks))
    content["peaks"].insert(0, content["peaks"][0] | {"model": "other"} | change)

    assert decode(json.dumps(content).encode()) == peaks


@settings(deadline=None, max_examples=80)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
            lambda inner: (
                st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
            ),
            max_leaves=12,
        ).map(lambda inner: json.dumps({"formula": FORMULA, "peaks": inner}).encode()),
    )
)
def test_whatever_is_in_the_file_is_no_error(content: bytes) -> None:
    assert decode(content) == ()


def test_brackets_without_end_are_no_error() -> None:
    assert decode(b"[" * 200_000) == ()


def test_a_ratio_that_no_measurement_has_changes_no_forecast() -> None:
    hostile = Peak("t2v-A14B", 75_600, "none", TILED, 1_000_000_000, 1)

    assert corrected(NEEDS, ASKED, placement=TILED, peaks=(hostile,)) == NEEDS
