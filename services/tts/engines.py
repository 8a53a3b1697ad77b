"""The engines of this machine, as the settings turn them on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from services.tts.backends.edge import EdgeBackend
from services.tts.backends.espeak import EspeakBackend
from services.tts.choice import Engines
from services.tts.settings import TtsSettings
from services.tts.voice import Backend


def engines(settings: TtsSettings) -> Engines:
    """The engines that the settings turn on, in their order."""
    makers: dict[str, Callable[[], Backend]] = {
        "edge": lambda: EdgeBackend(
            probe=timedelta(seconds=settings.probe_seconds),
            connect=timedelta(seconds=settings.connect_seconds),
            silence=timedelta(seconds=settings.silence_seconds),
            total=settings.speech_time,
            remembered=timedelta(seconds=settings.probe_remembered_seconds),
        ),
        "espeak": lambda: EspeakBackend(timeout=settings.speech_time),
    }
    made = [makers[name]() for name in dict.fromkeys(settings.engines.split(","))]
    return Engines([one for one in made if settings.online or not one.online], off=makers)
