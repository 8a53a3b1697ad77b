"""The settings of the script service."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.chassis.settings import ServerSettings


class ScriptSettings(ServerSettings):
    """Read from `STORYREEL_SCRIPT_*`; the defaults need no model."""

    model_config = SettingsConfigDict(
        env_prefix="STORYREEL_SCRIPT_", frozen=True, extra="ignore", populate_by_name=True
    )

    address: str = Field(
        "127.0.0.1:50052",
        min_length=1,
        description="Where to serve: `host:port` (port 0: a free one) or `unix:/path/of/a.sock`.",
    )
    at_once: int = Field(512, ge=1, le=10_000, description="Narrations written at once.")
