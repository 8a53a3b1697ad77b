"""How long a text is expected to be."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from services.tts.backends.espeak import EspeakBackend
from services.tts.pace import expected_samples


def test_a_faster_voice_is_expected_sooner() -> None:
    usual = expected_samples("Some words to say.", speed_percent=100)

    assert expected_samples("Some words to say.", speed_percent=200) == pytest.approx(usual / 2, abs=1)


async def test_the_expectation_is_within_a_factor_of_three_of_a_real_voice(tmp_path: Path) -> None:
    texts = {
        "en": "The quick brown fox jumps over the lazy dog, 12 times.",
        "en-GB": "It sold 1,250,000 items in 2024.",
        "zh": "视频由文字生成，然后合并。",
        "ja": "どうがをつくります。",
        "ar": "مرحبا بالعالم كيف حالك",
        "de": "Geschwindigkeitsbegrenzungen gelten überall.",
    }
    espeak = EspeakBackend(timeout=timedelta(seconds=60))
    ratios = {}
    for language, text in texts.items():
        voice = await espeak.playing("male", language)
        speech = await espeak.speak(text, voice, speed_percent=100, to=tmp_path / f"{language}.flac")
        ratios[language] = speech.samples / expected_samples(text, speed_percent=100)
    await espeak.close()

    assert all(1 / 3 < ratio < 3 for ratio in ratios.values())
