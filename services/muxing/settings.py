"""The settings of the muxing service."""

from __future__ import annotations

from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import SettingsConfigDict

from services.chassis.settings import ServerSettings


class MuxingSettings(ServerSettings):
    """Read from `STORYREEL_MUXING_*`, and `STORYREEL_FFMPEG`."""

    model_config = SettingsConfigDict(
        env_prefix="STORYREEL_MUXING_", frozen=True, extra="ignore", populate_by_name=True
    )

    address: str = Field(
        "127.0.0.1:50055",
        min_length=1,
        description="Where to serve: `host:port` (port 0: a free one) or `unix:/path/of/a.sock`.",
    )
    ffmpeg: Path | None = Field(
        None,
        validation_alias=AliasChoices("STORYREEL_FFMPEG", "ffmpeg"),
        description="The ffmpeg program to use; unset: IMAGEIO_FFMPEG_EXE, then the one installed with us. "
        "Another version makes other bytes, and so other results in the store.",
    )
    video_minutes: float = Field(
        60, gt=0, le=1440, description="How long a call may wait for its sound or video."
    )
    at_once: int = Field(64, ge=1, le=10_000, description="Sounds and videos asked for at once, each.")
