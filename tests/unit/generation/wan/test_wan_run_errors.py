"""Errors carry their category, their numbers and the next attempt; what pre-flight refuses does so too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from services.chassis.errors import (
    ChildDied,
    Configuration,
    Deadline,
    DeviceFault,
    DeviceMemory,
    GenerationFailed,
    InvalidRequest,
    ModelUnavailable,
    Overloaded,
    StoreFull,
    StoryreelError,
    Suggestion,
)
from services.generation.footage.forecast import CONTEXT
from services.generation.footage.plan import Category, Device, Finding, Forecast, Report
from services.generation.footage.preflight import Limits
from services.generation.wan.errors import Trouble
from services.generation.wan.preflights import Preflights
from services.models.files import ModelFiles
from services.story.footage import Footage, Retry
from tests.unit.generation.proposals import names, proposed
from tests.unit.generation.wan.conftest import PICTURE, WISH

GIB = 1 << 30
H200 = Device("NVIDIA H200", "cuda", 141 * GIB, 141 * GIB, (9, 0), 500 * GIB)
SMALL = Device("NVIDIA L40S", "cuda", 46 * GIB, 46 * GIB, (8, 9), 200 * GIB)


def preflights(models: Path, tmp_path: Path) -> Preflights:
    return Preflights(
        ModelFiles(models),
        Limits(seconds=36_000.0),
        learnt=tmp_path,
        scratch=tmp_path / "not" / "there",
    )


def trouble(models: Path, tmp_path: Path, wish: Footage = WISH, device: Device = H200) -> Trouble:
    look = preflights(models, tmp_path)
    found = look.look(wish, frames=150, picture=PICTURE, device=device)
    return Trouble(
        footage=wish,
        frames=150,
        picture=PICTURE,
        device=device,
        found=found,
        preflight=look,
        seconds_most=1800.0,
    )


def test_a_memory_error_has_the_forecast_and_an_attempt_that_forecasts_less(
    tiny_models: Path, tmp_path: Path
) -> None:
    wish = replace(WISH, resolution="720p", steps=50)
    about = trouble(tiny_models, tmp_path, wish)

    error = about.explained(DeviceMemory("Full.", metadata={"phase": "denoise"}))

    assert isinstance(error, DeviceMemory)
    assert about.found.forecast is not None
    assert error.metadata["category"] == "VRAM_MEMORY"
    assert error.metadata["predicted_bytes"] == str(about.found.forecast.peak_bytes)
    assert error.metadata["phase"] == "denoise"
    assert "steps" in [change.field for change in error.suggestions[0].changes]
    assert proposed(error).values.steps == 40


def test_a_broken_picture_may_get_another_seed_at_its_second_attempt(
    tiny_models: Path, tmp_path: Path
) -> None:
    first = trouble(tiny_models, tmp_path, replace(WISH, steps=50))
    failed = first.explained(GenerationFailed("Black.", metadata={"luma_mean": "0.0"}))

    assert isinstance(failed, GenerationFailed)
    assert [change.field for change in failed.suggestions[0].changes] == ["guidance"]
    assert names(proposed(failed)) == {"guidance"}


def test_after_the_third_attempt_none_is_proposed(tiny_models: Path, tmp_path: Path) -> None:
    wish = replace(WISH, retries=(Retry("VRAM_MEMORY", ()), Retry("VRAM_MEMORY", ())))

    error = trouble(tiny_models, tmp_path, wish).explained(DeviceMemory("Full."))

    assert isinstance(error, DeviceMemory)
    assert error.proposal is None
    assert error.suggestions


def test_a_dead_process_is_a_fault_of_the_device(tiny_models: Path, tmp_path: Path) -> None:
    error = trouble(tiny_models, tmp_path).explained(ChildDied("It ended.", metadata={"exit": "SIGKILL"}))

    assert isinstance(error, DeviceFault)
    assert error.metadata["exit"] == "SIGKILL"
    assert error.metadata["category"] == "SYSTEM_RESOURCE"
    assert error.proposal is None


def test_an_error_without_a_category_is_left_alone(tiny_models: Path, tmp_path: Path) -> None:
    error = ValueError("what")

    assert trouble(tiny_models, tmp_path).explained(error) is error


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        (Category.INPUT_VALIDATION, InvalidRequest),
        (Category.VRAM_MEMORY, DeviceMemory),
        (Category.MODEL_LOADING, ModelUnavailable),
        (Category.GENERATION_PIPELINE, GenerationFailed),
        (Category.SYSTEM_RESOURCE, Overloaded),
        (Category.FILE_SYSTEM, StoreFull),
        (Category.CONFIGURATION, Configuration),
    ],
)
def test_what_pre_flight_finds_is_refused_with_the_error_of_its_category(
    tiny_models: Path, tmp_path: Path, category: Category, kind: type[StoryreelError]
) -> None:
    way = Suggestion("Do it otherwise.")
    found = Report(None, findings=(Finding(category, "It cannot be.", suggestions=(way,)),))

    error = replace(trouble(tiny_models, tmp_path), found=found).refused()

    assert type(error) is kind
    assert error.message == "It cannot be."
    assert error.metadata["category"] == category.value
    assert error.suggestions[-1] == way


def test_a_clip_that_would_take_too_long_is_refused_as_late(tiny_models: Path, tmp_path: Path) -> None:
    found = Report(
        None,
        forecast=Forecast(3600.0, 0, 0, 0, 0),
        findings=(Finding(Category.SYSTEM_RESOURCE, "It would take an hour."),),
    )

    error = replace(trouble(tiny_models, tmp_path), found=found).refused()

    assert isinstance(error, Deadline)


def test_pre_flight_looks_at_the_models_and_the_device(tiny_models: Path, tmp_path: Path) -> None:
    look = preflights(tiny_models, tmp_path)
    nothing = preflights(tmp_path / "nothing", tmp_path)

    fits = look.look(WISH, frames=150, picture=PICTURE, device=H200)
    missing = nothing.look(WISH, frames=150, picture=PICTURE, device=H200)

    assert fits.plan is not None
    assert fits.blocking == ()
    assert [finding.category for finding in missing.blocking] == [Category.MODEL_LOADING]


def test_a_measured_peak_corrects_the_next_forecast_and_is_kept(tiny_models: Path, tmp_path: Path) -> None:
    look = preflights(tiny_models, tmp_path)
    before = look.look(WISH, frames=150, picture=PICTURE, device=H200)
    assert before.plan is not None
    assert before.forecast is not None
    measured = (before.forecast.peak_bytes - CONTEXT) * 5 // 4  # what torch held; the context comes on top

    look.learn(before.plan, before.placement, measured, H200, seconds={}, loaded=False)
    after = look.look(WISH, frames=150, picture=PICTURE, device=H200)
    later = preflights(tiny_models, tmp_path).look(WISH, frames=150, picture=PICTURE, device=H200)

    assert after.forecast is not None
    assert after.forecast.peak_bytes == pytest.approx(CONTEXT + measured, rel=0.001)
    assert later.forecast == after.forecast


@pytest.mark.parametrize(
    ("changed", "check", "doubted"),
    [
        ({}, "finite", True),
        ({"quantization": "fp8", "allow_approximate": True}, "finite", False),
        ({}, "shape", False),
    ],
    ids=["plain", "in eight bits", "another check"],
)
def test_a_plain_model_that_runs_out_of_numbers_may_be_damaged(
    tiny_models: Path, tmp_path: Path, changed: dict[str, object], check: str, doubted: bool
) -> None:
    about = trouble(tiny_models, tmp_path, replace(WISH, **changed))  # type: ignore[arg-type]

    error = about.explained(GenerationFailed("No.", metadata={"phase": "denoise", "check": check}))

    assert isinstance(error, GenerationFailed)
    texts = [way.description for way in error.suggestions]
    assert error.suggestions[0].changes
    assert any("may be damaged: `storyreel models verify t2v-A14B`" in text for text in texts) is doubted
