"""Footage over a real socket, from tiny models: what is made, replayed, cancelled, estimated and refused."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.artifacts.local import LocalStore
from services.chassis.channel import connect
from services.chassis.errors import (
    Cancelled,
    Change,
    Configuration,
    GenerationFailed,
    InvalidRequest,
    ModelUnavailable,
    UnknownBackend,
)
from services.chassis.progress import Progress
from services.chassis.server import MethodLimits, Room, Server
from services.chassis.status import proposal_to_proto
from services.generation.client import GenerationClient
from services.generation.clip import Capability, GeneratedClip
from services.generation.servicer import GenerationServicer, room
from services.generation.settings import GenerationSettings
from services.generation.wan.backend import DiffusersBackend
from services.media import probe
from services.story.footage import Footage
from storyreel.error.v1 import category_pb2
from storyreel.generation.v1 import footage_pb2, generation_service_pb2_grpc
from tests.contract.cards import short
from tests.unit.generation.wan.conftest import (
    PICTURE,
    WISH,
    Studio,
    damaged,
    started,
    studio,
    tiny_models,
)

__all__ = ["damaged", "short", "started", "studio", "tiny_models"]

pytestmark = pytest.mark.asyncio(loop_scope="session")

METHODS = ("GenerateFootage", "CancelFootage", "EstimateFootage", "GetCapabilities")


class Kept(DiffusersBackend):
    """The backend of all tests, which outlives the service of one."""

    def __init__(self, backend: DiffusersBackend) -> None:
        self.__dict__ = backend.__dict__

    async def close(self) -> None:
        """Leave it to the others."""


@dataclass
class Service:
    """A client of a service with tiny models."""

    client: GenerationClient
    studio: Studio

    def watch(self, footage: Footage = WISH, **other: Any) -> Any:
        """Ask for a clip of 20 frames, unless said otherwise."""
        request = {"frames": 20, "picture": PICTURE, "backend": "diffusers"}
        return self.client.generate_footage(footage, **(request | other))

    async def events(self, footage: Footage = WISH, **other: Any) -> list[Any]:
        """All that the stream brings."""
        return [event async for event in self.watch(footage, **other)]


@pytest_asyncio.fixture(loop_scope="session")
async def service(studio: Studio, tmp_path: Path) -> AsyncIterator[Service]:
    servicer = GenerationServicer([Kept(studio.backend)], studio.store, scratch=tmp_path / "scratch")
    add = partial(generation_service_pb2_grpc.add_GenerationServiceServicer_to_server, servicer)
    limits = {name: MethodLimits(120, 8) for name in METHODS}
    name = "storyreel.generation.v1.GenerationService"
    with tempfile.TemporaryDirectory(prefix="sr-") as folder:
        server = Server([Room(name, add, limits, servicer.start, servicer.close)], f"unix:{folder}/f.sock")
        await server.start()
        async with connect(server.bound) as channel:
            yield Service(GenerationClient(channel), studio)
        await server.stop(1)


async def test_a_wish_becomes_a_clip_with_the_record_of_its_making(service: Service, tmp_path: Path) -> None:
    events = await service.events(replace(WISH, seed=101))

    made = events[-1]
    assert isinstance(made, GeneratedClip)
    assert (made.clip.frames, made.clip.picture, made.making.plan.seed) == (20, PICTURE, 101)
    assert made.making.plan.prompt == WISH.prompt
    assert events[0].frames == 20
    await service.studio.store.fetch(made.clip.video, tmp_path / "clip.mp4")
    assert len(probe.video(tmp_path / "clip.mp4").times) == 20


async def test_the_same_wish_is_answered_from_the_store(service: Service) -> None:
    first = await service.events(replace(WISH, seed=102))
    asked = len(service.studio.processes)

    second = await service.events(replace(WISH, seed=102))

    assert second == [first[0], first[-1]]
    assert len(service.studio.processes) == asked


async def test_who_comes_back_is_told_every_step_since(service: Service) -> None:
    wish = replace(WISH, seed=103)
    async with aclosing(service.watch(wish)) as watching:
        accepted = await anext(watching)
        seen = await anext(watching)

    events = await service.events(wish, after_sequence=seen.sequence)

    told = [event.sequence for event in events if isinstance(event, Progress)]
    assert events[0] == accepted
    assert told == list(range(seen.sequence + 1, seen.sequence + 1 + len(told)))
    assert len(told) > 6


async def test_a_cancelled_clip_stops_and_the_next_is_whole(service: Service) -> None:
    expected = (await service.events(replace(WISH, seed=104)))[-1].clip.video.sha256
    process = service.studio.processes[-1]

    with pytest.raises(Cancelled):
        async with aclosing(service.watch(replace(WISH, seed=105))) as watching:
            accepted = await anext(watching)
            async for event in watching:
                if isinstance(event, Progress) and event.step == "generate":
                    await service.client.cancel_footage(accepted.digest)
    await service.events(replace(WISH, seed=105))
    again = await service.studio.bytes_of(replace(WISH, seed=104))

    assert again == expected
    assert service.studio.processes[-1] == process


async def test_an_estimate_names_plan_and_memory_and_makes_nothing(service: Service) -> None:
    asked = len(service.studio.processes)

    report, frames = await service.client.estimate_footage(WISH, frames=20, picture=PICTURE)

    assert frames == 20
    assert report.plan is not None
    assert report.plan.model == "t2v-A14B"
    assert report.forecast is not None
    assert report.forecast.peak_bytes > 0
    assert report.blocking == ()
    assert len(service.studio.processes) == asked


async def test_what_it_can_do_is_told(service: Service) -> None:
    capability = (await service.client.get_capabilities())["diffusers"]

    assert isinstance(capability, Capability)
    assert {model.name: model.ready for model in capability.models} == {
        "t2v-A14B": True,
        "i2v-A14B": True,
        "ti2v-5B": True,
    }
    assert capability.device is not None


async def test_a_wish_the_mode_does_not_allow_is_refused_by_field(service: Service) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await service.events(replace(WISH, steps=500))

    assert [violation.field for violation in caught.value.violations] == ["steps"]
    assert caught.value.metadata["category"] == "INPUT_VALIDATION"


async def test_a_model_that_is_not_there_is_refused_with_those_that_are(service: Service) -> None:
    with pytest.raises(InvalidRequest, match="t2v-A14B, i2v-A14B, ti2v-5B") as caught:
        await service.events(replace(WISH, model="sora-99"))

    assert [violation.field for violation in caught.value.violations] == ["model"]


async def test_a_backend_that_is_not_there_is_refused_with_those_that_are(service: Service) -> None:
    with pytest.raises(UnknownBackend, match="there is diffusers") as caught:
        await service.events(backend="template")

    assert list(caught.value.suggestions[0].changes) == [Change("backend", "template", "diffusers")]


async def test_a_picture_that_fails_its_checks_comes_with_the_next_attempt(service: Service) -> None:
    service.studio.fault("denoise", "nan", times=1)

    with pytest.raises(GenerationFailed) as caught:
        await service.events(replace(WISH, seed=106))

    proposal = caught.value.proposal
    assert caught.value.metadata["category"] == "GENERATION_PIPELINE"
    assert proposal is not None
    retry = footage_pb2.Retry()
    assert proposal_to_proto(proposal).Unpack(retry)
    assert retry.category == category_pb2.CATEGORY_GENERATION_PIPELINE
    assert retry.values.ListFields()


async def test_a_damaged_model_is_named(service: Service, damaged: Any) -> None:
    damaged("i2v-A14B/model_index.json", lambda whole: None)
    image = await service.studio.image()

    with pytest.raises(ModelUnavailable, match=r"model_index\.json"):
        await service.events(Footage(image=image, seed=5))


async def test_a_generator_that_cannot_start_is_left_out_and_says_why(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYREEL_HOME", str(tmp_path / "home"))
    settings = GenerationSettings(device="cuda:77")
    lenient = room(settings, LocalStore(tmp_path / "store"), lenient=True)
    strict = Server([room(settings, LocalStore(tmp_path / "store"))], f"unix:{short}/s.sock")
    server = Server([lenient], f"unix:{short}/l.sock")

    with pytest.raises(Configuration, match="cuda:77"):
        await strict.start()
    await server.start()

    async with connect(server.bound) as channel:
        client = GenerationClient(channel)
        assert await client.get_capabilities() == {}
        with pytest.raises(Configuration, match="There is no device 'cuda:77'"):
            await client.estimate_footage(Footage("A fox."), frames=45, picture=PICTURE, backend="diffusers")
    await server.stop(1)


async def test_a_service_without_a_device_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYREEL_HOME", str(tmp_path / "home"))
    with tempfile.TemporaryDirectory(prefix="sr-") as short:
        server = Server([room(GenerationSettings(), LocalStore(tmp_path / "store"))], f"unix:{short}/n.sock")
        await server.start()

        async with connect(server.bound) as channel:
            client = GenerationClient(channel)
            assert await client.get_capabilities() == {}
            with pytest.raises(UnknownBackend, match="Nobody generates footage here") as caught:
                await client.estimate_footage(Footage("A fox."), frames=45, picture=PICTURE)
        await server.stop(1)

    assert "STORYREEL_GENERATION_DEVICE" in caught.value.suggestions[0].description
