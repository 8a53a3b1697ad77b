"""The choice of one voice for a whole video: espeak-ng is real, the online service is a fake."""

from __future__ import annotations

import pytest

from services.chassis.errors import Change, UnknownVoice, VoiceUnavailable
from services.tts.backends.edge import EdgeBackend
from services.tts.backends.espeak import EspeakBackend
from services.tts.choice import Engines, PassedOver
from services.tts.voice import VoiceId
from tests.unit.tts.fake_edge import FakeEdge


@pytest.fixture
def engines(edge: EdgeBackend, espeak: EspeakBackend) -> Engines:
    """Both engines, the online one preferred."""
    return Engines([edge, espeak])


async def test_the_preferred_engine_speaks_when_it_is_there(engines: Engines) -> None:
    choice = await engines.choose("", language="en")

    assert choice.voice == VoiceId("edge", "en-US-AndrewMultilingualNeural", "en-US")
    assert choice.passed_over == ()


async def test_an_engine_that_is_away_is_passed_over_with_the_reason(
    engines: Engines, service: FakeEdge
) -> None:
    service.listing = ["503"]

    choice = await engines.choose("female", language="en")

    assert choice.voice == VoiceId("espeak", "en-us+f3", "en-US")
    assert choice.passed_over == (PassedOver("edge", "It refused with status 503."),)


async def test_an_excluded_engine_is_not_even_asked(engines: Engines, service: FakeEdge) -> None:
    choice = await engines.choose("male", language="en", excluded=["edge"])

    assert choice.voice.engine == "espeak"
    assert choice.passed_over == (PassedOver("edge", "It failed earlier in this job."),)
    assert service.asked == []


async def test_an_offline_video_asks_no_engine_that_sends_the_text_elsewhere(
    engines: Engines, service: FakeEdge
) -> None:
    choice = await engines.choose("male", language="en", offline=True)

    assert choice.voice.engine == "espeak"
    assert choice.passed_over == ()
    assert service.asked == []


async def test_an_online_voice_of_an_offline_video_is_refused(engines: Engines) -> None:
    with pytest.raises(VoiceUnavailable):
        await engines.choose("en-GB-RyanNeural", language="en", offline=True)


async def test_a_voice_that_cannot_read_the_language_as_it_is_written_says_so(engines: Engines) -> None:
    choice = await engines.choose("female", language="ja", offline=True)

    assert choice.voice == VoiceId("espeak", "ja+f3", "ja")
    assert "kanji" in choice.notice
    assert "edge" in choice.notice


@pytest.mark.parametrize("language", ["en", "zh", "zh-HK", "ko", "ar"])
async def test_a_voice_that_can_read_the_language_says_nothing(language: str, engines: Engines) -> None:
    choice = await engines.choose("male", language=language, offline=True)

    assert choice.notice == ""


async def test_an_online_voice_says_where_the_text_goes(engines: Engines) -> None:
    choice = await engines.choose("male", language="en")

    assert "Microsoft" in choice.notice


async def test_an_engine_that_does_not_speak_the_language_is_passed_over(engines: Engines) -> None:
    choice = await engines.choose("male", language="sw")

    assert choice.voice == VoiceId("espeak", "sw+m3", "sw")
    assert [one.engine for one in choice.passed_over] == ["edge"]


@pytest.mark.parametrize(
    ("name", "engine"), [("en-GB-RyanNeural", "edge"), ("en-us+f3", "espeak"), ("EN-US+f3", "espeak")]
)
async def test_an_engines_own_name_leaves_only_that_engine(name: str, engine: str, engines: Engines) -> None:
    choice = await engines.choose(name, language="en")

    assert choice.voice.engine == engine
    assert choice.passed_over == ()


async def test_an_own_name_of_an_engine_that_is_away_is_not_replaced(
    engines: Engines, service: FakeEdge
) -> None:
    service.listing = ["503"]

    with pytest.raises(VoiceUnavailable) as caught:
        await engines.choose("en-GB-RyanNeural", language="en")

    assert caught.value.suggestions[0].changes == [Change("voice", "en-GB-RyanNeural", "male")]


@pytest.mark.parametrize(
    ("name", "near"), [("nobody", "male"), ("femal", "female"), ("en-us+mm3", "en-us+m3")]
)
async def test_an_unknown_voice_names_near_ones(name: str, near: str, engines: Engines) -> None:
    with pytest.raises(UnknownVoice) as caught:
        await engines.choose(name, language="en")

    changes = [change for suggestion in caught.value.suggestions for change in suggestion.changes]
    assert Change("voice", name, near) in changes


async def test_a_language_nobody_speaks_is_unknown(engines: Engines) -> None:
    with pytest.raises(UnknownVoice) as caught:
        await engines.choose("male", language="zzz")

    assert any(change.after == "en" for way in caught.value.suggestions for change in way.changes)


async def test_with_all_engines_excluded_no_voice_is_available(engines: Engines) -> None:
    with pytest.raises(VoiceUnavailable) as caught:
        await engines.choose("male", language="en", excluded=["edge", "espeak"])

    assert "espeak: It failed earlier in this job." in caught.value.message


async def test_voices_are_listed_by_preference_and_language(engines: Engines) -> None:
    everywhere = await engines.voices()
    british = await engines.voices("en-gb")

    assert [info.voice.engine for info in everywhere[:2]] == ["edge", "edge"]
    assert {info.voice.engine for info in everywhere} == {"edge", "espeak"}
    assert {info.voice.language[:5] for info in british} == {"en-GB"}


def test_an_engine_that_is_turned_off_is_unavailable_and_another_unknown(espeak: EspeakBackend) -> None:
    engines = Engines([espeak], off=["edge", "espeak"])

    with pytest.raises(VoiceUnavailable) as off:
        engines.of(VoiceId("edge", "en-GB-RyanNeural", "en-GB"))
    with pytest.raises(UnknownVoice) as unknown:
        engines.of(VoiceId("festival", "kal", "en"))

    assert off.value.suggestions[0].changes == [Change("voice.engine", "edge", "espeak")]
    assert unknown.value.suggestions[0].changes == [Change("voice.engine", "festival", "espeak")]


@pytest.mark.parametrize(
    ("role", "said"), [("australian", "no australian voice"), ("indian", "no indian voice"), ("british", "")]
)
async def test_an_accent_that_an_engine_has_not_is_told(espeak: EspeakBackend, role: str, said: str) -> None:
    choice = await Engines([espeak]).choose(role, language="en")

    assert said in choice.notice
    assert bool(said) == bool(choice.notice)
