"""Scenes that wish for footage, on a real engine: where they are made, waited for, cancelled and planned."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google.protobuf.json_format import Parse
from temporalio.worker import Replayer

from orchestrator.converter import CONVERTER
from orchestrator.footage.pool import Pool
from orchestrator.running import WAITS
from orchestrator.servicer import JobServicer
from orchestrator.settings import OrchestratorSettings
from orchestrator.workflow import JobWorkflow
from services.artifacts import wire
from services.artifacts.store import Artifact
from services.chassis.errors import (
    ArtifactMissing,
    Configuration,
    StoryreelError,
    Suggestion,
    VoiceUnavailable,
)
from storyreel.generation.v1 import footage_pb2
from storyreel.job.v1 import job_pb2, job_service_pb2
from tests.integration.footage import (
    SCENES,
    client,
    fails,
    footage_job,
    reel,
    scene_of,
    short_of_memory,
)
from tests.integration.noop_reel import Reel
from tests.integration.noop_stages import FOOTAGE_DIGEST

__all__ = ["client", "reel"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_footage_is_generated_by_the_pool_and_the_other_scenes_are_drawn(reel: Reel) -> None:
    job = await footage_job(reel)

    assert job.state == job_pb2.STATE_SUCCEEDED
    assert (reel.noop.calls["DrawCard"], reel.noop.calls["GenerateFootage"]) == (SCENES - 1, 1)
    (asked,) = [request for rpc, request in reel.noop.requests if rpc == "GenerateFootage"]
    assert (asked.spec.footage, asked.watch.keep_running.seconds) == (reel.noop.refs[1].footage, 120)
    assert asked.spec.backend == "diffusers"
    drawn = [request.spec.scene for rpc, request in reel.noop.requests if rpc == "DrawCard"]
    assert reel.noop.refs[1].scene not in drawn
    assert (await scene_of(reel, job)).making.plan.steps == 50
    assert not job.degradations
    assert job.stages[4].calls_done == SCENES


async def test_footage_waits_for_all_speech(reel: Reel) -> None:
    async def slowly(rpc: str, request: Any) -> None:
        if rpc == "Synthesize" and reel.noop.calls["Synthesize"] == SCENES:
            await asyncio.sleep(0.5)

    reel.noop.fault = slowly

    await footage_job(reel)

    order = [rpc for rpc, _ in reel.noop.requests if rpc in ("Synthesize", "GenerateFootage")]
    assert order == ["Synthesize"] * SCENES + ["GenerateFootage"]


async def test_without_a_pool_the_card_is_drawn_and_the_record_says_how_to_get_footage(reel: Reel) -> None:
    reel.noop.wish(2, "a lamp", mode=footage_pb2.MODE_I2V)

    job = (await reel.run(reel.job(pools=["t2v"])))[-1]

    assert job.state == job_pb2.STATE_SUCCEEDED
    assert not reel.noop.footage()
    (degradation,) = job.degradations
    assert "i2v" in degradation.why
    assert "STORYREEL_ORCHESTRATOR_POOLS=i2v" in degradation.remedy


@pytest.mark.parametrize("visual", ["AUTO", "TEMPLATE"])
async def test_a_card_that_was_as_welcome_is_no_degradation(reel: Reel, visual: str) -> None:
    reel.noop.wish(2, "a lamp", visual=visual)

    job = (await reel.run(reel.job()))[-1]

    assert not reel.noop.footage()
    assert not job.degradations


async def test_cancel_reaches_the_service_that_generates(reel: Reel) -> None:
    reel.noop.wish(2, "a lamp")

    async def wait(rpc: str, request: Any) -> None:
        if rpc == "GenerateFootage":
            await asyncio.sleep(60)

    reel.noop.fault = wait
    job = await reel.jobs.create(reel.job(pools=["t2v"]), request_id="")
    while not reel.noop.footage():
        await asyncio.sleep(0.05)

    cancelled = await reel.jobs.cancel(job.name)

    assert cancelled.state == job_pb2.STATE_CANCELLED
    assert reel.noop.cancelled == [FOOTAGE_DIGEST]


async def test_a_clip_that_no_pool_takes_says_that_it_waits_and_can_be_cancelled(reel: Reel) -> None:
    reel.noop.wish(2, "a lamp", mode=footage_pb2.MODE_I2V)
    job = await reel.jobs.create(reel.job(pools=["i2v"]), request_id="")

    async for change in reel.jobs.watch(job.name):
        if f"s002 {WAITS}" in [stage.activity for stage in change.stages]:
            break
    cancelled = await reel.jobs.cancel(job.name)

    assert cancelled.state == job_pb2.STATE_CANCELLED
    assert not reel.noop.footage()


async def test_watchers_are_told_how_far_footage_is_and_how_long_the_rest_takes(reel: Reel) -> None:
    reel.noop.wish(2, "a lamp")
    reel.noop.progress_seconds = 1.5
    job = await reel.jobs.create(reel.job(pools=["t2v"]), request_id="")

    running = [
        clip
        async for change in reel.jobs.watch(job.name)
        for stage in change.stages
        for clip in stage.running
        if clip.progress.step == "draw"
    ]

    assert {(clip.scene_id, clip.attempt) for clip in running} == {("s002", 1)}
    left = [clip.progress.remaining.ToMilliseconds() for clip in running]
    assert left == sorted(left, reverse=True)
    assert 0 < left[-1] <= left[0] <= 1500


async def test_one_clip_is_made_at_a_time_whichever_queue_it_comes_from(reel: Reel) -> None:
    reel.noop.wish(1, "a lamp")
    reel.noop.wish(2, "the sea", model="ti2v-5B")
    reel.noop.wish(3, "a ship")
    making, most = 0, 0

    async def count(rpc: str, request: Any) -> None:
        nonlocal making, most
        if rpc == "GenerateFootage":
            making += 1
            most = max(most, making)
            await asyncio.sleep(0.5)
            making -= 1

    reel.noop.fault = count

    job = (await reel.run(reel.job(pools=["t2v", "ti2v"])))[-1]

    assert job.state == job_pb2.STATE_SUCCEEDED
    assert sorted(f.prompt for f in reel.noop.footage()) == ["a lamp", "a ship", "the sea"]
    assert most == 1


async def test_a_pool_that_goes_away_finishes_the_clip_it_has_begun(reel: Reel) -> None:
    reel.noop.wish(2, "a lamp", mode=footage_pb2.MODE_I2V)

    async def slowly(rpc: str, request: Any) -> None:
        if rpc == "GenerateFootage":
            await asyncio.sleep(1)

    reel.noop.fault = slowly
    job = await reel.jobs.create(reel.job(pools=["i2v"]), request_id="")

    async with Pool(reel.client, reel.generation, ["i2v"], grace=30):
        while not reel.noop.footage():
            await asyncio.sleep(0.05)
    ended = [change async for change in reel.jobs.watch(job.name)][-1]

    assert ended.state == job_pb2.STATE_SUCCEEDED
    assert len(reel.noop.footage()) == 1
    assert not ended.degradations


async def test_a_history_with_retries_replays(reel: Reel) -> None:
    fails(reel, *map(short_of_memory, (1, 2, 3)))
    job = await footage_job(reel)
    history = await reel.client.get_workflow_handle("job/" + job.name.removeprefix("jobs/")).fetch_history()

    replayed = await Replayer(workflows=[JobWorkflow], data_converter=CONVERTER).replay_workflow(history)

    assert replayed.replay_failure is None


async def test_a_plan_says_what_each_footage_needs_and_makes_none(reel: Reel) -> None:
    reel.noop.wish(1, "a lamp")
    reel.noop.wish(2, "a lamp", mode=footage_pb2.MODE_I2V)
    job = reel.job(pools=["t2v"])
    job.plan_only = True

    ended = (await reel.run(job))[-1]

    first, second, third = Parse(await reel.plan(ended), job_pb2.Plan()).scenes
    assert not reel.noop.calls["GenerateFootage"]
    assert not reel.noop.calls["DrawCard"]
    assert (first.footage.pool, first.footage.report.plan.model) == ("t2v", "t2v-A14B")
    assert first.footage.report.plan.frames == 78
    assert "A card will be shown" in second.footage.outlook
    assert not third.HasField("footage")


@pytest.mark.parametrize(
    ("error", "outlook"),
    [
        (
            Configuration("It is not set up.", suggestions=[Suggestion("Set it up.")]),
            "A card will be shown: It is not set up. Set it up.",
        ),
        (
            VoiceUnavailable("It is silent."),
            "The pool t2v will generate it. What it needs is not known: It is silent.",
        ),
    ],
)
async def test_a_plan_is_made_though_the_pool_cannot_say_what_it_needs(
    reel: Reel, error: StoryreelError, outlook: str
) -> None:
    def unable(rpc: str, request: Any) -> None:
        if rpc == "EstimateFootage":
            raise error

    reel.noop.fault = unable
    reel.noop.wish(1, "a lamp")
    job = reel.job(pools=["t2v"])
    job.plan_only = True

    ended = (await reel.run(job))[-1]

    (scene, *_) = Parse(await reel.plan(ended), job_pb2.Plan()).scenes
    assert scene.footage.outlook == outlook
    assert not scene.footage.HasField("report")


async def test_a_job_knows_the_pools_of_its_server_and_stays_the_same_job_under_others(reel: Reel) -> None:
    request = job_service_pb2.CreateJobRequest(request_id="friday")
    request.job.source.artifact.CopyFrom(reel.noop.artifact)

    made = []
    for pools in ("t2v, ti2v", ""):
        again = job_service_pb2.CreateJobRequest()
        again.CopyFrom(request)
        servicer = JobServicer(reel.jobs, reel.store, OrchestratorSettings(pools=pools))
        made.append((await servicer.CreateJob(again, None)).job)

    assert made[0].name == made[1].name
    assert list(made[0].settings.pools) == ["t2v", "ti2v"]
    assert made[0].settings.footage_backend == "diffusers"


async def test_the_files_of_a_document_reach_its_reading_and_have_to_be_in_the_store(reel: Reel) -> None:
    job = reel.job()
    job.source.files.add(name="pictures/fjord.png", file=reel.noop.artifact)
    request = job_service_pb2.CreateJobRequest(job=job_pb2.Job(source=job.source))
    missing = request.job.source.files.add(name="gone.png")
    missing.file.CopyFrom(wire.to_proto(Artifact.of("local", "f" * 64, size_bytes=1, media_type="image/png")))

    await reel.run(job)
    with pytest.raises(ArtifactMissing, match=r"'gone\.png' is not in the store"):
        await JobServicer(reel.jobs, reel.store, OrchestratorSettings()).CreateJob(request, None)

    (parse,) = [request for rpc, request in reel.noop.requests if rpc == "ParseDocument"]
    assert parse.files == job.source.files
