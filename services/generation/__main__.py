"""Serves GenerationService: `python -m services.generation`."""

from __future__ import annotations

from services.artifacts.connect import StoreSettings, store
from services.chassis.server import main
from services.chassis.settings import load_or_exit
from services.generation.servicer import room
from services.generation.settings import GenerationSettings

if __name__ == "__main__":
    settings = load_or_exit(GenerationSettings)
    main(lambda: room(settings, store(load_or_exit(StoreSettings))), settings)
