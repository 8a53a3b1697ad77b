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

from services.artifacts.store import Artifact
from services.chassis.channel import connect
from services.chassis.errors import Cancelled, GenerationFailed, InvalidRequest, ModelUnavailable
from services.chassis.progress import Progress
from services.chassis.server import MethodLimits, Room, Server
from services.generation.client import GenerationClient
from services.generation.clip import Capability, Clip
from services.generation.servicer import GenerationServicer
from services.generation.wan.backend import DiffusersBackend
from services.media import probe
from services.story import wire
from services.story.footage import Footage
from services.story.narration import Narration, Segment, SpeechTiming
from services.story.scene import TitleCard
from services.story.text import Text
from storyreel.generation.v1 import generation_service_pb2_grpc
from tests.unit.generation.wan.conftest import (
    PICTURE,
    WISH,
    Studio,
    damaged,
    started,
    studio,
    tiny_models,
)

__all__ = ["damaged", "started", "studio", "tiny_models"]

pytestmark = pytest.mark.asyncio(loop_scope="session")

METHODS = ("GenerateClip", "CancelClip", "EstimateClip", "GetCapabilities")
NARRATION = Narration("en", (Segment("Hello", "title"),))


class Kept(DiffusersBackend):
    """The backend of all tests, which outlives the service of one."""

    def __init__(self, backend: DiffusersBackend) -> None:
        self.__dict__ = backend.__dict__

    async def close(self) -> None:
        """Leave it to the others."""


@dataclass
class Service:
    """A client of a service with tiny models, and a stored scene."""

    client: GenerationClient
    studio: Studio
    scene: Artifact
    timing: Artifact

    def watch(self, footage: Footage | None = WISH, **other: Any) -> Any:
        """Ask for a clip of 20 frames, unless said otherwise."""
        request = {
            "narration": NARRATION,
            "timing": self.timing,
            "frames": 20,
            "lead_frames": 0,
            "picture": PICTURE,
            "backend": "diffusers",
            "footage": footage,
        }
        return self.client.generate_clip(self.scene, **(request | other))

    async def events(self, footage: Footage | None = WISH, **other: Any) -> list[Any]:
        """All that the stream brings."""
        return [event async for event in self.watch(footage, **other)]


@pytest_asyncio.fixture(loop_scope="session")
async def service(studio: Studio, tmp_path: Path) -> AsyncIterator[Service]:
    servicer = GenerationServicer(
        [], studio.store, scratch=tmp_path / "scratch", generators=[Kept(studio.backend)]
    )
    add = partial(generation_service_pb2_grpc.add_GenerationServiceServicer_to_server, servicer)
    limits = {name: MethodLimits(120, 8) for name in METHODS}
    name = "storyreel.generation.v1.GenerationService"
    with tempfile.TemporaryDirectory(prefix="sr-") as folder:
        server = Server([Room(name, add, limits, servicer.start, servicer.close)], f"unix:{folder}/f.sock")
        await server.start()
        card = wire.encode(wire.scene_to_proto(TitleCard(Text("Hello"))))
        timing = wire.encode(wire.timing_to_proto(SpeechTiming("Hello", ())))
        async with connect(server.bound) as channel:
            yield Service(
                GenerationClient(channel),
                studio,
                await studio.store.put_bytes(card, media_type=wire.PROTOBUF),
                await studio.store.put_bytes(timing, media_type=wire.PROTOBUF),
            )
        await server.stop(1)


async def test_a_wish_becomes_a_clip_with_the_record_of_its_making(service: Service, tmp_path: Path) -> None:
    events = await service.events(replace(WISH, seed=101))

    clip = events[-1]
    assert isinstance(clip, Clip)
    assert clip.making is not None
    assert (clip.frames, clip.picture, clip.making.plan.seed) == (20, PICTURE, 101)
    assert clip.making.plan.prompt == WISH.prompt
    await service.studio.store.fetch(clip.video, tmp_path / "clip.mp4")
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
        digest = await anext(watching)
        seen = await anext(watching)

    events = await service.events(wish, after_sequence=seen.sequence)

    told = [event.sequence for event in events if isinstance(event, Progress)]
    assert events[0] == digest
    assert told == list(range(seen.sequence + 1, seen.sequence + 1 + len(told)))
    assert len(told) > 6


async def test_a_cancelled_clip_stops_and_the_next_is_whole(service: Service) -> None:
    expected = (await service.events(replace(WISH, seed=104)))[-1].video.sha256
    process = service.studio.processes[-1]

    with pytest.raises(Cancelled):
        async with aclosing(service.watch(replace(WISH, seed=105))) as watching:
            digest = await anext(watching)
            async for event in watching:
                if isinstance(event, Progress) and event.step == "generate":
                    await service.client.cancel_clip(str(digest))
    await service.events(replace(WISH, seed=105))
    again = await service.studio.bytes_of(replace(WISH, seed=104))

    assert again == expected
    assert service.studio.processes[-1] == process


async def test_an_estimate_names_plan_and_memory_and_makes_nothing(service: Service) -> None:
    asked = len(service.studio.processes)

    report, frames = await service.client.estimate_clip(WISH, frames=20, picture=PICTURE)

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


async def test_no_wish_at_all_is_refused(service: Service) -> None:
    with pytest.raises(InvalidRequest, match="was not told what is to be seen"):
        await service.events(None)


async def test_a_picture_that_fails_its_checks_comes_with_the_next_attempt(service: Service) -> None:
    service.studio.fault("denoise", "nan", times=1)

    with pytest.raises(GenerationFailed) as caught:
        await service.events(replace(WISH, seed=106))

    assert caught.value.metadata["category"] == "GENERATION_PIPELINE"
    assert caught.value.suggestions[0].changes


async def test_a_damaged_model_is_named(service: Service, damaged: Any) -> None:
    damaged("i2v-A14B/model_index.json", lambda whole: None)
    image = await service.studio.image()

    with pytest.raises(ModelUnavailable, match=r"model_index\.json"):
        await service.events(Footage(image=image, seed=5))
