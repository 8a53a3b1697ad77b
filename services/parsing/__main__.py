"""python -m services.parsing: serve parsing until SIGTERM."""

from __future__ import annotations

from services.artifacts.connect import StoreSettings, store
from services.chassis.server import main
from services.chassis.settings import load_or_exit
from services.parsing.servicer import room
from services.parsing.settings import ParsingSettings

if __name__ == "__main__":
    settings = load_or_exit(ParsingSettings)
    main(lambda: room(settings, store(load_or_exit(StoreSettings))), settings)
