"""CardService over a real socket: what it draws, what is told of it, and what is reused."""

from __future__ import annotations

import asyncio
import io
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from services.artifacts import wire as artifacts
from services.artifacts.local import LocalStore
from services.cards.card import DrawnCard
from services.cards.client import CardClient
from services.cards.servicer import room
from services.cards.settings import CardSettings
from services.cards.typesetting.faces import FONTS
from services.chassis.channel import connect
from services.chassis.errors import Cancelled
from services.chassis.progress import Progress
from services.chassis.server import Server
from services.media.wire import picture_to_proto
from services.story import wire
from services.story.look import ACCENTS, THEMES, Fonts, Logo, builtin
from storyreel.cards.v1 import card_service_pb2, card_service_pb2_grpc
from tests.contract.cards import LARGE, NARRATION, SMALL, Scene, frames, scene, short

__all__ = ["scene", "short"]


async def test_a_scene_becomes_a_clip_of_exactly_its_frames(scene: Scene, tmp_path: Path) -> None:
    card = await scene.card()
    clip = card.clip

    assert (clip.frames, clip.picture, card.unshown) == (45, SMALL, ())
    assert clip.video.media_type == "video/mp4"
    found = frames(await scene.file(clip, tmp_path))
    assert [frame.time for frame in found] == [float(Fraction(n, 30)) for n in range(45)]
    assert found[0].key_frame
    assert {(f.width, f.height, f.format.name) for f in found} == {(320, 240, "yuv420p")}
    assert {(int(f.colorspace), int(f.color_range)) for f in found} == {(1, 1)}


async def test_the_stream_opens_with_the_digest_and_ends_with_the_clip(scene: Scene) -> None:
    events = await scene.events(frames=300, picture=LARGE)

    assert len(events[0]) == 64
    assert isinstance(events[-1], DrawnCard)
    told = [event for event in events if isinstance(event, Progress)]
    assert told
    assert {(p.step, p.total, p.unit) for p in told} == {("draw", 300, "frames")}
    assert [p.fraction for p in told] == sorted(p.fraction for p in told)


async def test_an_element_comes_in_when_it_is_spoken(scene: Scene, tmp_path: Path) -> None:
    clip = (await scene.card(frames=60, look=builtin("light", "orange"))).clip

    shown = [
        frame.to_ndarray(format="gray").astype(int) for frame in frames(await scene.file(clip, tmp_path))
    ]
    changes = [n for n in range(1, 60) if abs(shown[n] - shown[n - 1]).max() > 12]
    spoken = 6 + 3 * 30 // 4  # the fourth word, at four words a second, after the lead
    assert any(spoken <= n <= spoken + 3 for n in changes)


async def test_a_repeat_is_answered_from_the_store(scene: Scene) -> None:
    first = await scene.card()

    events = await scene.events()

    assert [type(event) for event in events] == [str, DrawnCard]
    assert events[-1] == first


async def test_defaults_written_out_are_the_same_request(scene: Scene) -> None:
    spec = card_service_pb2.CardSpec(
        scene=artifacts.to_proto(scene.scene),
        narration=wire.narration_to_proto(NARRATION),
        timing=artifacts.to_proto(scene.timing),
        frames=45,
        lead_frames=6,
        picture=picture_to_proto(SMALL),
    )
    explicit = await scene.events()

    stub = card_service_pb2_grpc.CardServiceStub(scene.channel)
    call = stub.DrawCard(card_service_pb2.DrawCardRequest(spec=spec))
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
    assert isinstance(again[1], DrawnCard) or again[1].sequence == seen[1].sequence + 1
    assert isinstance(again[-1], DrawnCard)


async def test_what_a_watcher_wishes_for_itself_makes_no_other_clip(scene: Scene) -> None:
    first = await scene.events()
    second = await scene.events(keep_running=timedelta(minutes=5), after_sequence=3)

    assert first[0] == second[0]
    assert first[-1] == second[-1]


async def test_the_built_in_themes_are_listed_as_looks_that_can_be_drawn(scene: Scene) -> None:
    themes = await scene.client.list_themes()

    assert set(themes) == {(theme, accent) for theme in THEMES for accent in ACCENTS}
    assert themes["light", "pink"] == builtin("light", "pink")
    light = await scene.card(look=themes["light", "pink"])
    assert light != await scene.card(look=themes["dark", "pink"])


async def test_two_watchers_see_one_work(scene: Scene) -> None:
    first, second = await asyncio.gather(scene.events(frames=120), scene.events(frames=120))

    assert first[0] == second[0]
    assert first[-1] == second[-1]


async def test_a_cancel_stops_the_work_and_the_next_call_works(scene: Scene) -> None:
    watching = asyncio.create_task(scene.events(frames=200_000, picture=LARGE))
    async with aclosing(scene.watch(frames=200_000, picture=LARGE)) as events:
        digest = await anext(events)
        await anext(events)

        await scene.client.cancel_card(digest)

    with pytest.raises(Cancelled):
        await watching
    assert list((scene.home / "scratch").iterdir()) == []
    assert (await scene.card()).clip.frames == 45


async def test_cancelling_what_nobody_draws_is_fine(scene: Scene) -> None:
    await scene.client.cancel_card("0" * 64)

    assert (await scene.card()).clip.frames == 45


async def test_a_sparse_clip_made_constant_has_exactly_its_frames(scene: Scene, tmp_path: Path) -> None:
    clip = (await scene.card(frames=200, frame_timing="sparse")).clip

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
    first = await scene.card()
    store = LocalStore(tmp_path / "other")
    for artifact in (scene.scene, scene.timing):
        await store.put_bytes(await scene.store.read(artifact), media_type=artifact.media_type)

    server = Server([room(CardSettings(children=2), store)], f"unix:{short}/h.sock")
    await server.start()
    async with connect(server.bound) as channel:
        other = Scene(CardClient(channel), store, scene.home, channel, scene.scene, scene.timing)
        second = await other.card()
    await server.stop(1)

    assert second == first


async def test_a_look_of_ones_own_has_its_colours_its_fonts_and_its_logo(
    scene: Scene, tmp_path: Path
) -> None:
    mono = await scene.store.put_file(FONTS / "JetBrainsMono-Bold.ttf", media_type="font/ttf")
    image = io.BytesIO()
    Image.new("RGBA", (200, 50), (255, 0, 0, 255)).save(image, "PNG")
    logo = await scene.store.put_bytes(image.getvalue(), media_type="image/png")
    plain = builtin("light", "green")

    shown = {}
    for name, look in {
        "plain": plain,
        "ground": replace(plain, palette=replace(plain.palette, ground_from="#ffe0e0")),
        "font": replace(plain, fonts=Fonts(display=mono)),
        "logo": replace(plain, logo=Logo(logo)),
        "logo at the start": replace(plain, logo=Logo(logo, "top_start")),
    }.items():
        card = await scene.card(look=look)
        assert card.unshown == ()
        shown[name] = frames(await scene.file(card.clip, tmp_path))[-1].to_ndarray(format="rgb24")

    red = {name: (pixels[..., 0] > 200) & (pixels[..., 1] < 60) for name, pixels in shown.items()}
    assert len({pixels.tobytes() for pixels in shown.values()}) == len(shown)
    assert not red["plain"].any()
    assert red["logo"][:40, 160:].any()
    assert not red["logo"][:, :160].any()
    assert red["logo at the start"][:40, :160].any()
