"""Serves MuxingService: `python -m services.muxing`."""

from __future__ import annotations

from services.artifacts.connect import StoreSettings, store
from services.chassis.server import main
from services.muxing.servicer import room
from services.muxing.settings import MuxingSettings

if __name__ == "__main__":
    main(
        "MuxingService (gRPC), which joins clips and voices into the video",
        MuxingSettings,
        StoreSettings,
        lambda settings, stored: room(settings, store(stored)),
    )
