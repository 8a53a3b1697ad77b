"""The settings of the generation service."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.chassis.refusal import MEANT
from services.chassis.settings import ServerSettings


class GenerationSettings(ServerSettings):
    """Read from `STORYREEL_GENERATION_*`; the defaults need no GPU."""

    model_config = SettingsConfigDict(
        env_prefix="STORYREEL_GENERATION_", frozen=True, extra="ignore", populate_by_name=True
    )

    address: str = Field(
        "127.0.0.1:50054",
        min_length=1,
        description="Where to serve: `host:port` (port 0: a free one) or `unix:/path/of/a.sock`.",
    )
    threads: int = Field(
        1,
        ge=1,
        le=16,
        description="Threads of the encoder in each process. One costs the least CPU time per frame; "
        "each count gives other bytes, and so other results in the store.",
    )
    at_once: int = Field(512, ge=1, le=10_000, description="Calls answered at once; more are refused.")

    device: str = Field(
        "",
        pattern=r"^(auto|cpu|cuda(:[0-9]{1,2})?)?$",
        description="The device that footage is generated on: `cuda`, `cuda:1`, `cpu`, or `auto` for the GPU "
        "when there is one. Unset: this machine generates none.",
        json_schema_extra={MEANT: {"gpu": "cuda", "nvidia": "cuda"}},
    )
    precision: Literal["auto", "bfloat16", "float32"] = Field(
        "auto", description="Of the models' weights; `auto` is bfloat16 on a GPU and float32 on a processor."
    )
    device_threads: int = Field(
        0, ge=0, le=256, description="Threads of torch on a processor; 0 leaves the number to torch."
    )
    max_vram_gb: float | None = Field(
        None, gt=0, le=1000, description="The most device memory that is used, in GB; unset: all there is."
    )
    compiled: bool | None = Field(
        None,
        description="Compile the models' blocks: a model's first clip waits a minute, each step "
        "is faster. Unset: on a GPU.",
    )
    attention: Literal["auto", "any", "cudnn"] = Field(
        "auto",
        description="The kernel of attention: `cudnn`, `any` that torch prefers, or `auto`: cuDNN's on "
        "Hopper.",
    )
    devices: int = Field(
        1,
        ge=1,
        le=8,
        description="GPUs that work on one clip together, from `device` on: 2, 4 or 8. Each holds the whole "
        "model. With `cpu` so many processes do, which is slow and for trying it out.",
    )
    warm: str = Field(
        "",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(,[A-Za-z0-9][A-Za-z0-9._-]*)*$|^$",
        description="Models that are loaded and run once before the service is ready, with commas between, "
        "such as `ti2v-5B`; `storyreel models list` names them.",
    )
    footage_minutes: float = Field(
        30,
        gt=0,
        le=720,
        description="How long footage of one scene may take; what would take longer is refused.",
    )
    auto_optimise: bool = Field(
        True, description="Steps and strength that are not worth their time are changed, and it is told."
    )
    prompt_most: int = Field(512, ge=1, le=512, description="Characters of a prompt.")

    @property
    def warm_models(self) -> tuple[str, ...]:
        """The models that are loaded and run once before the service is ready."""
        return tuple(self.warm.split(",")) if self.warm else ()

    @property
    def compile_blocks(self) -> bool:
        """Whether the models' blocks are compiled; by default on a GPU."""
        return self.device != "cpu" if self.compiled is None else self.compiled

    @property
    def footage_time(self) -> timedelta:
        """How long footage of one scene may take."""
        return timedelta(minutes=self.footage_minutes)

    @property
    def max_vram_bytes(self) -> int | None:
        """The most device memory that is used; None: all there is."""
        return None if self.max_vram_gb is None else round(self.max_vram_gb * 1e9)
