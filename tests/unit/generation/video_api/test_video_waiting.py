"""Progress is told as honestly as the server tells it; a cancelled clip is cancelled there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from services.chassis.progress import Progress
from services.generation.video_api.jobs import job_of
from services.generation.video_api.progress import Telling
from tests.unit.generation.video_api.engine import Fault, Seen
from tests.unit.generation.video_api.serving import Opens, Set, video


async def cancelled_when(made: Set, wanted: Callable[[Seen], bool]) -> None:
    """Have a clip made, and cancel it when a request comes in."""
    making = asyncio.ensure_future(made.make())

    def look(seen: Seen) -> None:
        if wanted(seen):
            made.engine.on_request = lambda seen: None
            making.cancel()

    made.engine.on_request = look
    with pytest.raises(asyncio.CancelledError):
        await making


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.name == "storyreel"]


async def test_measured_progress_is_told(opened: Opens) -> None:
    made = await opened("openai")
    made.engine.video = video(64)
    made.engine.progress.extend([0, 40, 80, 100])

    await made.make()

    told = [progress for progress in made.told if progress.step == "generate" and progress.unit == "%"]
    assert [progress.done for progress in told] == [0, 40, 80]
    assert told[1].fraction == pytest.approx(0.03 + 0.4 * 0.82)


async def test_progress_that_goes_back_holds(opened: Opens) -> None:
    made = await opened("openai")
    made.engine.video = video(64)
    made.engine.script.extend(["in_progress"] * 3)
    made.engine.progress.extend([50, 20, -5, 400, "x", 60])

    await made.make()

    fractions = [progress.fraction for progress in made.told]
    assert fractions == sorted(fractions)


async def test_progress_that_means_nothing_is_not_told(opened: Opens) -> None:
    made = await opened("sglang")

    await made.make()

    told = [progress for progress in made.told if progress.step == "generate"]
    assert all(progress.unit in ("", "seconds") and progress.total == 0 for progress in told)
    assert {progress.fraction for progress in told} == {0.03, 0.85}


async def test_a_finished_job_is_deleted_there(opened: Opens) -> None:
    made = await opened("sglang")

    await made.make()

    assert [seen.path for seen in made.engine.calls("DELETE")] == ["/v1/videos/video_1"]
    assert made.engine.job is None


async def test_a_finished_job_that_cannot_be_deleted_is_a_clip_all_the_same(opened: Opens) -> None:
    made = await opened("sglang")
    made.engine.faults["DELETE"].extend([Fault(500)] * 9)

    making = await made.make()

    assert making.plan.frames == 13


@pytest.mark.parametrize("dialect", ["vllm_omni", "trtllm"])
async def test_a_cancelled_clip_is_aborted_and_gone(
    opened: Opens, dialect: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "storyreel")
    made = await opened(dialect)

    await cancelled_when(made, lambda seen: seen.method == "GET")

    assert made.engine.job is None
    assert not made.engine.working
    assert events(caplog) == ["footage.aborted"]


async def test_an_abort_that_takes_its_time_is_waited_for(opened: Opens) -> None:
    made = await opened("vllm_omni")
    made.engine.faults["DELETE"].extend([Fault(409), Fault(409)])

    await cancelled_when(made, lambda seen: seen.method == "GET")

    assert len(made.engine.calls("DELETE")) == 3
    assert made.engine.job is None


async def test_a_server_that_goes_on_is_said_to(opened: Opens, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "storyreel")
    made = await opened("sglang")

    await cancelled_when(made, lambda seen: seen.method == "GET")

    assert made.engine.working
    assert events(caplog) == ["footage.left"]


async def test_a_server_that_ignores_deleting_is_left_after_a_while(
    opened: Opens, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "storyreel")
    made = await opened("vllm_omni")
    made.engine.deaf = True
    made.engine.script.extend(["in_progress"] * 1000)

    await cancelled_when(made, lambda seen: seen.method == "GET")

    assert events(caplog) == ["footage.left"]
    assert 30 <= len(made.engine.calls("GET")) < 40


async def test_a_job_that_is_cancelled_before_it_has_a_name_is_deleted_too(opened: Opens) -> None:
    made = await opened("vllm_omni")

    await cancelled_when(made, lambda seen: seen.method == "POST")

    assert len(made.engine.calls("DELETE")) == 1
    assert made.engine.job is None


async def test_dynamo_is_told_by_closing_the_connection(opened: Opens) -> None:
    made = await opened("dynamo")

    await cancelled_when(made, lambda seen: seen.method == "POST")

    assert made.engine.calls("DELETE") == []


async def test_the_next_clip_is_made_after_a_cancelled_one(opened: Opens) -> None:
    made = await opened("vllm_omni")
    await cancelled_when(made, lambda seen: seen.method == "GET")
    made.engine.script.extend(["queued"])

    making = await made.make()

    assert making.plan.frames == 13


def test_steps_never_go_back_and_nothing_is_told_twice() -> None:
    told: list[Progress] = []
    telling = Telling(told.append)

    telling.at("generate", 0.5)
    telling.at("generate", 0.5)
    telling.at("generate", 0.2)
    telling.at("generate", 7.0)

    assert [round(progress.fraction, 3) for progress in told] == [0.44, 0.85]


@pytest.mark.parametrize(
    ("data", "state"),
    [
        ({"status": "completed"}, "done"),
        ({"status": "generating"}, "working"),
        ({"status": "something new"}, "working"),
        ({"status": "cancelled"}, "failed"),
    ],
)
def test_a_jobs_state_is_read(data: dict[str, str], state: str) -> None:
    assert job_of({"id": "v-1"} | data).state == state


def test_what_a_server_measures_is_taken_over() -> None:
    job = job_of({"id": "v", "status": "completed", "peak_memory_mb": 70_000.5, "model": "Wan\n2.2"})

    assert job.peak_bytes == round(70_000.5 * (1 << 20))
    assert job.model == "Wan 2.2"


@pytest.mark.parametrize("value", [None, True, "90", -1, 101, float("nan"), float("inf"), [1]])
def test_progress_that_is_no_number_of_percent_is_none(value: object) -> None:
    assert job_of({"id": "v", "status": "queued", "progress": value}).progress == 0
