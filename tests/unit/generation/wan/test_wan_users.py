"""Other programs on the GPU are told of where the driver's library knows them, and nothing fails elsewhere.

No such library runs here: what it tells is a fake's, with the names and the habits of the real one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from services.generation.wan import users

GPU = "6f2c0b1a-0000-1111-2222-333344445555"


@dataclass
class Process:
    """One process as the library tells it."""

    pid: int
    usedGpuMemory: int | None  # noqa: N815 - the library's name


@dataclass
class FakeManagement:
    """The functions of `pynvml` that are used."""

    computing: list[Process] = field(default_factory=list)
    drawing: list[Process] = field(default_factory=list)
    fails: str = ""
    open: int = 0
    asked: str = ""

    def nvmlInit(self) -> None:
        self._strike("nvmlInit")
        self.open += 1

    def nvmlShutdown(self) -> None:
        self.open -= 1

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:
        self._strike("nvmlDeviceGetHandleByUUID")
        self.asked = uuid
        return uuid

    def nvmlDeviceGetComputeRunningProcesses(self, handle: Any) -> list[Process]:
        self._strike("nvmlDeviceGetComputeRunningProcesses")
        return self.computing

    def nvmlDeviceGetGraphicsRunningProcesses(self, handle: Any) -> list[Process]:
        return self.drawing

    def _strike(self, name: str) -> None:
        if self.fails == name:
            raise RuntimeError("NVML: not supported")


def test_others_are_told_with_their_bytes_the_largest_first() -> None:
    fake = FakeManagement(
        [Process(7, 100), Process(8, 5), Process(9, 900)], [Process(8, 50), Process(3, None)]
    )

    found = users.told(fake, GPU, own=7)

    assert found == ((9, 900), (8, 50), (3, 0))
    assert fake.asked == f"GPU-{GPU}"
    assert fake.open == 0


def test_where_this_process_is_not_seen_nobody_is_named() -> None:
    assert users.told(FakeManagement([Process(9, 900)]), GPU, own=7) == ()


@pytest.mark.parametrize(
    "fails", ["nvmlInit", "nvmlDeviceGetHandleByUUID", "nvmlDeviceGetComputeRunningProcesses"]
)
def test_a_driver_that_does_not_answer_names_nobody(fails: str) -> None:
    fake = FakeManagement([Process(7, 100), Process(9, 900)], fails=fails)

    assert users.told(fake, GPU, own=7) == ()
    assert fake.open == 0


def test_a_processor_has_no_other_users(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> Callable[..., Any]:
        raise AssertionError(f"{name} is not needed")

    monkeypatch.setattr(users.importlib, "import_module", refuse)

    assert users.of(torch.device("cpu")) == ()
