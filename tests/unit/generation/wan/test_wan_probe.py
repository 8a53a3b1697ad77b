"""The device is measured once a process, and one that cannot be measured works by its datasheet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from services.generation.footage.plan import Device
from services.generation.footage.throughput import DATASHEET, rates_of
from services.generation.wan import device as devices
from services.generation.wan import probe
from services.generation.wan.wire import Answer, Machine, pack_answer, unpack_answer

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Nothing is measured before the test, or after it with what it changed."""
    probe.rates.cache_clear()
    yield
    probe.rates.cache_clear()


def test_a_device_tells_its_own_rates_and_keeps_them() -> None:
    machine = Machine(device="cpu")

    first, again = devices.facts(machine, CPU), devices.facts(machine, CPU)

    assert first.rates is not None
    assert first.rates is again.rates
    assert rates_of(first) is first.rates
    assert rates_of(first) != DATASHEET["CPU"]
    assert unpack_answer(pack_answer(Answer(device=first))).device == first


def test_each_form_of_the_weights_is_measured_for_itself() -> None:
    assert probe.rates(CPU, torch.float32) is not probe.rates(CPU, torch.bfloat16)


def test_a_device_without_room_has_the_rates_of_its_datasheet(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> float:
        raise torch.OutOfMemoryError("CUDA out of memory (as told)")

    monkeypatch.setattr(probe, "_convolution", full)

    found = probe.rates(CPU, torch.float32)

    assert found is None
    assert rates_of(Device("processor", "cpu", 1, 1, rates=found)) == DATASHEET["CPU"]
