"""Serves CardService: `python -m services.cards`."""

from __future__ import annotations

from services.artifacts.connect import StoreSettings, store
from services.cards.servicer import room
from services.cards.settings import CardSettings
from services.chassis.server import main

if __name__ == "__main__":
    main(
        "CardService (gRPC), which draws the card of a scene",
        CardSettings,
        StoreSettings,
        lambda settings, stored: room(settings, store(stored)),
    )
