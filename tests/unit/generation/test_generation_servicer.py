"""The service keeps what a generator makes, and leaves nothing behind; what ends early has a last frame."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import grpc
import pytest

from services.artifacts.local import LocalStore
from services.chassis.channel import connect
from services.chassis.errors import ArtifactMissing, InvalidRequest, StoryreelError
from services.chassis.progress import Report
from services.chassis.server import MethodLimits, Room, Server
from services.generation.client import Accepted, GenerationClient
from services.generation.clip import Capability, GeneratedClip, Shot, last_frame_path
from services.generation.footage.links import frames_of_link
from services.generation.footage.native import plan
from services.generation.footage.plan import Making
from services.generation.footage.plan import Report as Preflight
from services.generation.servicer import GenerationServicer
from services.media.clip import Picture
from services.media.clock import Rate
from services.story.footage import Footage
from storyreel.generation.v1 import generation_service_pb2_grpc

WISH = Footage(prompt="A lake at dawn", seed=7)
PICTURE = Picture(320, 240, Rate(30))
LINK = frames_of_link(WISH, frames=900, rate=PICTURE.rate)


@dataclass
class Scribe:
    """A generator that makes clips by writing its name, and remembers what it was asked for."""

    name: str = "scribe"
    chains: bool = True
    error: StoryreelError | None = None
    asked: list[tuple[Footage, Shot]] = field(default_factory=list)

    async def start(self) -> str:
        return "scribe 1"

    async def make(self, shot: Shot, footage: Footage, path: Path, report: Report) -> Making:
        self.asked.append((footage, shot))
        path.write_text(self.name)
        last_frame_path(path).write_text("frame")
        if self.error is not None:
            raise self.error
        return Making(plan(footage, frames=shot.frames, rate=shot.picture.rate)[0])

    async def estimate(self, footage: Footage, *, frames: int, picture: Picture) -> Preflight:
        return Preflight(plan(footage, frames=frames, rate=picture.rate)[0])

    async def capability(self) -> Capability:
        return Capability()

    async def close(self) -> None:
        pass


@pytest.fixture
def scribe() -> Scribe:
    return Scribe()


@pytest.fixture
async def client(scribe: Scribe, store: LocalStore, tmp_path: Path) -> AsyncIterator[GenerationClient]:
    """A client of a real server around the generator."""
    async with serving(scribe, store, tmp_path) as channel:
        yield GenerationClient(channel)


@asynccontextmanager
async def serving(scribe: Scribe, store: LocalStore, folder: Path) -> AsyncIterator[grpc.aio.Channel]:
    servicer = GenerationServicer([scribe], store, scratch=folder / "scratch")
    room = Room(
        service="storyreel.generation.v1.GenerationService",
        add=partial(generation_service_pb2_grpc.add_GenerationServiceServicer_to_server, servicer),
        limits=dict.fromkeys(
            ("GenerateFootage", "CancelFootage", "EstimateFootage", "GetCapabilities"), MethodLimits(60, 4)
        ),
        start=servicer.start,
        close=servicer.close,
    )
    server = Server([room], "127.0.0.1:0")
    await server.start()
    async with connect(server.bound) as channel:
        yield channel
    await server.stop(0)


async def made(
    client: GenerationClient, wish: Footage = WISH, *, frames: int = 30, may_end_early: bool = False
) -> tuple[Accepted, GeneratedClip]:
    events = client.generate_footage(wish, frames=frames, picture=PICTURE, may_end_early=may_end_early)
    async with aclosing(events):
        told = [event async for event in events]
    first, last = told[0], told[-1]
    assert isinstance(first, Accepted)
    assert isinstance(last, GeneratedClip)
    return first, last


async def test_the_file_is_stored_and_the_scratch_folder_gone(
    client: GenerationClient, store: LocalStore, tmp_path: Path
) -> None:
    _, footage = await made(client)

    assert await store.read(footage.clip.video) == b"scribe"
    assert (footage.clip.video.media_type, footage.clip.frames) == ("video/mp4", 30)
    assert footage.clip.picture == PICTURE
    assert footage.last_frame is None
    assert list((tmp_path / "scratch").iterdir()) == []


async def test_a_failure_leaves_nothing_behind(
    client: GenerationClient, scribe: Scribe, tmp_path: Path
) -> None:
    scribe.error = ArtifactMissing("Not there.")

    with pytest.raises(ArtifactMissing):
        await made(client)

    assert list((tmp_path / "scratch").iterdir()) == []


async def test_the_last_frame_of_a_clip_that_ends_early_is_stored_as_an_image(
    client: GenerationClient, scribe: Scribe, store: LocalStore
) -> None:
    image = await store.put_bytes(b"an end", media_type="image/png")
    wish = Footage(image=image, last_image=image, seed=7)

    accepted, early = await made(client, wish, frames=900, may_end_early=True)

    footage, shot = scribe.asked[0]
    assert early.last_frame is not None
    assert await store.read(early.last_frame) == b"frame"
    assert early.last_frame.media_type == "image/png"
    assert accepted.frames == early.clip.frames == shot.frames < 900
    assert shot.ends_early
    assert footage.last_image is None


@pytest.mark.parametrize(
    ("frames", "may_end_early", "chains"), [(900, False, True), (900, True, False), (LINK, True, True)]
)
async def test_a_clip_that_does_not_end_early_is_as_long_as_was_asked_for(
    client: GenerationClient, scribe: Scribe, frames: int, may_end_early: bool, chains: bool
) -> None:
    scribe.chains = chains

    accepted, whole = await made(client, frames=frames, may_end_early=may_end_early)

    assert accepted.frames == whole.clip.frames == frames
    assert whole.last_frame is None
    assert not scribe.asked[0][1].ends_early


async def test_an_estimate_tells_how_long_the_clip_would_be_and_makes_nothing(
    client: GenerationClient, scribe: Scribe
) -> None:
    report, frames = await client.estimate_footage(WISH, frames=900, picture=PICTURE, may_end_early=True)

    assert frames == LINK
    assert report.plan is not None
    assert scribe.asked == []


async def test_a_clip_of_no_frames_breaks_the_contract(client: GenerationClient) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await made(client, frames=0)

    assert [violation.field for violation in caught.value.violations] == ["spec.frames"]
