"""How fast devices are taken to be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.generation.footage.plan import Device
from services.generation.footage.throughput import DATASHEET, UNKNOWN, rates_of


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("NVIDIA H200", "H200"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA A100-SXM4-80GB", "A100"),
        ("nvidia l40s", "L40S"),
        ("NVIDIA GeForce RTX 9999", UNKNOWN),
    ],
)
def test_a_device_is_known_by_its_name(name: str, key: str) -> None:
    assert rates_of(Device(name, "cuda", 1, 1)) == DATASHEET[key]


def test_a_processor_has_its_own_rates_whatever_its_name() -> None:
    assert rates_of(Device("H200", "cpu", 1, 1)) == DATASHEET["CPU"]


def test_a_slice_of_a_device_has_its_sevenths() -> None:
    sliced = rates_of(Device("NVIDIA H200 MIG 3g.71gb", "cuda", 1, 1))

    assert sliced.linear == pytest.approx(DATASHEET["H200"].linear * 3 / 7)
    assert sliced.disk == DATASHEET["H200"].disk


def test_a_device_that_computes_in_fp8_does_so_twice_as_fast() -> None:
    assert DATASHEET["H200"].linear_fp8 == pytest.approx(2 * DATASHEET["H200"].linear, rel=0.01)
    assert DATASHEET["A100"].linear_fp8 == DATASHEET["A100"].linear


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="link must be above 0"):
        replace(DATASHEET["H200"], link=0.0)
