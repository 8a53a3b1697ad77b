"""The settings of the parsing service."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.chassis.settings import ServerSettings


class ParsingSettings(ServerSettings):
    """Read from `STORYREEL_PARSING_*`; the defaults suit a machine that reads a document now and then."""

    model_config = SettingsConfigDict(
        env_prefix="STORYREEL_PARSING_", frozen=True, extra="ignore", populate_by_name=True
    )

    address: str = Field(default="127.0.0.1:50051", min_length=1, description="Where to serve.")
    workers: int = Field(
        default=1, ge=1, le=16, description="Child processes, and so documents read at once."
    )
    memory_mib: int = Field(
        default=1024,
        ge=256,
        le=16384,
        description="The address space of a child; a document that needs more is refused.",
    )
    cpu_seconds: int = Field(default=20, ge=1, le=60, description="The CPU time of one document.")
    seconds: float = Field(default=30.0, gt=0, le=60, description="The time of one document, by the clock.")
