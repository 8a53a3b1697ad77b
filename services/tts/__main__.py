"""Serves TtsService: `python -m services.tts`."""

from __future__ import annotations

from services.artifacts.connect import StoreSettings, store
from services.chassis.server import main
from services.chassis.settings import load_or_exit
from services.tts.servicer import room
from services.tts.settings import TtsSettings

if __name__ == "__main__":
    settings = load_or_exit(TtsSettings)
    main(lambda: room(settings, store(load_or_exit(StoreSettings))), settings)
