"""Footage longer than a clip of its model, on a real engine: links that go on from a last frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from google.protobuf.json_format import Parse
from temporalio.worker import Replayer

from orchestrator.converter import CONVERTER
from orchestrator.footage.pool import Pool
from orchestrator.footage.routing import LINKS_MOST
from orchestrator.footage.scenes import CARD, LOOPED
from orchestrator.job import reason_name
from orchestrator.workflow import JobWorkflow
from services.artifacts import wire
from services.chassis.errors import ModelUnavailable, StoreFull, StoryreelError
from services.story.wire import decode
from storyreel.error.v1 import category_pb2
from storyreel.generation.v1 import footage_pb2
from storyreel.job.v1 import job_pb2
from storyreel.muxing.v1 import timeline_pb2
from tests.integration.footage import (
    MEMORY,
    SCENES,
    client,
    reel,
    scene_of,
    short_of_memory,
)
from tests.integration.noop_reel import Reel

__all__ = ["client", "reel"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

FRAMES = 48
"""Of each scene here: a second of voice, and its pauses."""


async def made(
    reel: Reel, *, longest: int = 20, pools: Sequence[str] = ("ti2v",), **wish: Any
) -> job_pb2.Job:
    """A job in which the second scene wishes for footage from a model with short clips, at its end."""
    reel.noop.longest = longest
    reel.noop.wish(2, "a lamp", **wish)
    return (await reel.run(reel.job(pools=pools)))[-1]


def fail_link(reel: Reel, frames: int, *errors: StoryreelError) -> None:
    """Have the first requests for what is left of a scene, so many frames, fail."""
    left = list(errors)

    def fault(rpc: str, request: Any) -> None:
        if rpc == "GenerateFootage" and request.spec.frames == frames and left:
            raise left.pop(0)

    reel.noop.fault = fault


async def test_a_scene_is_made_of_clips_that_each_go_on_from_the_last_frame(reel: Reel) -> None:
    job = await made(reel)

    requests, last = reel.noop.asked(), reel.noop.artifact
    assert [request.frames for request in requests] == [48, 28, 8]
    assert all(request.may_end_early for request in requests)
    assert [request.continues for request in requests] == [False, True, True]
    assert [request.footage.HasField("image") for request in requests] == [False, True, True]
    assert [request.footage.image for request in requests[1:]] == [last, last]
    assert [request.footage.model for request in requests] == ["ti2v-5B"] * 3
    assert (job.state, job.stages[4].calls_done, len(job.degradations)) == (
        job_pb2.STATE_SUCCEEDED,
        SCENES,
        0,
    )
    assert not job.stages[4].parts


async def test_the_video_and_the_manifest_have_all_clips_of_the_scene(reel: Reel) -> None:
    job = await made(reel, steps=40)

    scene = await scene_of(reel, job)
    (mux,) = [request for rpc, request in reel.noop.requests if rpc == "MuxVideo"]
    plan = decode(await reel.store.read(wire.from_proto(mux.plan)), timeline_pb2.MuxPlan)
    assert [clip.frames for clip in (plan.scenes[1].clip, *plan.scenes[1].continued)] == [20, 20, 8]
    assert not plan.scenes[0].continued
    assert (scene.frames, [clip.frames for clip in scene.continued]) == (FRAMES, [20, 8])
    assert [clip.making.plan.steps for clip in scene.continued] == [40, 40]
    assert Parse(await reel.manifest(job), job_pb2.Manifest()).scenes[2].start_frame == 2 * FRAMES


async def test_text_to_video_is_continued_by_the_pool_that_takes_images(reel: Reel) -> None:
    async with Pool(reel.client, reel.generation, ["i2v"], grace=0):
        job = await made(reel, pools=["t2v", "i2v"], steps=50)

    wishes = [request.footage for request in reel.noop.asked()]
    assert [(wish.model, wish.steps) for wish in wishes] == [("", 50), ("i2v-A14B", 0), ("i2v-A14B", 0)]
    assert not job.degradations


@pytest.mark.parametrize(
    ("pools", "extension", "told"),
    [
        (["t2v"], "UNSPECIFIED", []),
        (["t2v"], "CONTINUE", ["STORYREEL_ORCHESTRATOR_POOLS=i2v"]),
        (["ti2v"], "LOOP", []),
    ],
)
async def test_where_nobody_goes_on_one_clip_plays_to_and_fro(
    reel: Reel, pools: list[str], extension: str, told: list[str]
) -> None:
    job = await made(reel, pools=pools, extension=footage_pb2.Extension.Value(f"EXTENSION_{extension}"))

    (request,) = reel.noop.asked()
    assert (request.frames, request.may_end_early) == (FRAMES, False)
    assert request.footage.extension == footage_pb2.EXTENSION_UNSPECIFIED
    assert [degradation.what for degradation in job.degradations] == [LOOPED] * len(told)
    assert all(text in job.degradations[0].remedy for text in told)


async def test_a_long_scene_has_so_many_links_and_the_last_plays_to_and_fro(reel: Reel) -> None:
    job = await made(reel, longest=5, extension=footage_pb2.EXTENSION_CONTINUE)

    requests = reel.noop.asked()
    assert [request.frames for request in requests] == [48, 43, 38, 33, 28, 23]
    assert [request.may_end_early for request in requests] == [True] * (LINKS_MOST - 1) + [False]
    (degradation,) = job.degradations
    assert (degradation.what, degradation.why) == (LOOPED, "It plays to and fro.")
    assert "Cut the scene in two" in degradation.remedy


async def test_a_link_that_fails_for_good_leaves_the_first_clip_to_and_fro(reel: Reel) -> None:
    fail_link(reel, 28, ModelUnavailable("A file is gone."))

    job = await made(reel)

    requests, scene = reel.noop.asked(), await scene_of(reel, job)
    assert [(r.frames, r.may_end_early) for r in requests] == [(48, True), (28, True), (48, False)]
    assert requests[2].footage == requests[0].footage
    assert (scene.frames, len(scene.continued), scene.HasField("making")) == (FRAMES, 0, True)
    (degradation,) = job.degradations
    assert (degradation.what, degradation.why, degradation.scene_id) == (LOOPED, "A file is gone.", "s002")
    assert [(attempt.link, reason_name(attempt.reason), attempt.category) for attempt in job.attempts] == [
        (1, "MODEL_UNAVAILABLE", category_pb2.CATEGORY_UNSPECIFIED)
    ]


async def test_when_that_fails_too_the_card_stands_in(reel: Reel) -> None:
    def fault(rpc: str, request: Any) -> None:
        if rpc == "GenerateFootage" and (request.spec.continues or not request.spec.may_end_early):
            raise ModelUnavailable("A file is gone.")

    reel.noop.fault = fault

    job = await made(reel)

    assert (job.state, job.stages[4].calls_done) == (job_pb2.STATE_SUCCEEDED, SCENES)
    assert [(d.what, d.why) for d in job.degradations] == [(CARD, "A file is gone.")]
    assert not (await scene_of(reel, job)).HasField("making")


async def test_a_link_has_attempts_of_its_own_and_its_changes_stay_for_the_next(reel: Reel) -> None:
    fail_link(reel, 28, short_of_memory(1))

    job = await made(reel, steps=50)

    wishes = [request.footage for request in reel.noop.asked()]
    assert [wish.steps for wish in wishes] == [50] * 4
    assert [[retry.values.steps for retry in wish.retries] for wish in wishes] == [[], [], [40], [40]]
    assert [(attempt.link, attempt.number, attempt.message) for attempt in job.attempts] == [(1, 1, MEMORY)]
    assert [d.why for d in job.degradations] == [f"steps 50 → 40, resolution 1080p → 720p: {MEMORY}"]
    assert len((await scene_of(reel, job)).continued) == 2


async def test_what_was_changed_for_a_link_before_costs_the_next_one_no_attempt(reel: Reel) -> None:
    errors = {28: [short_of_memory(1)], 8: [short_of_memory(2), short_of_memory(3)]}

    def fault(rpc: str, request: Any) -> None:
        if rpc == "GenerateFootage" and (left := errors.get(request.spec.frames)):
            raise left.pop(0)

    reel.noop.fault = fault

    job = await made(reel, steps=50)

    last = [spec.footage.retries for spec in reel.noop.asked() if spec.frames == 8]
    assert [[retry.values.steps for retry in each] for each in last] == [[40], [40, 30], [40, 30, 20]]
    assert len((await scene_of(reel, job)).continued) == 2


async def test_a_resumed_job_asks_for_the_links_it_has_made_with_the_same_requests(reel: Reel) -> None:
    fail_link(reel, 8, StoreFull("The disk is full."))
    failed = await made(reel, steps=50)
    fail_link(reel, 28)

    await reel.jobs.resume(failed.name)
    job = [change async for change in reel.jobs.watch(failed.name)][-1]

    assert (failed.state, job.state) == (job_pb2.STATE_FAILED, job_pb2.STATE_SUCCEEDED)
    requests = reel.noop.asked()
    first, again = requests[:3], requests[-3:]
    assert [request.frames for request in again] == [48, 28, 8]
    assert again == first


async def test_what_an_earlier_run_changed_of_one_link_leaves_the_others_as_they_were(reel: Reel) -> None:
    errors = [short_of_memory(1)]

    def fault(rpc: str, request: Any) -> None:
        if rpc == "GenerateFootage" and request.spec.frames == 28 and errors:
            raise errors.pop()
        if rpc == "MuxVideo":
            raise StoreFull("The disk is full.")

    reel.noop.fault = fault
    failed = await made(reel, steps=50)
    before = len(reel.noop.asked())
    reel.noop.fault = lambda rpc, request: None

    await reel.jobs.resume(failed.name)
    ended = [change async for change in reel.jobs.watch(failed.name)][-1]

    assert ended.state == job_pb2.STATE_SUCCEEDED
    retries = [spec.footage.retries for spec in reel.noop.asked()[before:]]
    assert [[retry.values.steps for retry in each] for each in retries] == [[], [40], [40]]


async def test_the_job_never_goes_back_while_links_are_made(reel: Reel) -> None:
    reel.noop.progress_seconds = 0.6
    reel.noop.longest = 20
    reel.noop.wish(2, "a lamp")

    changes = await reel.run(reel.job(pools=["ti2v"]))

    fractions = [change.fraction for change in changes]
    assert fractions == sorted(fractions)
    parts = {round(part.done, 2) for change in changes for stage in change.stages for part in stage.parts}
    assert {0.42, 0.83} <= parts


async def test_a_clip_that_nothing_can_go_on_from_is_a_defect(reel: Reel) -> None:
    reel.noop.keeps_last = False

    job = await made(reel)

    assert (job.state, reason_name(job.error.reason)) == (job_pb2.STATE_FAILED, "INTERNAL")
    assert "nothing can go on from it" in job.error.message


async def test_a_history_with_links_replays(reel: Reel) -> None:
    fail_link(reel, 28, short_of_memory(1))
    job = await made(reel, steps=50)
    history = await reel.client.get_workflow_handle("job/" + job.name.removeprefix("jobs/")).fetch_history()

    replayed = await Replayer(workflows=[JobWorkflow], data_converter=CONVERTER).replay_workflow(history)

    assert replayed.replay_failure is None


async def test_a_plan_says_how_many_clips_a_scene_takes_and_how_long_all_of_them(reel: Reel) -> None:
    reel.noop.longest = 30
    reel.noop.wish(1, "a lamp", model="ti2v-5B")
    reel.noop.wish(2, "a lamp")
    job = reel.job(pools=["t2v", "ti2v"])
    job.plan_only = True

    ended = (await reel.run(job))[-1]

    linked, alone, _ = Parse(await reel.plan(ended), job_pb2.Plan()).scenes
    assert (linked.footage.clips, linked.footage.estimated_duration.seconds) == (3, 1800)
    assert linked.footage.outlook == (
        "The pool ti2v will generate it, in 3 clips, each from the last frame of the one before."
    )
    assert (alone.footage.clips, alone.footage.estimated_duration.seconds) == (1, 600)
    assert alone.footage.outlook == "The pool t2v will generate it."
