"""What a running job does now."""

from __future__ import annotations

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import PendingActivityState as PendingState
from temporalio.api.workflow.v1 import PendingActivityInfo

from orchestrator.job import GENERATION, SCRIPT
from orchestrator.running import MOST_CLIPS, WAIT, News, about, show_footage, words
from storyreel.job.v1 import job_pb2
from storyreel.progress.v1 import progress_pb2

SCHEDULED = PendingState.PENDING_ACTIVITY_STATE_SCHEDULED


@pytest.fixture
def job() -> job_pb2.Job:
    made = job_pb2.Job(state=job_pb2.STATE_RUNNING)
    made.stages.add(kind=SCRIPT, state=job_pb2.STATE_SUCCEEDED)
    made.stages.add(kind=GENERATION, state=job_pb2.STATE_RUNNING, calls=3, activity="draw 3/9 frames")
    return made


def step(done: int, *, left: float = 0) -> progress_pb2.StageProgress:
    remaining = Duration(seconds=int(left)) if left else None
    return progress_pb2.StageProgress(
        step="generate", fraction=done / 40, done=done, total=40, unit="steps", remaining=remaining
    )


def test_what_footage_is_doing_and_what_is_left_of_it_is_what_the_stage_does(job: job_pb2.Job) -> None:
    show_footage(job, {"generation/s003/12": step(12, left=170)})

    assert job.stages[1].activity == "generate s003 12/40 steps, about 3 min left"


def test_the_clip_that_is_furthest_is_told_and_how_many_wait(job: job_pb2.Job) -> None:
    wait = progress_pb2.StageProgress(step=WAIT)

    show_footage(
        job,
        {
            "generation/s001/9": wait,
            "generation/s003/11": step(2),
            "generation/s004/12": step(30),
            "generation/s007/13": wait,
        },
    )

    assert job.stages[1].activity == "generate s004 30/40 steps; 2 more waiting"
    assert [clip.scene_id for clip in job.stages[1].running] == ["s001", "s003", "s004", "s007"]


def test_a_clip_that_no_device_has_taken_waits(job: job_pb2.Job) -> None:
    show_footage(job, {"generation/s003/12": progress_pb2.StageProgress(step=WAIT)})

    assert job.stages[1].activity == "s003 waits for a device"


def test_a_clip_that_goes_on_from_another_is_told_by_its_number(job: job_pb2.Job) -> None:
    job.stages[1].parts.add(scene_id="s003", done=0.4, share=0.4, link=1)

    show_footage(job, {"generation/s003/12": step(12), "generation/s004/13": step(2)})

    assert [clip.link for clip in job.stages[1].running] == [1, 0]
    assert job.stages[1].activity == "generate s003 (clip 2) 12/40 steps"


def test_the_attempt_is_one_more_than_those_that_failed_for_the_scene(job: job_pb2.Job) -> None:
    job.attempts.add(scene_id="s003", number=1)
    job.attempts.add(scene_id="s004", number=1)

    show_footage(job, {"generation/s003/12": step(1)})

    assert job.stages[1].running[0].attempt == 2
    assert words(job.stages[1].running[0]) == "generate s003 1/40 steps (attempt 2)"


def test_without_footage_the_stage_says_what_it_said(job: job_pb2.Job) -> None:
    show_footage(job, {})

    assert job.stages[1].activity == "draw 3/9 frames"
    assert not job.stages[1].running


def test_a_record_names_no_more_clips_than_it_may(job: job_pb2.Job) -> None:
    show_footage(job, {f"generation/s{number:03d}/{number}": step(1) for number in range(100)})

    assert len(job.stages[1].running) == MOST_CLIPS


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "a few seconds"),
        (11, "about 10 s"),
        (43, "about 45 s"),
        (89, "about 90 s"),
        (170, "about 3 min"),
        (5400, "about 1 h 30 min"),
        (3 * 3600 + 61, "about 3 h 01 min"),
    ],
)
def test_what_is_left_is_said_no_more_exactly_than_it_is_known(seconds: float, said: str) -> None:
    assert about(seconds) == said


def call(name: str, kind: str, *, taken: bool = True, attempt: int = 1) -> PendingActivityInfo:
    """A call in flight."""
    state = PendingState.PENDING_ACTIVITY_STATE_STARTED if taken else SCHEDULED
    pending = PendingActivityInfo(activity_id=name, state=state, attempt=attempt)
    pending.activity_type.name = kind
    return pending


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_job_without_news_for_a_minute_says_what_it_waits_for() -> None:
    clock = Clock()
    news = News(clock)
    calls = [call("generation/s012/40", "DrawCard"), call("generation/s013/41", "DrawCard", taken=False)]

    told = []
    for clock.now in (0.0, 59.0, 61.0, 76.0):
        told.append(news.waiting(calls))

    assert told == [
        "",
        "",
        "waiting for generation: s012 draw and 1 more, 60 s without news",
        "waiting for generation: s012 draw and 1 more, 75 s without news",
    ]


def test_a_call_that_ends_or_tells_more_is_news() -> None:
    clock = Clock()
    news = News(clock)
    both = [call("muxing/all/8", "MasterSound"), call("generation/s001/7", "DrawCard")]

    news.waiting(both)
    clock.now = 50
    news.waiting(both[:1])
    clock.now = 100
    quiet = news.waiting(both[:1])
    clock.now = 110

    assert not quiet
    assert news.waiting(both[:1]) == "waiting for muxing: master, 60 s without news"


def test_calls_that_no_worker_has_taken_say_so_and_which_attempt_they_are() -> None:
    clock = Clock()
    news = News(clock)
    calls = [call("tts/s002/5", "Synthesize", taken=False, attempt=3)]

    news.waiting(calls)
    clock.now = 60

    assert news.waiting(calls) == (
        "waiting for tts: s002 speak (attempt 3) (no worker has taken it), 60 s without news"
    )
