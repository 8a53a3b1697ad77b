"""Every way in which a video server fails, and the error that it comes to."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import timedelta

import pytest

from services.chassis.errors import (
    Configuration,
    Deadline,
    DeviceFault,
    DeviceMemory,
    GenerationFailed,
    InvalidRequest,
    ModelUnavailable,
    Overloaded,
    StoryreelError,
)
from services.generation.video_api.faults import cleaned, failed, refused
from services.story.footage import Footage, Retry
from storyreel.error.v1 import category_pb2
from storyreel.generation.v1 import footage_pb2
from tests.unit.generation.proposals import names, proposed
from tests.unit.generation.video_api.engine import Fault
from tests.unit.generation.video_api.serving import Opens

OOM = "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has 8.19 GiB free."


def said(text: str) -> str:
    return json.dumps({"error": {"message": text}})


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_server_is_waited_for_as_long_as_it_asks(opened: Opens, status: int) -> None:
    made = await opened()
    made.engine.faults["POST"].extend([Fault(status, headers={"Retry-After": "7"})] * 2)

    await made.make()

    assert made.slept[:2] == [7, 7]
    assert len(made.engine.calls("POST")) == 3


async def test_without_a_word_on_when_the_pauses_grow(opened: Opens) -> None:
    made = await opened()
    made.engine.faults["POST"].extend([Fault(503)] * 3)

    await made.make()

    assert 0.75 <= made.slept[0] <= 1.25
    assert 1.5 <= made.slept[1] <= 2.5
    assert 3 <= made.slept[2] <= 5


async def test_a_server_that_stays_busy_is_overloaded(opened: Opens) -> None:
    made = await opened()
    made.engine.faults["POST"].extend([Fault(429, headers={"Retry-After": "3"})] * 9)

    with pytest.raises(Overloaded, match="busy: status 429") as caught:
        await made.make()

    assert caught.value.retry_after == timedelta(seconds=3)
    assert len(made.engine.calls("POST")) == 5


async def test_who_asks_to_wait_an_hour_is_not_waited_for(opened: Opens) -> None:
    made = await opened()
    made.engine.faults["POST"].append(Fault(503, headers={"Retry-After": "3600"}))

    with pytest.raises(Overloaded) as caught:
        await made.make()

    assert caught.value.retry_after == timedelta(hours=1)
    assert made.slept == []


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (400, "prompt is too rude", InvalidRequest),
        (422, "Extra inputs are not permitted: strength", InvalidRequest),
        (413, "too large", InvalidRequest),
        (401, "Incorrect API key provided", Configuration),
        (403, "no", Configuration),
        (404, "The model `wan` does not exist", ModelUnavailable),
        (404, "Not Found", Configuration),
        (405, "Method Not Allowed", Configuration),
        (302, "", Configuration),
        (500, OOM, DeviceMemory),
        (400, OOM, DeviceMemory),
        (507, "", DeviceMemory),
        (500, "Internal Server Error", DeviceFault),
        (502, "<html>Bad Gateway</html>", DeviceFault),
    ],
)
async def test_a_refusal_is_the_error_that_it_means_and_is_not_repeated(
    opened: Opens, status: int, text: str, error: type[StoryreelError]
) -> None:
    made = await opened()
    elsewhere = {"Location": "http://169.254.169.254/latest"} if status == 302 else {}
    made.engine.faults["POST"].append(Fault(status, said(text), elsewhere))

    with pytest.raises(error) as caught:
        await made.make()

    assert type(caught.value) is error
    assert len(made.engine.seen) == 1
    assert "sk-" not in caught.value.message


async def test_what_the_server_says_against_a_request_is_shown_on_one_short_line(opened: Opens) -> None:
    made = await opened()
    made.engine.faults["POST"].append(Fault(422, said("size:\n must \x1b[31mbe\x00 " + "x" * 5000)))

    with pytest.raises(InvalidRequest) as caught:
        await made.make()

    told = caught.value.violations[0].description
    assert told.startswith("The server says: size: must [31mbe xxx")
    assert told.endswith("x…")
    assert len(told) < 330


async def test_a_lost_answer_to_a_request_is_not_asked_for_twice(opened: Opens) -> None:
    made = await opened()
    made.engine.faults["POST"].append("drop")

    with pytest.raises(DeviceFault, match="broke the connection off"):
        await made.make()

    assert len(made.engine.calls("POST")) == 1


async def test_a_server_that_is_not_there_is_asked_again_before_it_is_a_fault(opened: Opens) -> None:
    made = await opened(url="http://127.0.0.1:9")

    with pytest.raises(DeviceFault, match="cannot be reached"):
        await made.make()

    assert len(made.slept) == 4


async def test_lost_looks_at_a_job_are_repeated(opened: Opens) -> None:
    made = await opened()
    made.engine.faults["GET"].extend(["drop", Fault(502), Fault(503)])

    making = await made.make()

    assert making.plan.frames == 13


async def test_a_server_that_loses_every_look_is_a_fault(opened: Opens) -> None:
    made = await opened()
    made.engine.faults["GET"].extend(["drop"] * 20)

    with pytest.raises(DeviceFault, match="broke the connection off"):
        await made.make()

    assert len(made.engine.calls("DELETE")) == 1


async def test_a_forgotten_job_is_a_fault(opened: Opens) -> None:
    made = await opened()
    made.engine.faults["GET"].append(Fault(404, said("Video not found")))

    with pytest.raises(DeviceFault, match="forgotten the job"):
        await made.make()


@pytest.mark.parametrize("error", [{"message": OOM}, OOM, {"code": 500, "message": "OutOfMemoryError: CUDA"}])
async def test_a_job_that_failed_for_memory_proposes_a_smaller_clip(opened: Opens, error: object) -> None:
    made = await opened()
    made.engine.ends = {"status": "failed", "error": error}

    with pytest.raises(DeviceMemory, match="out of device memory") as caught:
        await made.make()

    changes = {change.field: change.after for change in caught.value.suggestions[0].changes}
    assert changes == {"steps": "40", "resolution": "480p"}
    retry = proposed(caught.value)
    assert retry.category == category_pb2.CATEGORY_VRAM_MEMORY
    assert names(retry) == {"steps", "resolution"}
    assert (retry.values.steps, retry.values.resolution) == (40, footage_pb2.RESOLUTION_480P)
    assert len(made.engine.calls("DELETE")) == 1


async def test_the_third_failure_proposes_no_attempt(opened: Opens) -> None:
    made = await opened()
    made.engine.ends = {"status": "failed", "error": {"message": OOM}}
    wish = Footage(prompt="A lake", retries=(Retry("VRAM_MEMORY", ()), Retry("VRAM_MEMORY", ())))

    with pytest.raises(DeviceMemory) as caught:
        await made.make(wish)

    assert caught.value.suggestions[0].changes == ()
    assert caught.value.proposal is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("CUDA error: an illegal memory access was encountered", DeviceFault),
        ("NCCL timeout", DeviceFault),
        ("latents have no such shape", GenerationFailed),
        ({"code": "moderation_blocked", "message": "Your request was blocked."}, InvalidRequest),
        ({"code": 400, "message": "bad size"}, InvalidRequest),
        (None, GenerationFailed),
        ([1, 2], GenerationFailed),
    ],
)
async def test_a_failed_job_is_the_error_that_it_means(
    opened: Opens, error: object, kind: type[StoryreelError]
) -> None:
    made = await opened()
    made.engine.ends = {"status": "failed", "error": error}

    with pytest.raises(StoryreelError) as caught:
        await made.make()

    assert type(caught.value) is kind


async def test_a_failed_pipeline_proposes_what_to_change(opened: Opens) -> None:
    made = await opened()
    made.engine.ends = {"status": "failed", "error": {"message": "NaN in latents"}}

    with pytest.raises(GenerationFailed, match="It says: NaN in latents") as caught:
        await made.make(Footage(prompt="A lake", guidance=10.0))

    assert [change.field for change in caught.value.suggestions[0].changes] == ["guidance"]
    assert names(proposed(caught.value)) == {"guidance"}


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[]",
        "no json",
        '{"id": "../../etc", "status": "queued"}',
        '{"id": "v?x=1", "status": "queued"}',
        '{"status": "queued"}',
        '{"id": "v", "status": 3}',
        "[" * 100_000,
        '{"id": "v", "status": "' + "x" * (2 << 20) + '"}',
    ],
    ids=["empty", "list", "text", "path", "query", "nameless", "stateless", "deep", "large"],
)
async def test_an_answer_that_is_no_job_is_a_fault(opened: Opens, answer: str) -> None:
    made = await opened()
    made.engine.faults["POST"].append(Fault(200, answer))

    with pytest.raises(DeviceFault):
        await made.make()

    assert len(made.engine.seen) == 1


@pytest.mark.parametrize("data", [None, [], [{}], [{"b64_json": "!!"}], [{"url": "http://elsewhere/x.mp4"}]])
async def test_dynamos_answer_must_hold_the_video(opened: Opens, data: object) -> None:
    made = await opened("dynamo")
    made.engine.faults["POST"].append(Fault(200, json.dumps({"status": "completed", "data": data})))

    with pytest.raises(DeviceFault):
        await made.make()

    assert len(made.engine.seen) == 1


async def test_dynamos_failure_is_a_failed_job(opened: Opens) -> None:
    made = await opened("dynamo")
    made.engine.faults["POST"].append(Fault(200, json.dumps({"status": "failed", "error": OOM})))

    with pytest.raises(DeviceMemory):
        await made.make()


async def test_a_clip_that_takes_too_long_is_given_up_and_deleted(opened: Opens) -> None:
    made = await opened("vllm_omni", clip_minutes=0.005)
    made.engine.script.extend(["in_progress"] * 100_000)

    with pytest.raises(Deadline, match=r"longer than 0\.3 s"):
        await made.make()

    assert made.engine.job is None


async def test_neither_key_nor_prompt_is_logged(opened: Opens, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = await opened(key="sk-secret")
    made.engine.faults["DELETE"].append(Fault(500, said("A lake at dawn")))

    await made.make()

    told = caplog.text + "".join(
        str(record.__dict__) for record in caplog.records if record.name == "storyreel"
    )
    assert "sk-secret" not in told
    assert "lake" not in told


def test_texts_are_cut_and_cleaned() -> None:
    assert cleaned("a\tb\r\n\n c\u202e\x07") == "a b c"
    assert cleaned("") == ""
    assert len(cleaned("y" * 1_000_000)) == 300


def test_a_refusal_says_what_to_set() -> None:
    assert refused(401, "").metadata["setting"] == "STORYREEL_GENERATION_VIDEOS_KEY"
    assert "STORYREEL_GENERATION_VIDEOS_MODELS" in refused(404, "no such model").suggestions[0].description
    assert isinstance(failed("", code=""), GenerationFailed)


async def test_two_clips_wait_for_each_other(opened: Opens) -> None:
    made = await opened()
    working: list[bool] = []
    made.engine.on_request = lambda seen: working.append(seen.method == "POST" and made.engine.working)

    await asyncio.gather(made.make(), made.make())

    assert len(made.engine.calls("POST")) == 2
    assert not any(working)
