"""What a library raises becomes an error of ours that a person can begin with."""

from __future__ import annotations

import pytest
import torch

from services.chassis.errors import DeviceFault, GenerationFailed
from services.generation.wan import faults


def test_a_failed_pipeline_is_told_with_its_phase_and_the_class_of_the_error() -> None:
    told = faults.of(RuntimeError("shape '[1, 80]' is invalid for input of size 256"), "denoise")

    assert isinstance(told, GenerationFailed)
    assert told.message == "The pipeline failed during denoise (RuntimeError)."


def test_a_device_that_failed_is_no_failure_of_the_pipeline() -> None:
    assert isinstance(faults.of(RuntimeError("CUDA error: an illegal access"), "decode"), DeviceFault)


@pytest.mark.parametrize(
    "text",
    [
        "CUDA error: out of memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory",
    ],
)
def test_a_shortage_of_memory_is_no_failed_device(text: str) -> None:
    error = torch.AcceleratorError(text) if text.startswith("CUDA") else RuntimeError(text)

    assert faults.is_memory(error)
    assert not faults.is_sticky(error)


@pytest.mark.parametrize(
    "error",
    [
        torch.AcceleratorError("an illegal memory access was encountered"),
        RuntimeError("Triton Error [CUDA]: an illegal memory access was encountered"),
    ],
    ids=["torch", "triton"],
)
def test_an_illegal_access_is_a_failed_device(error: RuntimeError) -> None:
    assert faults.is_sticky(error)
    assert not faults.is_memory(error)
