"""CardService over a real socket: every error it documents."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from services.artifacts.store import Artifact
from services.cards.client import CardClient
from services.cards.renderer import CardRenderer
from services.cards.servicer import CardServicer
from services.chassis.channel import connect
from services.chassis.errors import ArtifactCorrupt, ArtifactMissing, ChildDied, InvalidRequest, StoreFull
from services.chassis.progress import Report
from services.chassis.server import MethodLimits, Room, Server
from services.story import wire
from services.story.look import Fonts, Logo, Look, builtin
from services.story.narration import Narration, Segment
from storyreel.cards.v1 import card_service_pb2_grpc, drawing_pb2
from tests.contract.cards import LARGE, Scene, scene, short, stored, timing

__all__ = ["scene", "short"]


class OnFullDisk(CardRenderer):
    """The renderer, drawing where every write says that the disk is full."""

    async def draw(self, task: bytes, report: Report) -> bytes:
        moved = drawing_pb2.DrawingTask.FromString(task)
        moved.path = "/dev/full"
        return await super().draw(moved.SerializeToString(), report)


async def test_a_missing_scene_is_said_so(scene: Scene) -> None:
    await scene.store.delete(scene.scene)

    with pytest.raises(ArtifactMissing):
        await scene.card()


async def test_an_artifact_that_is_no_scene_is_refused(scene: Scene) -> None:
    wrong = await scene.store.put_bytes(b"\xff\xff not a scene", media_type=wire.PROTOBUF)

    with pytest.raises(ArtifactCorrupt, match="Scene"):
        await scene.card(scene=wrong)


@pytest.mark.parametrize(("length", "lead"), [(6, 6), (6, 7), (1, 1)])
async def test_a_lead_as_long_as_the_clip_is_invalid(scene: Scene, length: int, lead: int) -> None:
    with pytest.raises(InvalidRequest, match="lead_frames"):
        await scene.card(frames=length, lead_frames=lead)


async def test_a_timing_of_another_text_is_invalid(scene: Scene) -> None:
    other = await stored(scene.store, timing(Narration("en", (Segment("Else", "title"),))))

    with pytest.raises(InvalidRequest) as caught:
        await scene.card(timing=other)

    assert [violation.field for violation in caught.value.violations] == ["spec.timing"]


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
    assert (await scene.card()).clip.frames == 45


METHODS = ("DrawCard", "CancelCard", "ListThemes")


async def test_a_full_disk_is_said_so(scene: Scene, short: Path, tmp_path: Path) -> None:
    renderer = OnFullDisk(children=1, threads=1, card_time=timedelta(minutes=1))
    servicer = CardServicer(renderer, scene.store, scratch=tmp_path / "scratch")
    add = partial(card_service_pb2_grpc.add_CardServiceServicer_to_server, servicer)
    limits = {name: MethodLimits(60, 1) for name in METHODS}
    name = "storyreel.cards.v1.CardService"
    server = Server([Room(name, add, limits, servicer.start, servicer.close)], f"unix:{short}/f.sock")
    await server.start()

    async with connect(server.bound) as channel:
        with pytest.raises(StoreFull, match="full"):
            await replace(scene, client=CardClient(channel)).card()

    await server.stop(1)
    assert list((tmp_path / "scratch").iterdir()) == []


def child() -> int:
    """The process that draws: the one of our own that runs the cards' worker."""
    for task in Path("/proc/self/task").iterdir():
        for number in (task / "children").read_text().split():
            if b"cards.worker" in Path(f"/proc/{number}/cmdline").read_bytes():
                return int(number)
    raise AssertionError("no process draws")


@pytest.mark.parametrize(
    ("look", "field"),
    [
        (lambda odd: replace(builtin(), fonts=Fonts(display=odd)), "spec.look.fonts.display"),
        (lambda odd: replace(builtin(), logo=Logo(odd)), "spec.look.logo.image"),
    ],
)
async def test_a_font_or_logo_that_cannot_be_read_is_named(
    scene: Scene, look: Callable[[Artifact], Look], field: str
) -> None:
    odd = await scene.store.put_bytes(b"neither a font nor an image", media_type="application/octet-stream")

    with pytest.raises(InvalidRequest) as caught:
        await scene.card(look=look(odd))

    assert [violation.field for violation in caught.value.violations] == [field]


async def test_a_font_that_is_too_large_is_not_even_opened(scene: Scene) -> None:
    large = Artifact.of("local", "a" * 64, size_bytes=21 << 20, media_type="font/ttf")

    with pytest.raises(InvalidRequest, match="font is too large"):
        await scene.card(look=replace(builtin(), fonts=Fonts(regular=large)))
