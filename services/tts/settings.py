"""The settings of the tts service."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.chassis.settings import ServerSettings


class TtsSettings(ServerSettings):
    """Read from `STORYREEL_TTS_*`; the defaults speak online when the network allows, else offline."""

    model_config = SettingsConfigDict(
        env_prefix="STORYREEL_TTS_", frozen=True, extra="ignore", populate_by_name=True
    )

    address: str = Field(
        "127.0.0.1:50053",
        min_length=1,
        description="Where to serve: `host:port` (port 0: a free one) or `unix:/path/of/a.sock`.",
    )
    engines: str = Field(
        "edge,espeak",
        pattern=r"^(edge|espeak)(,(edge|espeak))?$",
        description="The engines, the preferred one first: `edge` (online), `espeak` (offline).",
    )
    online: bool = Field(
        True, description="Use online engines: the text goes to Microsoft's speech service. 0 turns them off."
    )
    probe_seconds: float = Field(
        2.0, gt=0, le=10, description="How long an online engine may take to say that it is there."
    )
    probe_remembered_seconds: float = Field(60.0, ge=0, le=3600, description="How long that answer counts.")
    connect_seconds: int = Field(
        4, ge=1, le=30, description="How long a connection to an online engine may take."
    )
    silence_seconds: int = Field(
        15, ge=1, le=60, description="How long an online engine may send nothing while it speaks."
    )
    speech_seconds: float = Field(55.0, gt=0, le=600, description="How long one text may take to speak.")
    at_once: int = Field(
        256, ge=1, le=10_000, description="Calls at once; beyond the engines' number they wait."
    )

    @property
    def speech_time(self) -> timedelta:
        """How long one text may take to speak."""
        return timedelta(seconds=self.speech_seconds)
