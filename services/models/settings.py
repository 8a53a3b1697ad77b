"""Where models lie."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.chassis.settings import home


class ModelSettings(BaseSettings):
    """Read from `STORYREEL_GENERATION_MODELS`; shared by the service and the command line."""

    model_config = SettingsConfigDict(env_prefix="STORYREEL_GENERATION_", frozen=True, extra="ignore")

    models: Path | None = Field(
        None, description="The folder of the models, one folder each; unset: `models` in storyreel's home."
    )

    @property
    def folder(self) -> Path:
        """The folder of the models; it need not exist yet."""
        return (self.models or home() / "models").expanduser().absolute()
