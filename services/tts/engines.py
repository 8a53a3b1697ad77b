"""The engines of this machine, as the settings turn them on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from services.tts.backends.espeak import EspeakBackend
from services.tts.choice import Engines
from services.tts.settings import TtsSettings
from services.tts.voice import Backend


def engines(settings: TtsSettings) -> Engines:
    """The engines that the settings turn on, in their order."""
    makers: dict[str, Callable[[TtsSettings], Backend]] = {"edge": _edge, "espeak": _espeak}
    names = [name for name in dict.fromkeys(settings.engines.split(",")) if settings.online or name != "edge"]
    return Engines([makers[name](settings) for name in names], off=makers)


def _espeak(settings: TtsSettings) -> Backend:
    return EspeakBackend(timeout=settings.speech_time)


def _edge(settings: TtsSettings) -> Backend:
    # Its HTTP client takes a quarter of a second to import, which nobody pays who has it turned off.
    from services.tts.backends.edge import EdgeBackend

    return EdgeBackend(
        probe=timedelta(seconds=settings.probe_seconds),
        connect=timedelta(seconds=settings.connect_seconds),
        silence=timedelta(seconds=settings.silence_seconds),
        total=settings.speech_time,
        remembered=timedelta(seconds=settings.probe_remembered_seconds),
    )
