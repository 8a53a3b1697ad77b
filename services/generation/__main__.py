"""Serves GenerationService: `python -m services.generation`."""

from __future__ import annotations

from services.artifacts.connect import StoreSettings, store
from services.chassis.server import main
from services.generation.backends.openai_videos.settings import VideoServerSettings
from services.generation.models.settings import ModelSettings
from services.generation.servicer import room
from services.generation.settings import GenerationSettings

if __name__ == "__main__":
    main(
        "GenerationService (gRPC), which makes the clip of a scene",
        GenerationSettings,
        StoreSettings,
        lambda settings, stored: room(settings, store(stored)),
        others=(ModelSettings, VideoServerSettings),
    )
