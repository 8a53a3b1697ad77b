"""Serves TtsService: `python -m services.tts`."""

from __future__ import annotations

from services.artifacts.connect import StoreSettings, store
from services.chassis.server import main
from services.tts.servicer import room
from services.tts.settings import TtsSettings

if __name__ == "__main__":
    main(
        "TtsService (gRPC), which chooses voices and speaks with them",
        TtsSettings,
        StoreSettings,
        lambda settings, stored: room(settings, store(stored)),
    )
