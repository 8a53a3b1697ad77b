"""The settings of the card service."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.chassis.settings import ServerSettings


class CardSettings(ServerSettings):
    """Read from `STORYREEL_CARDS_*`."""

    model_config = SettingsConfigDict(
        env_prefix="STORYREEL_CARDS_", frozen=True, extra="ignore", populate_by_name=True
    )

    address: str = Field(
        "127.0.0.1:50056",
        min_length=1,
        description="Where to serve: `host:port` (port 0: a free one) or `unix:/path/of/a.sock`.",
    )
    children: int = Field(
        2, ge=1, le=64, description="Processes that draw and encode, each one card at a time."
    )
    threads: int = Field(
        1,
        ge=1,
        le=16,
        description="Threads of the encoder in each process. One costs the least CPU time per frame; "
        "each count gives other bytes, and so other results in the store.",
    )
    card_minutes: float = Field(
        60, gt=0, le=720, description="How long one card may take before its process is ended."
    )
    at_once: int = Field(
        512, ge=1, le=10_000, description="Cards asked for at once; beyond the children's number they wait."
    )

    @property
    def card_time(self) -> timedelta:
        """How long one card may take."""
        return timedelta(minutes=self.card_minutes)
