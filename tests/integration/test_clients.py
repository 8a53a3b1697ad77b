"""The services that every video needs over TCP, each through its own client: an example to start from."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from typing import TypeVar

import pytest

from services.artifacts import wire
from services.artifacts.local import LocalStore
from services.artifacts.store import Store
from services.cards import servicer as cards
from services.cards.client import CardClient
from services.cards.settings import CardSettings
from services.chassis.channel import connect
from services.chassis.errors import UnknownVoice
from services.chassis.progress import Progress
from services.chassis.server import Server
from services.chassis.settings import load
from services.media import clock
from services.media.clip import Picture
from services.media.wire import clip_to_proto, picture_to_proto
from services.muxing import servicer as muxing
from services.muxing.client import MuxingClient
from services.muxing.settings import MuxingSettings
from services.muxing.video import Video
from services.muxing.wire import sound_to_proto
from services.parsing import servicer as parsing
from services.parsing.client import ParsingClient
from services.parsing.settings import ParsingSettings
from services.script import servicer as script
from services.script.client import ScriptClient
from services.script.settings import ScriptSettings
from services.story.wire import PROTOBUF, encode
from services.tts import servicer as tts
from services.tts.client import StoredSpeech, TtsClient
from services.tts.settings import TtsSettings
from services.tts.wire import voice_to_proto
from storyreel.muxing.v1 import timeline_pb2
from storyreel.tts.v1 import speech_pb2

T = TypeVar("T")

PICTURE = Picture(1280, 720, clock.Rate(30))
LEAD = clock.lead_frames(PICTURE.rate)


async def make_video(document: bytes, store: Store, services: list[str]) -> Video:
    """A document's video, stage after stage; `services` are the addresses in the order of the stages."""
    async with AsyncExitStack() as stack:
        channels = [await stack.enter_async_context(connect(address)) for address in services]
        parser, writer = ParsingClient(channels[0]), ScriptClient(channels[1])
        speaker, artist = TtsClient(channels[2]), CardClient(channels[3])
        editor = MuxingClient(channels[4])

        source = await store.put_bytes(document, media_type="text/markdown")
        parsed = await parser.parse_document(source, name="example.md")
        voice = (await speaker.choose_voice("female", language="en")).voice
        heard = timeline_pb2.SoundPlan(rate_numerator=30, rate_denominator=1)
        seen = timeline_pb2.MuxPlan(title=parsed.title, language="en", picture=picture_to_proto(PICTURE))
        for scene in parsed.scenes:
            narration = (await writer.write_narration(scene.scene, language="en")).narration
            speech = await speaker.synthesize(narration.text, voice=voice)
            frames = clock.scene_frames(speech.samples, PICTURE.rate)
            drawing = artist.draw_card(
                scene.scene,
                narration=narration,
                timing=speech.timing,
                frames=frames,
                lead_frames=LEAD,
                picture=PICTURE,
            )
            said = speech_to_proto(speech)
            heard.scenes.add(speech=said, frames=frames, lead_frames=LEAD)
            card = await result(drawing)
            seen.scenes.add(clip=clip_to_proto(card.clip), speech=said, lead_frames=LEAD)

        plan = await store.put_bytes(encode(heard), media_type=PROTOBUF)
        seen.sound.CopyFrom(sound_to_proto(await result(editor.master_sound(plan))))
        plan = await store.put_bytes(encode(seen), media_type=PROTOBUF)
        return await result(editor.mux_video(plan))


async def result(events: AsyncGenerator[str | Progress | T, None]) -> T:
    """What a long call makes; before it come the work's digest, to cancel it by, and its progress."""
    async with aclosing(events):
        async for event in events:
            if not isinstance(event, str | Progress):
                return event
    raise AssertionError("a long call ends with its result or an error")


def speech_to_proto(speech: StoredSpeech) -> speech_pb2.Speech:
    """A voice as a plan names it."""
    return speech_pb2.Speech(
        audio=wire.to_proto(speech.audio),
        timing=wire.to_proto(speech.timing),
        samples=speech.samples,
        voice=voice_to_proto(speech.voice),
    )


@pytest.fixture
async def services(store: LocalStore) -> AsyncIterator[list[str]]:
    """The five services on TCP, as `python -m services.<stage>` serves them; their addresses."""
    rooms = [
        parsing.room(load(ParsingSettings), store),
        script.room(load(ScriptSettings), store),
        tts.room(load(TtsSettings), store),
        cards.room(load(CardSettings), store),
        muxing.room(load(MuxingSettings), store),
    ]
    async with AsyncExitStack() as stack:
        addresses = []
        for room in rooms:
            server = Server([room], "127.0.0.1:0")
            await server.start()
            stack.push_async_callback(server.stop, 0)
            addresses.append(server.bound)
        yield addresses


async def test_a_document_becomes_a_video_by_the_five_clients_alone(
    store: LocalStore, services: list[str]
) -> None:
    video = await make_video(b"# By hand\n\nFive calls, one after the other.\n", store, services)

    assert b"Five calls" in await store.read(video.transcript)
    assert video.measurements.frames == video.measurements.video_seconds * 30
    assert video.measurements.max_av_offset_seconds <= 1 / 30
    assert (await store.read(video.mp4))[4:8] == b"ftyp"


async def test_a_client_raises_what_the_service_raised(services: list[str]) -> None:
    async with connect(services[2]) as channel:
        with pytest.raises(UnknownVoice) as caught:
            await TtsClient(channel).choose_voice("nobody", language="en")

    assert caught.value.suggestions
