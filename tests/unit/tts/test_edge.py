"""The online voice, against a fake of the service that speaks its protocol and misbehaves on demand."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from services.chassis.errors import Change, UnknownVoice, VoiceUnavailable
from services.story.narration import WordSource
from services.tts.backends.edge import EdgeBackend, events
from services.tts.breaker import Breaker
from services.tts.voice import VoiceId
from services.tts.words import Event
from tests.unit.tts.fake_edge import VOICES, FakeEdge, unreachable

ANDREW = VoiceId("edge", "en-US-AndrewMultilingualNeural", "en-US")
TEXT = "One small step for a man, one giant leap & more."


async def test_a_text_is_spoken_with_exact_words(
    edge: EdgeBackend, service: FakeEdge, tmp_path: Path
) -> None:
    speech = await edge.speak(TEXT, ANDREW, speed_percent=150, to=tmp_path / "a.flac")

    words = TEXT.replace("leap &", "leap_&").split()
    assert [word.text.replace(" ", "_") for word in speech.words] == words
    assert {word.source for word in speech.words} == {WordSource.EVENT}
    assert [word.start_sample for word in speech.words][:3] == [0, 12_000, 24_000]
    assert speech.samples == pytest.approx(12_000 * len(TEXT.split()), rel=0.1)
    assert service.rates == ["+50%"]


async def test_a_long_text_goes_in_several_requests(service: FakeEdge, tmp_path: Path) -> None:
    text = "слово " * 400

    speech = await EdgeBackend().speak(text, ANDREW, speed_percent=100, to=tmp_path / "a.flac")

    assert service.asked == ["speak", "speak"]
    assert len(speech.words) == 400
    assert {word.source for word in speech.words} == {WordSource.EVENT}


async def test_without_word_times_letters_decide(
    edge: EdgeBackend, service: FakeEdge, tmp_path: Path
) -> None:
    service.speech = ["no_words"]

    speech = await edge.speak(TEXT, ANDREW, speed_percent=100, to=tmp_path / "a.flac")

    assert {word.source for word in speech.words} == {WordSource.ESTIMATED}


@pytest.mark.parametrize("mode", ["429", "503", "no_audio"])
async def test_a_busy_service_is_asked_again(
    mode: str, edge: EdgeBackend, service: FakeEdge, tmp_path: Path
) -> None:
    service.speech = [mode, mode, "speak"]

    speech = await edge.speak(TEXT, ANDREW, speed_percent=100, to=tmp_path / "a.flac")

    assert service.asked == [mode, mode, "speak"]
    assert speech.samples


@pytest.mark.parametrize(
    ("mode", "told", "times"),
    [
        ("403", "status 403", 2),  # edge-tts itself asks once more, with the server's clock
        ("500", "status 500", 1),
        ("503", "status 503", 3),
        ("no_audio", "no audio", 3),
        ("silence", "silence", 1),
        ("short", "expected", 1),
        ("garbage", "not an MP3", 1),
        ("cut", "broke off", 1),
        ("hang", "in time", 1),
    ],
)
async def test_an_answer_that_cannot_be_used_is_an_unavailable_voice(
    mode: str, told: str, times: int, service: FakeEdge, tmp_path: Path
) -> None:
    silence = timedelta(seconds=0.2 if mode == "hang" else 15)
    edge = EdgeBackend(connect=timedelta(0), silence=silence, pause=timedelta(milliseconds=1))
    service.speech = [mode]

    with pytest.raises(VoiceUnavailable) as caught:
        await edge.speak(TEXT * 5, ANDREW, speed_percent=100, to=tmp_path / "a.flac")

    assert told in caught.value.message
    assert service.asked == [mode] * times
    assert caught.value.suggestions[0].changes == [Change("voice.engine", "edge", "espeak")]


async def test_a_text_that_takes_too_long_is_an_unavailable_voice(service: FakeEdge, tmp_path: Path) -> None:
    service.speech = ["hang"]

    with pytest.raises(VoiceUnavailable) as caught:
        await EdgeBackend(total=timedelta(seconds=0.3)).speak(
            TEXT, ANDREW, speed_percent=100, to=tmp_path / "a.flac"
        )

    assert "longer than 0.3 s" in caught.value.message


async def test_an_unreachable_service_is_not_able_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    unreachable(monkeypatch)
    edge = EdgeBackend()

    health = await edge.health()
    with pytest.raises(VoiceUnavailable):
        await edge.speak(TEXT, ANDREW, speed_percent=100, to=tmp_path / "a.flac")

    assert not health.able
    assert health.why == "It cannot be reached from here."
    assert await edge.voices() == []


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("hang", "It did not answer in time."),
        ("503", "It refused with status 503."),
        ("garbage", "Its answer was not understood."),
    ],
)
async def test_a_probe_that_fails_says_why_and_is_remembered(
    mode: str, why: str, edge: EdgeBackend, service: FakeEdge
) -> None:
    service.listing = [mode, "list"]

    first, second = await edge.health(), await edge.health()

    assert (first.able, first.why) == (False, why)
    assert second == first
    assert service.asked == ["list"]


async def test_probes_at_once_are_one_and_leave_the_loop_free(edge: EdgeBackend, service: FakeEdge) -> None:
    service.listing = ["hang"]
    probes = [asyncio.create_task(edge.health()) for _ in range(5)]
    ticks = 0
    while not all(probe.done() for probe in probes):
        await asyncio.sleep(0.01)
        ticks += 1

    assert service.asked == ["list"]
    assert ticks > 5


async def test_at_most_four_texts_are_in_flight(edge: EdgeBackend, service: FakeEdge, tmp_path: Path) -> None:
    await asyncio.gather(
        *(edge.speak(TEXT, ANDREW, speed_percent=100, to=tmp_path / f"{n}.flac") for n in range(10))
    )

    assert service.most_in_flight <= 4


async def test_a_service_that_keeps_failing_is_left_alone(service: FakeEdge, tmp_path: Path) -> None:
    edge = EdgeBackend(breaker=Breaker(failures=2, rest=timedelta(seconds=60)))
    service.speech = ["500"]
    for _ in range(2):
        with pytest.raises(VoiceUnavailable):
            await edge.speak(TEXT, ANDREW, speed_percent=100, to=tmp_path / "a.flac")

    with pytest.raises(VoiceUnavailable) as caught:
        await edge.speak(TEXT, ANDREW, speed_percent=100, to=tmp_path / "a.flac")
    health = await edge.health()

    assert service.asked == ["500", "500"]
    assert caught.value.retry_after is not None
    assert not health.able


async def test_a_name_that_the_service_does_not_list_is_unknown(edge: EdgeBackend, service: FakeEdge) -> None:
    await edge.health()

    with pytest.raises(UnknownVoice) as caught:
        await edge.named("en-US-AriaNaturalNeural")

    changes = [change for suggestion in caught.value.suggestions for change in suggestion.changes]
    assert Change("voice.name", "en-US-AriaNaturalNeural", "en-US-AriaNeural") in changes


async def test_the_voices_are_those_the_service_lists(edge: EdgeBackend, service: FakeEdge) -> None:
    voices = {info.voice.name: info for info in await edge.voices()}

    assert set(voices) == set(VOICES)
    assert voices["en-US-AndrewMultilingualNeural"].role == "male"
    assert voices["de-DE-KatjaNeural"].role == "female"
    assert all(info.online for info in voices.values())


def test_words_are_looked_for_one_after_the_other() -> None:
    found = events("a b, a c", [(0, 10_000_000, "a"), (0, 0, "zz"), (10_000_000, 5_000_000, "a"), (0, 0, "")])

    assert found == [Event(0, 0, 48_000), Event(5, 48_000, 72_000)]
