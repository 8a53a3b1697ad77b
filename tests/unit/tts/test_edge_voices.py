"""Which of the service's voices plays a role."""

from __future__ import annotations

import pytest

from services.tts.backends.edge_voices import EdgeVoice, listed, playing
from tests.unit.tts.fake_edge import VOICES

LISTED = listed({"ShortName": name, "Gender": gender} for name, gender in VOICES.items())


@pytest.mark.parametrize(
    ("role", "language", "name"),
    [
        ("male", "en", "en-US-AndrewMultilingualNeural"),
        ("male_warm", "en-US", "en-US-BrianMultilingualNeural"),
        ("female", "en", "en-US-AriaNeural"),
        ("british", "en-US", "en-GB-RyanNeural"),
        ("male", "en-GB", "en-GB-RyanNeural"),
        ("australian", "en", "en-US-AndrewMultilingualNeural"),
        ("male", "de", "de-DE-ConradNeural"),
        ("female", "de-CH", "de-DE-KatjaNeural"),
        ("male", "de-AT", "de-AT-JonasNeural"),
        ("british", "de", "de-DE-ConradNeural"),
        ("male", "zh-Hans-CN", "zh-CN-XiaoxiaoNeural"),
        ("male", "cmn", "zh-CN-XiaoxiaoNeural"),
    ],
)
def test_a_role_is_played_by_the_nearest_voice(role: str, language: str, name: str) -> None:
    voice = playing(role, language, LISTED)

    assert voice is not None
    assert voice.name == name


def test_nobody_plays_in_a_language_nobody_speaks() -> None:
    assert playing("male", "tlh", LISTED) is None


def test_what_does_not_look_like_a_voice_is_left_out() -> None:
    answer = [{"ShortName": "en-US-AriaNeural", "Gender": "Female"}, {"ShortName": "../x"}, {}, "text", None]

    assert listed(answer) == (EdgeVoice("en-US-AriaNeural", "en-US", True),)
