"""A stored scene, and the service that draws it over a real socket."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import grpc
import pytest

from services.artifacts.local import LocalStore
from services.artifacts.store import Artifact, Store
from services.cards.card import DrawnCard
from services.cards.client import CardClient
from services.cards.servicer import room
from services.cards.settings import CardSettings
from services.chassis.channel import connect
from services.chassis.server import Server
from services.media.clip import Clip, Picture
from services.media.clock import Rate
from services.story import wire
from services.story.narration import Narration, Segment, SpeechTiming, Word, WordSource
from services.story.scene import TitleCard
from services.story.text import Text

SMALL = Picture(320, 240, Rate(30))
LARGE = Picture(1920, 1080, Rate(30))
NARRATION = Narration("en", (Segment("Clips are made", "title"), Segment("one by one", "subtitle")))


@dataclass
class Scene:
    """A stored scene with its timing, and the service that draws it."""

    client: CardClient
    store: Store
    home: Path
    channel: grpc.aio.Channel
    scene: Artifact
    timing: Artifact

    def watch(self, **other: Any) -> Any:
        """Ask for a card of 45 frames, unless said otherwise."""
        request = {
            "scene": self.scene,
            "narration": NARRATION,
            "timing": self.timing,
            "frames": 45,
            "lead_frames": 6,
            "picture": SMALL,
        }
        request |= other
        return self.client.draw_card(request.pop("scene"), **request)

    async def card(self, **other: Any) -> DrawnCard:
        """The card at the end of the stream."""
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
    card = wire.encode(wire.scene_to_proto(TitleCard(Text("Clips are made"), Text("one by one"))))
    server = Server([room(CardSettings(children=1), store)], f"unix:{short}/g.sock")
    await server.start()
    async with connect(server.bound) as channel:
        yield Scene(
            CardClient(channel),
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
