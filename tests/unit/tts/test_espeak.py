"""The offline voice: real espeak-ng in its process."""

from __future__ import annotations

import hashlib
import os
import signal
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from services.chassis.errors import Change, InvalidRequest, UnknownVoice
from services.story.narration import WordSource
from services.tts.backends.espeak import EspeakBackend
from services.tts.voice import VoiceId
from services.tts.words import tokens

TEXTS = {
    "en": "Dr. Smith sold 1,250 items in 2024, i.e. 12% more - use of the tool, and — well — so on.",
    "en-GB": "See https://example.com/a/b_c?x=1 and call snake_case_name() or CamelCase; I 😀 like 🎉 it.",
    "zh": "视频由文字生成，然后合并。",
    "ja": "どうがをつくります。漢字です。",
    "ar": "مرحبا بالعالم كيف حالك",
    "ko": "안녕하세요 세계",
    "th": "สวัสดีชาวโลก",
    "hi": "नमस्ते दुनिया",
    "de": "Die Pipeline rendert 3 Szenen gleichzeitig.",
}


async def digest(backend: EspeakBackend, text: str, *, to: Path, speed_percent: int = 100) -> str:
    voice = await backend.playing("male", "en")
    await backend.speak(text, voice, speed_percent=speed_percent, to=to)
    return hashlib.sha256(to.read_bytes()).hexdigest()


@pytest.mark.parametrize("language", TEXTS)
async def test_every_word_has_its_time(language: str, espeak: EspeakBackend, tmp_path: Path) -> None:
    text = TEXTS[language]
    voice = await espeak.playing("female", language)

    speech = await espeak.speak(text, voice, speed_percent=100, to=tmp_path / "a.flac")

    assert [(w.char_start, w.char_end) for w in speech.words] == [(t.start, t.end) for t in tokens(text)]
    assert all(word.start_sample < word.end_sample for word in speech.words)
    assert all(a.end_sample <= b.start_sample for a, b in pairwise(speech.words))
    assert speech.words[-1].end_sample <= speech.samples
    assert all(word.source is not WordSource.ESTIMATED for word in speech.words)


async def test_a_number_is_one_word_and_of_the_is_shared(espeak: EspeakBackend, tmp_path: Path) -> None:
    voice = await espeak.playing("male", "en")

    speech = await espeak.speak(TEXTS["en"], voice, speed_percent=100, to=tmp_path / "a.flac")

    sources = {word.text: word.source for word in speech.words}
    assert sources["1,250"] is sources["2024,"] is sources["and —"] is WordSource.EVENT
    assert sources["of"] is sources["the"] is WordSource.SHARED


async def test_the_same_text_gives_the_same_bytes_in_any_process_after_any_other(
    espeak: EspeakBackend, tmp_path: Path
) -> None:
    text = "Hello there, brave new world. And goodbye 42 times."
    first = await digest(espeak, text, to=tmp_path / "1.flac")
    await digest(espeak, "Something else entirely!", to=tmp_path / "2.flac", speed_percent=180)
    again = await digest(espeak, text, to=tmp_path / "3.flac")
    other = EspeakBackend(timeout=timedelta(seconds=60))
    fresh = await digest(other, text, to=tmp_path / "4.flac")
    await other.close()

    assert first == again == fresh


async def test_speed_is_honoured(espeak: EspeakBackend, tmp_path: Path) -> None:
    voice = await espeak.playing("male", "en")
    lengths = {}
    for percent in (50, 100, 200):
        speech = await espeak.speak(
            TEXTS["en"], voice, speed_percent=percent, to=tmp_path / f"{percent}.flac"
        )
        lengths[percent] = speech.samples

    assert 1.6 < lengths[50] / lengths[100] < 2.4
    assert 1.6 < lengths[100] / lengths[200] < 2.4


async def test_a_long_text_is_spoken_whole(espeak: EspeakBackend, tmp_path: Path) -> None:
    text = ("The quick brown fox jumps over the lazy dog. " * 445)[:20_000]
    voice = await espeak.playing("male", "en")

    speech = await espeak.speak(text, voice, speed_percent=200, to=tmp_path / "a.flac")

    assert speech.samples > 500 * 48_000
    assert len(speech.words) == len(text.split())


async def test_a_text_of_more_than_an_hour_is_refused(espeak: EspeakBackend, tmp_path: Path) -> None:
    voice = await espeak.playing("male", "zh")

    with pytest.raises(InvalidRequest) as caught:
        await espeak.speak("视频由文字生成，" * 2500, voice, speed_percent=50, to=tmp_path / "a.flac")

    assert caught.value.violations[0].field == "text"


@pytest.mark.parametrize(
    "text", ["a\x00b\x07c", "[[h@loU]] <b>x</b>", "<speak>x</speak>", "x" * 5000, "7" * 400]
)
async def test_hostile_text_is_only_text(text: str, espeak: EspeakBackend, tmp_path: Path) -> None:
    voice = await espeak.playing("male", "en")

    speech = await espeak.speak(text, voice, speed_percent=100, to=tmp_path / "a.flac")

    assert speech.samples
    assert "".join(word.text for word in speech.words).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("role", "language", "name"),
    [
        ("male", "en", "en-us+m3"),
        ("female", "en-GB", "en-gb-x-rp+f3"),
        ("british", "en-US", "en-gb-x-rp+m1"),
        ("indian", "de", "de+m4"),
        ("male", "zh-Hant-HK", "yue+m3"),
        ("male", "pt-BR", "pt-br+m3"),
        ("male", "no", "nb+m3"),
    ],
)
async def test_a_role_is_played_in_the_language(
    role: str, language: str, name: str, espeak: EspeakBackend
) -> None:
    assert (await espeak.playing(role, language)).name == name


async def test_an_unknown_language_names_near_ones(espeak: EspeakBackend) -> None:
    with pytest.raises(UnknownVoice) as caught:
        await espeak.playing("male", "enn")

    changes = [change for suggestion in caught.value.suggestions for change in suggestion.changes]
    assert Change("language", "enn", "en") in changes


@pytest.mark.parametrize(
    ("name", "near"), [("en-us+mm3", "en-us+m3"), ("en-uss", "en-us"), ("zz", "en-us+m3")]
)
async def test_an_unknown_voice_names_near_ones(
    name: str, near: str, espeak: EspeakBackend, tmp_path: Path
) -> None:
    with pytest.raises(UnknownVoice) as caught:
        await espeak.speak("Hello", VoiceId("espeak", name, "en"), speed_percent=100, to=tmp_path / "a.flac")

    changes = [change for suggestion in caught.value.suggestions for change in suggestion.changes]
    assert Change("voice.name", name, near) in changes


async def test_voices_are_listed_with_their_roles(espeak: EspeakBackend) -> None:
    voices = {info.voice.name: info for info in await espeak.voices()}

    assert voices["en-us+m3"].role == "male"
    assert voices["en-us+m3"].voice.language == "en-US"
    assert voices["en-gb-x-rp+m1"].role == "british"
    assert not any(info.online for info in voices.values())


async def test_after_the_death_of_its_process_it_speaks_again(espeak: EspeakBackend, tmp_path: Path) -> None:
    before = await digest(espeak, "Still here.", to=tmp_path / "1.flac")
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    for child in children:
        if b"espeak_worker" in Path(f"/proc/{child}/cmdline").read_bytes():
            os.kill(int(child), signal.SIGKILL)
    after = await digest(espeak, "Still here.", to=tmp_path / "2.flac")

    assert before == after
