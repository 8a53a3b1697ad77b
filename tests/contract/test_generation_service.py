"""GenerationService over a real socket: what it makes, what is reused, and every error it documents."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import grpc
import pytest

from services.artifacts import wire as artifacts
from services.artifacts.local import LocalStore
from services.artifacts.store import Artifact, Store
from services.chassis.channel import connect
from services.chassis.errors import (
    ArtifactCorrupt,
    ArtifactMissing,
    Cancelled,
    Change,
    ChildDied,
    Configuration,
    InvalidRequest,
    StoreFull,
    UnknownBackend,
)
from services.chassis.progress import Progress, Report
from services.chassis.server import MethodLimits, Room, Server
from services.generation import wire as generation
from services.generation.backends.template.backend import TemplateBackend
from services.generation.client import GenerationClient
from services.generation.clip import Clip, Look, Picture, Shot
from services.generation.servicer import GenerationServicer, room
from services.generation.settings import GenerationSettings
from services.media.clock import Rate
from services.story import wire
from services.story.footage import Footage
from services.story.narration import Narration, Segment, SpeechTiming, Word, WordSource
from services.story.scene import TitleCard
from storyreel.generation.v1 import generation_service_pb2, generation_service_pb2_grpc

SMALL = Picture(320, 240, Rate(30))
LARGE = Picture(1920, 1080, Rate(30))
NARRATION = Narration("en", (Segment("Clips are made", "title"), Segment("one by one", "subtitle")))


class OnFullDisk(TemplateBackend):
    """The template, drawing where every write says that the disk is full."""

    async def make(self, shot: Shot, path: Path, report: Report) -> tuple[str, ...]:
        return await super().make(shot, Path("/dev/full"), report)


@dataclass
class Scene:
    """A stored scene with its timing, and the service that makes clips of it."""

    client: GenerationClient
    store: Store
    home: Path
    channel: grpc.aio.Channel
    scene: Artifact
    timing: Artifact

    def watch(self, **other: Any) -> Any:
        """Ask for a clip of 45 frames, unless said otherwise."""
        request = {
            "scene": self.scene,
            "narration": NARRATION,
            "timing": self.timing,
            "frames": 45,
            "lead_frames": 6,
            "picture": SMALL,
        }
        request |= other
        return self.client.generate_clip(request.pop("scene"), **request)

    async def clip(self, **other: Any) -> Clip:
        """The clip at the end of the stream."""
        return (await self.events(**other))[-1]

    async def events(self, **other: Any) -> list[Any]:
        """All that the stream brings."""
        return [event async for event in self.watch(**other)]

    async def file(self, clip: Clip, tmp_path: Path) -> Path:
        """The clip's file."""
        path = tmp_path / f"{clip.video.sha256}.mp4"
        if not path.exists():
            await self.store.fetch(clip.video, path)
        return path


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a path that is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="sr-") as folder:
        yield Path(folder)


