"""TtsService over a real socket: what it speaks, what is reused, and every error it documents.

Speech is espeak-ng's. The online engine talks to a fake of its service; no other host is contacted.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import av
import grpc
import pytest

from services.artifacts.local import LocalStore
from services.chassis.channel import connect
from services.chassis.errors import Change, InvalidRequest, UnknownVoice, UnspeakableText, VoiceUnavailable
from services.chassis.server import Server
from services.story import wire as story
from services.tts.choice import PassedOver
from services.tts.client import TtsClient
from services.tts.servicer import room
from services.tts.settings import TtsSettings
from services.tts.voice import VoiceId
from storyreel.tts.v1 import speech_pb2, tts_service_pb2, tts_service_pb2_grpc
from tests.unit.tts.fake_edge import FakeEdge, serving, unreachable

MALE = VoiceId("espeak", "en-us+m3", "en-US")
ANDREW = VoiceId("edge", "en-US-AndrewMultilingualNeural", "en-US")
TEXT = "Use of the tool - and more. 1,250 items."


@dataclass
class Service:
    """A running service and its store."""

    client: TtsClient
    channel: grpc.aio.Channel
    store: LocalStore


@asynccontextmanager
async def running(settings: TtsSettings, store: LocalStore) -> AsyncIterator[Service]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server([room(settings, store)], f"unix:{folder}/tts.sock")
        await server.start()
        async with connect(server.bound) as channel:
            yield Service(TtsClient(channel), channel, store)
        await server.stop(0)


@pytest.fixture
async def tts(store: LocalStore) -> AsyncIterator[Service]:
    """The service with the offline engine alone."""
    async with running(TtsSettings(online=False), store) as service:
        yield service


@pytest.fixture
async def edge(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeEdge]:
    """The fake of the online service."""
    async with serving(monkeypatch) as fake:
        yield fake


@pytest.fixture
async def both(edge: FakeEdge, store: LocalStore) -> AsyncIterator[Service]:
    """The service with both engines."""
    async with running(TtsSettings(online=True), store) as service:
        yield service


async def test_a_text_becomes_flac_and_its_timing(tts: Service) -> None:
    speech = await tts.client.synthesize(TEXT, voice=MALE)

    timing = story.timing_from_proto(
        story.decode(await tts.store.read(speech.timing), speech_pb2.SpeechTiming)
    )
    async with tts.store.path(speech.audio) as path:
        with av.open(str(path)) as container:
            stream = container.streams.audio[0]
            samples = sum(frame.samples for frame in container.decode(stream))
            form = (stream.codec_context.name, stream.rate, stream.channels, stream.format.name)
    assert form == ("flac", 48_000, 1, "s16")
    assert samples == speech.samples
    assert timing.text == TEXT
    assert [word.text for word in timing.words][:5] == ["Use", "of", "the", "tool -", "and"]
    assert speech.audio.media_type == "audio/flac"
    assert speech.voice == MALE


async def test_a_repeat_is_answered_from_the_cache_whether_the_pace_is_named_or_not(tts: Service) -> None:
    stub = tts_service_pb2_grpc.TtsServiceStub(tts.channel)
    voice = speech_pb2.Voice(engine="espeak", name="en-us+m3", language="en-US")

    calls = []
    for percent in (0, 100, 120):
        call = stub.Synthesize(
            tts_service_pb2.SynthesizeRequest(text=TEXT, voice=voice, speed_percent=percent)
        )
        calls.append((await call, dict(await call.trailing_metadata())["storyreel-reused"]))

    assert [reused for _, reused in calls] == ["0", "1", "0"]
    assert calls[0][0] == calls[1][0]
    assert calls[2][0].speech.samples < calls[0][0].speech.samples


async def test_a_role_becomes_a_voice(tts: Service) -> None:
    choice = await tts.client.choose_voice(language="en")

    assert choice.voice == MALE
    assert choice.passed_over == ()


async def test_voices_of_a_language_are_listed(tts: Service) -> None:
    voices = await tts.client.list_voices(language="zh")
    cantonese = await tts.client.list_voices(language="yue")

    assert {info.voice.language for info in cantonese} == {"yue"}
    assert {info.voice.language for info in voices} == {"cmn", "cmn-Latn-pinyin", "yue"}


async def test_the_online_engine_speaks_when_it_is_there(both: Service) -> None:
    choice = await both.client.choose_voice(language="en")
    speech = await both.client.synthesize(TEXT, voice=choice.voice)

    assert choice.voice == ANDREW
    assert speech.samples > 48_000


async def test_an_unreachable_engine_is_passed_over(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreachable(monkeypatch)
    async with running(TtsSettings(online=True), store) as service:
        choice = await service.client.choose_voice(language="en")

    assert choice.voice == MALE
    assert choice.passed_over == (PassedOver("edge", "It cannot be reached from here."),)


async def test_an_engine_that_dies_midway_is_an_unavailable_voice(both: Service, edge: FakeEdge) -> None:
    edge.speech = ["cut"]

    with pytest.raises(VoiceUnavailable) as caught:
        await both.client.synthesize(TEXT, voice=ANDREW)
    choice = await both.client.choose_voice(language="en", excluded_engines=["edge"])

    assert "broke off" in caught.value.message
    assert choice.voice == MALE


async def test_an_unknown_voice_says_what_to_use_instead(tts: Service) -> None:
    with pytest.raises(UnknownVoice) as chosen:
        await tts.client.choose_voice("nobody", language="en")
    with pytest.raises(UnknownVoice) as spoken:
        await tts.client.synthesize(TEXT, voice=VoiceId("espeak", "en-us+mm3", "en-US"))

    assert list(chosen.value.suggestions[-1].changes) == [Change("voice", "nobody", "male")]
    assert list(spoken.value.suggestions[0].changes) == [Change("voice.name", "en-us+mm3", "en-us+m3")]


async def test_an_engine_that_is_turned_off_is_an_unavailable_voice(tts: Service) -> None:
    with pytest.raises(VoiceUnavailable):
        await tts.client.synthesize(TEXT, voice=ANDREW)


@pytest.mark.parametrize("text", ["…!?", "🎉🎉", " — "])
async def test_a_text_without_letters_cannot_be_spoken(text: str, tts: Service) -> None:
    with pytest.raises(UnspeakableText):
        await tts.client.synthesize(text, voice=MALE)


async def test_values_out_of_range_are_refused(tts: Service) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await tts.client.synthesize("", voice=MALE, speed_percent=49)

    assert {violation.field for violation in caught.value.violations} == {"text", "speed_percent"}
