"""GenerationService over a real socket: every error it documents."""

from __future__ import annotations

import os
import signal
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from services.artifacts.local import LocalStore
from services.cards.renderer import TemplateBackend
from services.chassis.channel import connect
from services.chassis.errors import (
    ArtifactCorrupt,
    ArtifactMissing,
    Change,
    ChildDied,
    Configuration,
    InvalidRequest,
    StoreFull,
    UnknownBackend,
)
from services.chassis.progress import Report
from services.chassis.server import MethodLimits, Room, Server
from services.generation.client import GenerationClient
from services.generation.clip import Shot
from services.generation.servicer import GenerationServicer, room
from services.generation.settings import GenerationSettings
from services.story import wire
from services.story.footage import Footage
from services.story.narration import Narration, Segment
from storyreel.generation.v1 import generation_service_pb2_grpc
from tests.contract.clips import LARGE, SMALL, Scene, scene, short, stored, timing

__all__ = ["scene", "short"]


class OnFullDisk(TemplateBackend):
    """The template, drawing where every write says that the disk is full."""

    async def make(
        self, shot: Shot, path: Path, report: Report, *, image: Path | None = None
    ) -> tuple[str, ...]:
        return await super().make(shot, Path("/dev/full"), report)


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
