"""Which engines the settings turn on."""

from __future__ import annotations

import pytest

from services.chassis.errors import Configuration, VoiceUnavailable
from services.chassis.settings import load
from services.tts.servicer import engines
from services.tts.settings import TtsSettings
from services.tts.voice import VoiceId


def test_one_variable_turns_every_online_engine_off(monkeypatch: pytest.MonkeyPatch) -> None:
    edge = VoiceId("edge", "en-US-AriaNeural", "en-US")

    with pytest.raises(VoiceUnavailable):
        engines(load(TtsSettings)).of(edge)
    monkeypatch.setenv("STORYREEL_TTS_ONLINE", "1")

    assert engines(load(TtsSettings)).of(edge).online


def test_engines_that_do_not_exist_are_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYREEL_TTS_ENGINES", "edge,festival")

    with pytest.raises(Configuration) as caught:
        load(TtsSettings)

    assert "STORYREEL_TTS_ENGINES" in caught.value.message
