"""Footage that fails: what is tried again with other parameters, and when the card stands in."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from orchestrator.job import GENERATION, reason_name
from services.chassis.errors import (
    Change,
    Configuration,
    DeviceFault,
    DeviceMemory,
    Internal,
    InvalidRequest,
    ModelUnavailable,
    Proposal,
    StoreFull,
    StoryreelError,
    Suggestion,
    UnknownBackend,
)
from storyreel.generation.v1 import footage_pb2
from storyreel.job.v1 import job_pb2
from tests.integration.footage import (
    MEMORY,
    PIPELINE,
    SCENES,
    TRIES,
    VRAM,
    black,
    client,
    fails,
    footage_job,
    reel,
    scene_of,
    short_of_memory,
)
from tests.integration.noop_reel import Reel

__all__ = ["client", "reel"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


def steps(footage: footage_pb2.Footage) -> list[int]:
    """The steps of each retry of a footage."""
    return [retry.values.steps for retry in footage.retries]


async def test_a_retry_asks_for_what_the_service_proposed_and_is_recorded(reel: Reel) -> None:
    fails(reel, short_of_memory(1), black(2))

    job = await footage_job(reel)

    first, second, third = reel.noop.footage()
    assert job.state == job_pb2.STATE_SUCCEEDED
    assert [(f.steps, f.resolution, f.guidance) for f in (first, second, third)] == [
        (50, footage_pb2.RESOLUTION_1080P, 0.0)
    ] * 3
    assert [[retry.category for retry in f.retries] for f in (first, second, third)] == [
        [],
        [VRAM],
        [VRAM, PIPELINE],
    ]
    assert [retry.values for retry in third.retries] == [values for values, _ in TRIES[:2]]
    assert [(c.field, c.before, c.after) for c in third.retries[1].changes] == [
        ("steps", "40", "30"),
        ("guidance", "4", "3.5"),
    ]
    assert job.stages[4].attempts == SCENES + 2


async def test_each_failed_attempt_is_on_the_record_and_in_the_manifest(reel: Reel) -> None:
    fails(reel, short_of_memory(1))

    job = await footage_job(reel)

    scene = await scene_of(reel, job)
    assert list(scene.attempts) == list(job.attempts)
    (attempt,) = job.attempts
    assert (attempt.scene_id, attempt.number, attempt.message) == ("s002", 1, MEMORY)
    assert (reason_name(attempt.reason), attempt.category) == ("DEVICE_MEMORY", VRAM)
    assert attempt.retry == reel.noop.footage()[1].retries[0]
    assert [change.after for change in attempt.retry.changes] == ["40", "720p"]
    (degradation,) = job.degradations
    assert "steps 50 → 40, resolution 1080p → 720p" in degradation.why
    assert degradation.scene_id == "s002"


async def test_after_three_attempts_the_card_stands_in_and_the_record_says_why(reel: Reel) -> None:
    fails(reel, *map(short_of_memory, (1, 2, 3)))

    job = await footage_job(reel)

    assert job.state == job_pb2.STATE_SUCCEEDED
    assert [steps(f) for f in reel.noop.footage()] == [[], [40], [40, 30]]
    assert (reel.noop.calls["DrawCard"], reel.noop.calls["GenerateFootage"]) == (SCENES, 3)
    assert [attempt.HasField("retry") for attempt in job.attempts] == [True, True, False]
    (degradation,) = job.degradations
    assert (degradation.stage, degradation.scene_id, degradation.why) == (GENERATION, "s002", MEMORY)
    assert degradation.remedy == "Close other programs that use the device."
    assert not (await scene_of(reel, job)).HasField("making")


@pytest.mark.parametrize("changes", [(), TRIES[0][1]])
async def test_without_a_proposal_nothing_is_tried_whatever_is_suggested(
    reel: Reel, changes: Sequence[Change]
) -> None:
    fails(reel, DeviceMemory(MEMORY, suggestions=[Suggestion("Make it smaller.", changes)]))

    job = await footage_job(reel)

    assert len(reel.noop.footage()) == 1
    assert [attempt.HasField("retry") for attempt in job.attempts] == [False]
    assert [degradation.why for degradation in job.degradations] == [MEMORY]


FOREIGN = {
    "another message": Proposal("type.googleapis.com/google.protobuf.Duration", b""),
    "a message that nobody knows": Proposal("type.googleapis.com/storyreel.generation.v9.Retry", b"\x08\x02"),
    "half a message": Proposal("type.googleapis.com/storyreel.generation.v1.Retry", b"\x12\x7f"),
}


@pytest.mark.parametrize("what", FOREIGN)
async def test_a_proposal_that_is_not_a_retry_is_not_tried(reel: Reel, what: str) -> None:
    fails(reel, DeviceMemory(MEMORY, proposal=FOREIGN[what]))

    job = await footage_job(reel)

    assert job.state == job_pb2.STATE_SUCCEEDED
    assert len(reel.noop.footage()) == 1
    assert [degradation.why for degradation in job.degradations] == [MEMORY]


@pytest.mark.parametrize(
    "error",
    [
        ModelUnavailable("A file is missing.", suggestions=[Suggestion("Fetch it.")]),
        InvalidRequest("The mode t2v takes 30 to 100 steps."),
        Configuration("A setting is wrong."),
    ],
)
async def test_what_no_change_can_help_gives_the_card_at_once(reel: Reel, error: StoryreelError) -> None:
    fails(reel, error, error, error)

    job = await footage_job(reel)

    assert job.state == job_pb2.STATE_SUCCEEDED
    assert len(reel.noop.footage()) == 1
    assert [degradation.why for degradation in job.degradations] == [error.message]
    assert all(degradation.remedy for degradation in job.degradations)


async def test_a_pool_without_the_backend_is_told_how_to_get_it(reel: Reel) -> None:
    fails(reel, UnknownBackend("There is template.", suggestions=[Suggestion("Use template.")]))

    job = await footage_job(reel)

    (degradation,) = job.degradations
    assert "STORYREEL_ORCHESTRATOR_FOOTAGE_BACKEND" in degradation.remedy


@pytest.mark.parametrize("error", [Internal("It broke."), DeviceFault("It fell off the bus.")])
async def test_what_another_attempt_may_help_is_asked_again_as_it_was(
    reel: Reel, error: StoryreelError, monkeypatch: pytest.MonkeyPatch
) -> None:
    error.retry_after = None
    monkeypatch.setattr("orchestrator.recovery.AWAY", ())
    fails(reel, error, error)

    job = await footage_job(reel)

    first, *others = reel.noop.footage()
    assert [other == first for other in others] == [True, True]
    assert not job.degradations
    assert not job.attempts


async def test_a_full_store_fails_the_job_as_the_card_would(reel: Reel) -> None:
    fails(reel, StoreFull("The disk is full."))

    job = await footage_job(reel)

    assert (job.state, reason_name(job.error.reason)) == (job_pb2.STATE_FAILED, "STORE_FULL")


async def test_a_resumed_job_does_not_try_again_what_failed(reel: Reel) -> None:
    fails(reel, short_of_memory(1), StoreFull("The disk is full."))
    failed = await footage_job(reel)
    reel.noop.requests.clear()

    await reel.jobs.resume(failed.name)
    ended = [change async for change in reel.jobs.watch(failed.name)][-1]

    (asked,) = reel.noop.footage()
    assert ended.state == job_pb2.STATE_SUCCEEDED
    assert (asked.steps, steps(asked)) == (50, [40])
    assert len((await scene_of(reel, ended)).attempts) == 1
