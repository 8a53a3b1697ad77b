"""What the orchestrator reads from the environment."""

from __future__ import annotations

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from orchestrator.recovery import MAX_ATTEMPTS
from services.chassis.settings import ServerSettings


class CommandSettings(BaseSettings):
    """Read by the command line from `STORYREEL_ADDRESS`; without it everything runs on this machine."""

    model_config = SettingsConfigDict(env_prefix="STORYREEL_", frozen=True, extra="ignore")

    address: str = Field(
        "",
        description="Where a `python -m orchestrator serve` answers, `host:port` or `unix:/path/of/a.sock`.",
    )


class OrchestratorSettings(ServerSettings):
    """Read from `STORYREEL_ORCHESTRATOR_*` and `STORYREEL_TEMPORAL_*`; the defaults run on one machine."""

    model_config = SettingsConfigDict(
        env_prefix="STORYREEL_ORCHESTRATOR_", frozen=True, extra="ignore", populate_by_name=True
    )

    address: str = Field("127.0.0.1:50050", description="Where `serve` answers to JobService.")
    health_address: str | None = Field(
        default=None,
        description="Where `serve`, `worker` and `pool` answer health checks alone, without TLS; "
        "unset: only at `serve`'s address.",
    )
    grace_seconds: float = Field(
        default=2.0,
        ge=0,
        le=7200,
        description="How long calls in flight at `serve` may take to end after SIGTERM; "
        "a WatchJob that is still open then is cut, and goes on when it is called again.",
    )
    temporal_address: str = Field(
        "",
        validation_alias=AliasChoices("STORYREEL_TEMPORAL_ADDRESS", "temporal_address"),
        description="`host:port` of a Temporal cluster; unset: a dev server of our own, under the home.",
    )
    temporal_namespace: str = Field(
        "default",
        validation_alias=AliasChoices("STORYREEL_TEMPORAL_NAMESPACE", "temporal_namespace"),
        description="The cluster's namespace.",
    )
    parsing: str = Field("127.0.0.1:50051", description="The parsing service, for a worker of a cluster.")
    script: str = Field("127.0.0.1:50052", description="The script service.")
    tts: str = Field("127.0.0.1:50053", description="The tts service.")
    cards: str = Field("127.0.0.1:50056", description="The card service.")
    generation: str = Field("127.0.0.1:50054", description="The generation service, for a pool.")
    muxing: str = Field("127.0.0.1:50055", description="The muxing service.")
    pools: str = Field(
        "",
        pattern=r"^\s*([a-z0-9][a-z0-9_]{0,31}\s*(,\s*[a-z0-9][a-z0-9_]{0,31}\s*)*)?$",
        description="The pools that generate footage, with commas between: `t2v`, `i2v`, `ti2v`, or the "
        "first part of another model's name. Scenes of other pools stay cards. Without a cluster these pools "
        "run in the same process; with one, `python -m orchestrator pool NAME...` works for them beside each "
        "device.",
    )
    footage_backend: str = Field(
        "diffusers",
        pattern="^[a-z][a-z0-9_]{0,31}$",
        description="The backend of the generation service that pools are asked for, such as `diffusers` or "
        "`openai_videos`.",
    )
    pool_grace_seconds: float = Field(
        3600.0,
        ge=0,
        le=86_400,
        description="How long the clip that a pool is making may take to end after SIGTERM.",
    )
    calls_at_once: int = Field(
        32,
        ge=1,
        le=1000,
        description="Stage calls one worker has in flight; services queue what they cannot do.",
    )

    heartbeat_seconds: float = Field(
        60.0,
        ge=1,
        le=3600,
        description="How long a worker may say nothing of a call until another one makes it, for jobs that "
        "are created here. On one machine a worker that ends is seen at once.",
    )

    call_attempts: int = Field(
        MAX_ATTEMPTS,
        ge=1,
        le=100,
        description="How often a call is made that is answered with an error which may pass, for jobs that "
        "are created here; from the fifth attempt on they are 20 seconds apart.",
    )

    @property
    def pool_names(self) -> tuple[str, ...]:
        """The pools, each once."""
        return tuple(dict.fromkeys(name.strip() for name in self.pools.split(",") if name.strip()))
