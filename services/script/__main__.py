"""Serves ScriptService: `python -m services.script`."""

from __future__ import annotations

from services.artifacts.connect import StoreSettings, store
from services.chassis.server import main
from services.chassis.settings import load_or_exit
from services.script.servicer import room
from services.script.settings import ScriptSettings

if __name__ == "__main__":
    settings = load_or_exit(ScriptSettings)
    main(lambda: room(settings, store(load_or_exit(StoreSettings))), settings)
