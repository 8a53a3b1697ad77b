"""Serves GenerationService: `python -m services.generation`."""

from __future__ import annotations

from services.artifacts.connect import StoreSettings, store
from services.chassis.server import main
from services.generation.servicer import room
from services.generation.settings import GenerationSettings
from services.generation.video_api.settings import VideoServerSettings
from services.models.settings import ModelSettings

if __name__ == "__main__":
    main(
        "GenerationService (gRPC), which makes the clip of a scene",
        GenerationSettings,
        StoreSettings,
        lambda settings, stored: room(settings, store(stored)),
        others=(ModelSettings, VideoServerSettings),
    )
