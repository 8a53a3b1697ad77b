"""The workflow on a real engine, with stages that do no work and fail when told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from google.protobuf.json_format import Parse
from temporalio.client import Client
from temporalio.worker import Replayer

from orchestrator.converter import CONVERTER
from orchestrator.job import GENERATION, TTS, reason_name
from orchestrator.workflow import JobWorkflow
from services.artifacts import wire
from services.chassis.errors import (
    ArtifactMissing,
    Cancelled,
    Internal,
    JobExists,
    JobNotFound,
    JobState,
    StoreFull,
    StoryreelError,
    UnknownVoice,
    VoiceUnavailable,
)
from storyreel.job.v1 import job_pb2
from tests.integration.noop_reel import Reel, engine, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCENES = 5


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with engine() as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def reel(client: Client, tmp_path: Path) -> AsyncIterator[Reel]:
    async with running(client, tmp_path, scenes=SCENES) as reel:
        yield reel


async def test_a_job_goes_through_all_six_stages_and_writes_down_what_it_made(reel: Reel) -> None:
    job = (await reel.run())[-1]

    assert job.state == job_pb2.STATE_SUCCEEDED
    assert job.fraction == 1
    assert [(s.state, s.calls, s.calls_done, s.attempts) for s in job.stages] == [
        (job_pb2.STATE_SUCCEEDED, calls, calls, calls) for calls in (1, 1, SCENES, SCENES, SCENES, 2)
    ]
    manifest = Parse(await reel.store.read(wire.from_proto(job.outputs.manifest)), job_pb2.Manifest())
    assert manifest.job.state == job_pb2.STATE_SUCCEEDED
    assert [scene.start_frame for scene in manifest.scenes] == [48 * n for n in range(SCENES)]
    assert manifest.coverage == job_pb2.CoverageCounts(narrated=SCENES, dropped=1)


async def test_progress_never_goes_back_and_ends_once(reel: Reel) -> None:
    reel.noop.progress_seconds = 1.2

    changes = await reel.run()

    fractions = [job.fraction for job in changes]
    assert fractions == sorted(fractions)
    assert len({round(fraction, 3) for fraction in fractions}) > 2
    assert [job.state for job in changes].count(job_pb2.STATE_SUCCEEDED) == 1
    assert changes[-1].state == job_pb2.STATE_SUCCEEDED


async def test_a_plan_speaks_and_draws_nothing(reel: Reel) -> None:
    job = reel.job()
    job.plan_only = True

    ended = (await reel.run(job))[-1]

    assert ended.state == job_pb2.STATE_SUCCEEDED
    assert set(reel.noop.calls) == {"ParseDocument", "WriteNarration", "ChooseVoice"}
    plan = Parse(await reel.store.read(wire.from_proto(ended.outputs.plan)), job_pb2.Plan())
    assert plan.voice == "first:nobody"
    assert [scene.id for scene in plan.scenes] == [f"s{n:03d}" for n in range(1, SCENES + 1)]
    assert [(b.outcome, b.reason) for b in plan.coverage.blocks][-2:] == [
        (job_pb2.OUTCOME_NARRATED, ""),
        (job_pb2.OUTCOME_DROPPED, "A rule says nothing."),
    ]


async def test_the_same_request_id_is_the_same_job_and_another_body_is_refused(reel: Reel) -> None:
    first = await reel.jobs.create(reel.job(), request_id="tuesday")
    again = await reel.jobs.create(reel.job(), request_id="tuesday")

    assert again.name == first.name
    with pytest.raises(JobExists):
        await reel.jobs.create(reel.job(b"other"), request_id="tuesday")


async def test_a_voice_that_dies_midway_is_replaced_in_the_whole_video(reel: Reel) -> None:
    spoken = 0

    def dies(rpc: str, request: Any) -> None:
        nonlocal spoken
        if rpc == "Synthesize" and request.voice.engine == "first":
            spoken += 1
            if spoken > 2:
                raise VoiceUnavailable("The first voice went silent.")

    reel.noop.fault = dies

    job = (await reel.run())[-1]

    assert job.state == job_pb2.STATE_SUCCEEDED
    manifest = Parse(await reel.store.read(wire.from_proto(job.outputs.manifest)), job_pb2.Manifest())
    assert {scene.voice for scene in manifest.scenes} == {"second:nobody"}
    assert [(d.stage, d.why) for d in job.degradations] == [(TTS, "The first voice went silent.")]
    assert job.degradations[0].remedy


async def test_a_video_that_no_voice_can_speak_fails_with_the_voices_own_words(reel: Reel) -> None:
    def silent(rpc: str, request: Any) -> None:
        if rpc == "Synthesize" or (rpc == "ChooseVoice" and len(request.excluded_engines) == 2):
            raise VoiceUnavailable("Nobody speaks.")

    reel.noop.fault = silent

    job = (await reel.run())[-1]

    assert (job.state, reason_name(job.error.reason)) == (job_pb2.STATE_FAILED, "VOICE_UNAVAILABLE")
    assert reel.noop.calls["ChooseVoice"] == 3


async def test_narrations_larger_than_a_payload_are_published(reel: Reel) -> None:
    reel.noop.narration = "長" * 4900 + "."
    reel.noop.refs *= 30

    job = (await reel.run())[-1]

    assert job.state == job_pb2.STATE_SUCCEEDED
    plan = await reel.store.read(wire.from_proto(job.outputs.plan), limit=64 << 20)
    assert plan.decode().count("長" * 4900) == 30 * SCENES


async def test_a_clip_that_another_job_cancelled_is_made_again(reel: Reel) -> None:
    stopped = 0

    def stops(rpc: str, request: Any) -> None:
        nonlocal stopped
        if rpc == "DrawCard" and not stopped:
            stopped += 1
            raise Cancelled("The work was cancelled.")

    reel.noop.fault = stops

    job = (await reel.run())[-1]

    assert job.state == job_pb2.STATE_SUCCEEDED
    assert reel.noop.calls["DrawCard"] == SCENES + 1


async def test_an_error_of_input_fails_at_once_and_names_its_stage(reel: Reel) -> None:
    def refuses(rpc: str, request: Any) -> None:
        if rpc == "ChooseVoice":
            raise UnknownVoice("There is no voice nobody.")

    reel.noop.fault = refuses

    job = (await reel.run())[-1]

    assert job.state == job_pb2.STATE_FAILED
    assert job.fraction < 1
    assert reason_name(job.error.reason) == "UNKNOWN_VOICE"
    assert (job.error.stage, job.error.retryable) == (TTS, False)
    assert reel.noop.calls["ChooseVoice"] == 1


async def test_a_failed_scene_names_itself_and_the_others_are_finished(reel: Reel) -> None:
    third = reel.noop.refs[2].scene.sha256

    def breaks(rpc: str, request: Any) -> None:
        if rpc == "DrawCard" and request.spec.scene.sha256 == third:
            raise Internal("broken", error_id="abc")

    reel.noop.fault = breaks

    job = (await reel.run())[-1]

    assert job.state == job_pb2.STATE_FAILED
    assert (job.error.stage, job.error.scene_id) == (GENERATION, "s003")
    assert reel.noop.calls["DrawCard"] == SCENES - 1 + 3
    assert job.stages[4].calls_done == SCENES - 1


async def test_a_lost_artifact_makes_the_scenes_again(reel: Reel) -> None:
    lost = False

    def loses(rpc: str, request: Any) -> None:
        nonlocal lost
        if rpc == "MuxVideo" and not lost:
            lost = True
            raise ArtifactMissing("A clip is gone.")

    reel.noop.fault = loses

    job = (await reel.run())[-1]

    assert job.state == job_pb2.STATE_SUCCEEDED
    assert reel.noop.calls["ParseDocument"] == 2
    assert reel.noop.calls["DrawCard"] == 2 * SCENES


@pytest.mark.parametrize("error", [StoreFull("The disk is full."), Internal("broken")])
async def test_a_failed_job_can_be_resumed_and_then_succeeds(reel: Reel, error: StoryreelError) -> None:
    def fails(rpc: str, request: Any) -> None:
        if rpc == "MuxVideo":
            raise error

    reel.noop.fault = fails
    failed = (await reel.run())[-1]
    reel.noop.fault = lambda rpc, request: None

    resumed = await reel.jobs.resume(failed.name)
    ended = [change async for change in reel.jobs.watch(resumed.name)][-1]

    assert failed.state == job_pb2.STATE_FAILED
    assert reason_name(failed.error.reason) == error.reason
    assert ended.state == job_pb2.STATE_SUCCEEDED
    assert not ended.error.reason
    assert ended.name == failed.name


async def test_cancel_reaches_the_service_and_the_job_can_be_resumed(reel: Reel) -> None:
    reel.noop.progress_seconds = 60
    job = await reel.jobs.create(reel.job(), request_id="")
    while not reel.noop.calls["DrawCard"]:
        await asyncio.sleep(0.05)

    cancelled = await reel.jobs.cancel(job.name)

    assert cancelled.state == job_pb2.STATE_CANCELLED
    assert reel.noop.cancelled
    assert {stage.state for stage in cancelled.stages} <= {
        job_pb2.STATE_SUCCEEDED,
        job_pb2.STATE_CANCELLED,
        job_pb2.STATE_PENDING,
    }
    reel.noop.progress_seconds = 0
    await reel.jobs.resume(job.name)
    assert [change async for change in reel.jobs.watch(job.name)][-1].state == job_pb2.STATE_SUCCEEDED


async def test_a_job_whose_cancel_nobody_waited_for_is_resumed_after_it(reel: Reel) -> None:
    reel.noop.progress_seconds = 60
    job = await reel.jobs.create(reel.job(), request_id="")
    while not reel.noop.calls["DrawCard"]:
        await asyncio.sleep(0.05)
    await reel.client.get_workflow_handle("job/" + job.name.removeprefix("jobs/")).cancel()
    reel.noop.progress_seconds = 0

    await reel.jobs.resume(job.name)
    ended = [change async for change in reel.jobs.watch(job.name)][-1]

    assert ended.state == job_pb2.STATE_SUCCEEDED


async def test_what_does_not_fit_a_jobs_state_is_refused(reel: Reel) -> None:
    job = (await reel.run())[-1]

    with pytest.raises(JobState, match="nothing to resume"):
        await reel.jobs.resume(job.name)
    with pytest.raises(JobState, match="cannot be cancelled"):
        await reel.jobs.cancel(job.name)
    with pytest.raises(JobNotFound):
        await reel.jobs.get("jobs/000000000000")


async def test_jobs_are_listed_newest_first_without_plans(reel: Reel) -> None:
    planned = reel.job()
    planned.plan_only = True
    older = (await reel.run())[-1]
    plan = (await reel.run(planned))[-1]
    newer = (await reel.run())[-1]

    async def listed() -> list[str]:
        jobs, _ = await reel.jobs.page(200, "", plans=False)
        return [job.name for job in jobs]

    while newer.name not in (names := await listed()):  # the engine lists with a short delay
        await asyncio.sleep(0.1)
    assert names.index(newer.name) < names.index(older.name)
    assert plan.name not in names


async def test_a_history_replays_and_a_swapped_pair_of_calls_does_not(reel: Reel) -> None:
    job = (await reel.run())[-1]
    history = await reel.client.get_workflow_handle("job/" + job.name.removeprefix("jobs/")).fetch_history()
    replayer = Replayer(workflows=[JobWorkflow], data_converter=CONVERTER)

    good = await replayer.replay_workflow(history)
    scheduled = [e for e in history.events if e.HasField("activity_task_scheduled_event_attributes")]
    first, second = (
        next(e.activity_task_scheduled_event_attributes for e in scheduled if f"script/{s}" in str(e))
        for s in ("s001", "s002")
    )
    first.activity_id, second.activity_id = second.activity_id, first.activity_id
    swapped = await replayer.replay_workflow(history, raise_on_replay_failure=False)

    assert good.replay_failure is None
    assert swapped.replay_failure is not None


@pytest.mark.parametrize("rpc", ["ParseDocument", "WriteNarration", "ChooseVoice", "Synthesize"])
async def test_a_cancel_that_meets_a_call_which_ends_well_is_not_forgotten(reel: Reel, rpc: str) -> None:
    async def slowly(called: str, request: Any) -> None:
        if called == rpc:
            await asyncio.sleep(0.3)

    reel.noop.fault = slowly
    reel.noop.progress_seconds = 60
    job = await reel.jobs.create(reel.job(), request_id="")
    while not reel.noop.calls[rpc]:
        await asyncio.sleep(0.01)

    cancelled = await reel.jobs.cancel(job.name)

    assert cancelled.state == job_pb2.STATE_CANCELLED
