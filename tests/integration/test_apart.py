"""The services as processes of their own: jobs through all of them, their health, their ends."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import protovalidate
import pytest
import pytest_asyncio
from grpc_health.v1 import health_pb2

from orchestrator.client import JobClient
from orchestrator.local_engine import LocalEngine
from services.chassis.channel import connect
from storyreel.job.v1 import job_pb2
from storyreel.media.v1 import clip_pb2
from tests.e2e.command import Home, Ran
from tests.integration.apart import Apart, Service, listed, ready, running
from tests.integration.collector import Collector, Span, collecting, orphans

pytestmark = pytest.mark.asyncio(loop_scope="module")

SMALL = """# Apart

Every service is a process of its own.

## What travels

- References travel.
- Bytes stay in the store.
"""

LONG = """# {0}

This paragraph is about {0}, and it takes its time. It has three sentences in all. This is the last one.

This paragraph is about {0} as well. It has only two sentences.
"""

SERVICES = {
    "parsing": "storyreel.parsing.v1.ParsingService",
    "script": "storyreel.script.v1.ScriptService",
    "tts": "storyreel.tts.v1.TtsService",
    "cards": "storyreel.cards.v1.CardService",
    "generation": "storyreel.generation.v1.GenerationService",
    "muxing": "storyreel.muxing.v1.MuxingService",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as collector:
        yield collector


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def apart(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> AsyncIterator[Apart]:
    async with running(tmp_path_factory.mktemp("apart"), **collector.settings) as apart:
        yield apart


def addresses(apart: Apart) -> dict[str, str]:
    """Where each service is."""
    stages = {service: apart.address(stage) for stage, service in SERVICES.items()}
    return stages | {"storyreel.job.v1.JobService": apart.jobs_address}


def job(text: str) -> job_pb2.Job:
    """A job at 720p with the document in it."""
    picture = clip_pb2.Picture(width=1280, height=720, rate_numerator=30, rate_denominator=1)
    source = job_pb2.Source(inline=text.encode(), name="inline.md")
    return job_pb2.Job(source=source, settings=job_pb2.Settings(picture=picture))


async def test_every_service_says_that_it_is_ready_and_what_it_serves(apart: Apart) -> None:
    states = {service: await ready(address) for service, address in addresses(apart).items()}
    contracts = {service: await listed(address) for service, address in addresses(apart).items()}

    assert set(states.values()) == {health_pb2.HealthCheckResponse.SERVING}
    assert all(service in contract for service, contract in contracts.items())


async def test_a_video_made_by_the_cluster_has_the_bytes_of_one_made_alone(
    apart: Apart, tmp_path: Path
) -> None:
    (tmp_path / "small.md").write_text(SMALL)
    client = Home(tmp_path / "client", {"STORYREEL_ADDRESS": apart.jobs_address})
    alone = Home(tmp_path / "alone")

    async def render(home: Home) -> Ran:
        out = tmp_path / home.folder.name / "out" / "small.mp4"
        command = ("render", str(tmp_path / "small.md"), "-o", str(out), "--size", "720p", "--json")
        return await asyncio.to_thread(home.run, *command)

    ran = [await render(home) for home in (client, alone)]

    assert [(one.code, one.err) for one in ran] == [(0, ""), (0, "")]
    for ending in ("mp4", "srt", "vtt", "txt", "jpg"):
        made = [home.folder / "out" / f"small.{ending}" for home in (client, alone)]
        assert made[0].read_bytes() == made[1].read_bytes()
    assert not client.computed()  # a client of a cluster works on nothing,
    assert not (client.folder / "store").exists()  # and keeps nothing


async def test_a_cluster_lists_its_voices_to_a_client_that_knows_its_address_alone(
    apart: Apart, tmp_path: Path
) -> None:
    client = Home(tmp_path / "client", {"STORYREEL_ADDRESS": apart.jobs_address})

    listed = await asyncio.to_thread(client.run, "voices", "--language", "de")
    checked = await asyncio.to_thread(client.run, "doctor")

    assert (listed.code, checked.code) == (0, 0)
    assert "de+m3" in listed.out
    assert not (client.folder / "scratch").exists()


async def test_a_program_hands_a_document_in_over_tcp_and_watches_its_job(apart: Apart) -> None:
    async with connect(apart.jobs_address) as channel:
        jobs = JobClient(channel)
        created = await jobs.create(job(SMALL.replace("Apart", "Inline")))
        changes = [change async for change in jobs.watch(created.name)]

    assert changes[-1].state == job_pb2.STATE_SUCCEEDED
    assert changes[-1].title == "Inline"
    protovalidate.validate(changes[-1])
    assert changes[-1].outputs.video.measurements.frames > 0


async def test_jobservice_without_a_cluster_does_everything_itself_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    settings = {
        "STORYREEL_HOME": str(tmp_path / "home"),
        "STORYREEL_TTS_ONLINE": "0",
        "STORYREEL_ORCHESTRATOR_ADDRESS": "127.0.0.1:0",
        "TMPDIR": str(temporary),
    }
    alone = Service(("orchestrator", "serve"), settings, tmp_path)
    try:
        address = (await alone.start())["address"]
        async with connect(address) as channel:
            jobs = JobClient(channel)
            created = await jobs.create(job("# Alone\n\nOne process does it all.\n"))
            last = [change async for change in jobs.watch(created.name)][-1]
        alone.process.terminate()
        code = await alone.ended()
    finally:
        alone.kill()

    assert last.state == job_pb2.STATE_SUCCEEDED, last.error
    assert code == 0
    assert not LocalEngine(tmp_path / "home" / "engine").running()
    assert [*temporary.iterdir(), *(tmp_path / "home" / "scratch").iterdir()] == []


async def test_the_spans_of_a_job_from_all_processes_are_one_trace(
    apart: Apart, collector: Collector
) -> None:
    before = {span.trace for span in collector.spans}
    async with connect(apart.jobs_address) as channel:
        jobs = JobClient(channel)
        created = await jobs.create(job(SMALL.replace("Apart", "Traced")))
        changes = [change async for change in jobs.watch(created.name)]

    def spans() -> list[Span]:
        """The trace in which the job was started, once it is there to its end."""
        started = [s.trace for s in collector.spans if s.name == "StartWorkflow:JobWorkflow"]
        return [span for span in collector.spans if span.trace in started and span.trace not in before]

    await collector.until(lambda: "CompleteWorkflow:JobWorkflow" in {span.name for span in spans()})
    await collector.until(lambda: orphans(spans()) == [])

    assert changes[-1].state == job_pb2.STATE_SUCCEEDED
    assert [span.name for span in spans() if not span.parent] == ["storyreel.job.v1.JobService/CreateJob"]
    called = {service for stage, service in SERVICES.items() if stage != "generation"}  # a pool's alone
    assert {span.service for span in spans()} == called | {"storyreel-serve", "storyreel-worker"}
    assert "storyreel.cards.v1.CardService/DrawCard" in {span.name for span in spans()}
    assert {span.service for span in spans() if span.name == "child.call"} == {
        SERVICES[stage] for stage in ("parsing", "tts", "cards", "muxing")
    }


async def interrupt(apart: Apart, subject: str, number: signal.Signals) -> tuple[int, job_pb2.Job]:
    """Send the card server a signal while it makes a clip, and start it again once it has ended.

    Returns its exit code, and the job as it ended.
    """
    cards = apart.stages["cards"]
    async with connect(apart.jobs_address) as channel:
        jobs = JobClient(channel)
        created = await jobs.create(job(LONG.format(subject)))
        async with asyncio.timeout(60):
            while not list(apart.home.glob("scratch/card-*/card.mp4")):
                await asyncio.sleep(0.01)
        cards.process.send_signal(number)
        code = await cards.ended()
        await cards.start()
        return code, [change async for change in jobs.watch(created.name)][-1]


async def test_a_job_outlives_kill_9_of_the_card_server_in_mid_clip(apart: Apart) -> None:
    code, ended = await interrupt(apart, "a kill", signal.SIGKILL)

    assert code == -signal.SIGKILL
    assert ended.state == job_pb2.STATE_SUCCEEDED, ended.error
    [clips] = [stage for stage in ended.stages if stage.kind == job_pb2.STAGE_KIND_GENERATION]
    assert clips.attempts > clips.calls
    assert not ended.degradations
    for left in apart.home.glob("scratch/card-*"):
        shutil.rmtree(left)  # what the killed server left; the next test looks for clips in the making


async def test_a_card_server_that_is_told_to_stop_finishes_its_clips_first(apart: Apart) -> None:
    cards = apart.stages["cards"]
    before = cards.starts

    code, ended = await interrupt(apart, "a farewell", signal.SIGTERM)

    assert code == 0
    assert ended.state == job_pb2.STATE_SUCCEEDED, ended.error
    events = [line["event"] for line in cards.log(before)]
    assert "result.computed" in events[events.index("server.signalled") :]
    assert events[-1] == "server.stopped"


async def test_told_to_stop_every_process_exits_with_0_and_has_logged_json_alone(apart: Apart) -> None:
    for service in apart.everything:
        service.process.terminate()
    codes = [await service.ended() for service in apart.everything]

    lasts = [service.log()[-1]["event"] for service in apart.everything]
    complaints = "".join(service.complaints() for service in apart.everything)
    await apart.start()
    assert set(codes) == {0}
    assert set(lasts) == {"server.stopped", "orchestrator.stopped"}
    assert complaints == ""
