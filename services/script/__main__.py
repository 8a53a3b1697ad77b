"""Serves ScriptService: `python -m services.script`."""

from __future__ import annotations

from services.artifacts.connect import StoreSettings, store
from services.chassis.server import main
from services.script.servicer import room
from services.script.settings import ScriptSettings

if __name__ == "__main__":
    main(
        "ScriptService (gRPC), which writes what is said in a scene",
        ScriptSettings,
        StoreSettings,
        lambda settings, stored: room(settings, store(stored)),
    )