@pytest.fixture
async def scene(short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setenv("STORYREEL_HOME", str(tmp_path / "home"))
    store = LocalStore(tmp_path / "store")
    card = wire.encode(wire.scene_to_proto(TitleCard("Clips are made", "one by one")))
    server = Server([room(GenerationSettings(children=1), store)], f"unix:{short}/g.sock")
    await server.start()
    async with connect(server.bound) as channel:
        yield Scene(
            GenerationClient(channel),
            store,
            tmp_path / "home",
            channel,
            await store.put_bytes(card, media_type=wire.PROTOBUF),
            await stored(store, timing(NARRATION)),
        )
    await server.stop(1)


def timing(narration: Narration) -> SpeechTiming:
    """The narration at four words a second."""
    words, start = [], 0
    for n, text in enumerate(narration.text.split(" ")):
        words.append(Word(text, start, start + len(text), n * 12_000, n * 12_000 + 9_000, WordSource.EVENT))
        start += len(text) + 1
    return SpeechTiming(narration.text, tuple(words))


async def stored(store: Store, value: SpeechTiming) -> Artifact:
    return await store.put_bytes(wire.encode(wire.timing_to_proto(value)), media_type=wire.PROTOBUF)


def frames(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as file:
        return list(file.decode(video=0))


async def test_a_scene_becomes_a_clip_of_exactly_its_frames(scene: Scene, tmp_path: Path) -> None:
    clip = await scene.clip()

    assert (clip.frames, clip.picture, clip.unshown) == (45, SMALL, ())
    assert clip.video.media_type == "video/mp4"
    found = frames(await scene.file(clip, tmp_path))
    assert [frame.time for frame in found] == [float(Fraction(n, 30)) for n in range(45)]
    assert found[0].key_frame
    assert {(f.width, f.height, f.format.name) for f in found} == {(320, 240, "yuv420p")}
    assert {(int(f.colorspace), int(f.color_range)) for f in found} == {(1, 1)}


async def test_the_stream_opens_with_the_digest_and_ends_with_the_clip(scene: Scene) -> None:
    events = await scene.events(frames=300, picture=LARGE)

    assert len(events[0]) == 64
    assert isinstance(events[-1], Clip)
    told = [event for event in events if isinstance(event, Progress)]
    assert told
    assert {(p.step, p.total, p.unit) for p in told} == {("draw", 300, "frames")}
    assert [p.fraction for p in told] == sorted(p.fraction for p in told)


async def test_an_element_comes_in_when_it_is_spoken(scene: Scene, tmp_path: Path) -> None:
    clip = await scene.clip(frames=60, look=Look("light", "orange"))

    shown = [
        frame.to_ndarray(format="gray").astype(int) for frame in frames(await scene.file(clip, tmp_path))
    ]
    changes = [n for n in range(1, 60) if abs(shown[n] - shown[n - 1]).max() > 12]
    spoken = 6 + 3 * 30 // 4  # the fourth word, at four words a second, after the lead
    assert any(spoken <= n <= spoken + 3 for n in changes)


async def test_a_repeat_is_answered_from_the_store(scene: Scene) -> None:
    first = await scene.clip()

    events = await scene.events()

    assert [type(event) for event in events] == [str, Clip]
    assert events[-1] == first


async def test_defaults_written_out_are_the_same_request(scene: Scene) -> None:
    message = generation_service_pb2.GenerateClipRequest(
        scene=artifacts.to_proto(scene.scene),
        narration=wire.narration_to_proto(NARRATION),
        timing=artifacts.to_proto(scene.timing),
        frames=45,
        lead_frames=6,
        picture=generation.picture_to_proto(SMALL),
    )
    explicit = await scene.events()

    stub = generation_service_pb2_grpc.GenerationServiceStub(scene.channel)
    call = stub.GenerateClip(message)
    events = [event async for event in call]

    assert events[0].accepted.digest == explicit[0]
    assert ("storyreel-reused", "1") in [tuple(pair) for pair in await call.trailing_metadata()]


async def test_who_comes_back_is_told_what_was_missed(scene: Scene) -> None:
    everything = await scene.events(frames=300, picture=LARGE)
    told = [event for event in everything if isinstance(event, Progress)]

    async with aclosing(scene.watch(frames=301, picture=LARGE)) as first:
        digest = await anext(first)
        seen = [await anext(first) for _ in range(3)]
    again = await scene.events(frames=301, picture=LARGE, after_sequence=seen[1].sequence)

    assert [event.sequence for event in told] == sorted({event.sequence for event in told})
    assert again[0] == digest
    assert isinstance(again[1], Clip) or again[1].sequence == seen[1].sequence + 1
    assert isinstance(again[-1], Clip)


async def test_what_a_watcher_wishes_for_itself_makes_no_other_clip(scene: Scene) -> None:
    first = await scene.events()
    second = await scene.events(keep_running=timedelta(minutes=5), after_sequence=3)

    assert first[0] == second[0]
    assert first[-1] == second[-1]


async def test_a_service_that_only_draws_says_so_and_estimates_nothing(scene: Scene) -> None:
    capabilities = await scene.client.get_capabilities()

    assert capabilities == {"template": None}
    with pytest.raises(UnknownBackend, match="none of this kind"):
        await scene.client.estimate_clip(Footage("A fox."), frames=45, picture=SMALL)


async def test_two_watchers_see_one_work(scene: Scene) -> None:
    first, second = await asyncio.gather(scene.events(frames=120), scene.events(frames=120))

    assert first[0] == second[0]
    assert first[-1] == second[-1]


async def test_a_cancel_stops_the_work_and_the_next_call_works(scene: Scene) -> None:
    watching = asyncio.create_task(scene.events(frames=200_000, picture=LARGE))
    async with aclosing(scene.watch(frames=200_000, picture=LARGE)) as events:
        digest = await anext(events)
        await anext(events)

        await scene.client.cancel_clip(digest)

    with pytest.raises(Cancelled):
        await watching
    assert list((scene.home / "scratch").iterdir()) == []
    assert (await scene.clip()).frames == 45


async def test_cancelling_what_nobody_makes_is_no_error(scene: Scene) -> None:
    await scene.client.cancel_clip("0" * 64)

    assert (await scene.clip()).frames == 45


async def test_an_unknown_backend_says_which_there_are(scene: Scene) -> None:
    with pytest.raises(UnknownBackend) as caught:
        await scene.clip(backend="diffusers")

    assert "template" in str(caught.value)
    assert list(caught.value.suggestions[0].changes) == [Change("backend", "diffusers", "template")]


async def test_a_missing_scene_is_said_so(scene: Scene) -> None:
    await scene.store.delete(scene.scene)

    with pytest.raises(ArtifactMissing):
        await scene.clip()


async def test_an_artifact_that_is_no_scene_is_refused(scene: Scene) -> None:
    wrong = await scene.store.put_bytes(b"\xff\xff not a scene", media_type=wire.PROTOBUF)

    with pytest.raises(ArtifactCorrupt, match="Scene"):
        await scene.clip(scene=wrong)


@pytest.mark.parametrize(("length", "lead"), [(6, 6), (6, 7), (1, 1)])
async def test_a_lead_as_long_as_the_clip_is_invalid(scene: Scene, length: int, lead: int) -> None:
    with pytest.raises(InvalidRequest, match="lead_frames"):
        await scene.clip(frames=length, lead_frames=lead)


async def test_a_timing_of_another_text_is_invalid(scene: Scene) -> None:
    other = await stored(scene.store, timing(Narration("en", (Segment("Else", "title"),))))

    with pytest.raises(InvalidRequest) as caught:
        await scene.clip(timing=other)

    assert [violation.field for violation in caught.value.violations] == ["timing"]


async def test_a_child_that_dies_is_named_with_the_scene_and_replaced(scene: Scene) -> None:
    async with aclosing(scene.watch(frames=200_000, picture=LARGE)) as events:
        await anext(events)
        await anext(events)

        os.kill(child(), signal.SIGKILL)

        with pytest.raises(ChildDied) as caught:
            async for _ in events:
                pass

    assert caught.value.metadata == {"exit": "SIGKILL", "scene_type": "title"}
    assert list((scene.home / "scratch").iterdir()) == []
    assert (await scene.clip()).frames == 45


METHODS = ("GenerateClip", "CancelClip", "EstimateClip", "GetCapabilities")


async def test_a_full_disk_is_said_so(scene: Scene, short: Path, tmp_path: Path) -> None:
    backend = OnFullDisk(children=1, threads=1, clip_time=timedelta(minutes=1))
    servicer = GenerationServicer([backend], scene.store, scratch=tmp_path / "scratch")
    add = partial(generation_service_pb2_grpc.add_GenerationServiceServicer_to_server, servicer)
    limits = {name: MethodLimits(60, 1) for name in METHODS}
    name = "storyreel.generation.v1.GenerationService"
    server = Server([Room(name, add, limits, servicer.start, servicer.close)], f"unix:{short}/f.sock")
    await server.start()

    async with connect(server.bound) as channel:
        with pytest.raises(StoreFull, match="full"):
            await replace(scene, client=GenerationClient(channel)).clip()

    await server.stop(1)
    assert list((tmp_path / "scratch").iterdir()) == []


async def test_a_sparse_clip_made_constant_has_exactly_its_frames(scene: Scene, tmp_path: Path) -> None:
    clip = await scene.clip(frames=200, look=Look(timing="sparse"))

    path = await scene.file(clip, tmp_path)
    assert clip.frames == 200
    with av.open(str(path)) as file:
        video = file.streams.video[0]
        assert video.duration is not None
        assert video.duration * video.time_base == Fraction(200, 30)
        times = [frame.pts * frame.time_base * 30 for frame in file.decode(video)]
    assert all(time.denominator == 1 for time in times)
    assert times[0] == 0
    assert times[-1] == 199
    assert len(times) < 150


async def test_the_same_request_gives_the_same_bytes_in_another_store(
    scene: Scene, short: Path, tmp_path: Path
) -> None:
    first = await scene.clip()
    store = LocalStore(tmp_path / "other")
    for artifact in (scene.scene, scene.timing):
        await store.put_bytes(await scene.store.read(artifact), media_type=artifact.media_type)

    server = Server([room(GenerationSettings(children=2), store)], f"unix:{short}/h.sock")
    await server.start()
    async with connect(server.bound) as channel:
        other = Scene(GenerationClient(channel), store, scene.home, channel, scene.scene, scene.timing)
        second = await other.clip()
    await server.stop(1)

    assert second == first


def child() -> int:
    """The process that draws: the one of our own that runs the template's worker."""
    for task in Path("/proc/self/task").iterdir():
        for number in (task / "children").read_text().split():
            if b"template.worker" in Path(f"/proc/{number}/cmdline").read_bytes():
                return int(number)
    raise AssertionError("no process draws")


async def test_a_generator_that_cannot_start_is_left_out_and_says_why(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYREEL_HOME", str(tmp_path / "home"))
    settings = GenerationSettings(children=1, device="cuda:77")
    lenient = room(settings, LocalStore(tmp_path / "store"), lenient=True)
    strict = Server([room(settings, LocalStore(tmp_path / "store"))], f"unix:{short}/s.sock")
    server = Server([lenient], f"unix:{short}/l.sock")

    with pytest.raises(Configuration, match="cuda:77"):
        await strict.start()
    await server.start()

    async with connect(server.bound) as channel:
        client = GenerationClient(channel)
        assert await client.get_capabilities() == {"template": None}
        with pytest.raises(Configuration, match="There is no device 'cuda:77'"):
            await client.estimate_clip(Footage("A fox."), frames=45, picture=SMALL, backend="diffusers")
    await server.stop(1)
