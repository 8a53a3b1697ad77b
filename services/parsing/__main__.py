"""python -m services.parsing: serve parsing until SIGTERM."""

from __future__ import annotations

from services.artifacts.connect import StoreSettings, store
from services.chassis.server import main
from services.parsing.servicer import room
from services.parsing.settings import ParsingSettings

if __name__ == "__main__":
    main(
        "ParsingService (gRPC), which reads documents and cuts them into scenes",
        ParsingSettings,
        StoreSettings,
        lambda settings, stored: room(settings, store(stored)),
    )
