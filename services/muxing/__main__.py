"""Serves MuxingService: `python -m services.muxing`."""

from __future__ import annotations

from services.artifacts.connect import StoreSettings, store
from services.chassis.server import main
from services.chassis.settings import load_or_exit
from services.muxing.servicer import room
from services.muxing.settings import MuxingSettings

if __name__ == "__main__":
    settings = load_or_exit(MuxingSettings)
    main(lambda: room(settings, store(load_or_exit(StoreSettings))), settings)
