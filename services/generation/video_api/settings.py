"""The video server that footage is made by."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.chassis.errors import Change, Configuration, Suggestion
from services.generation.footage.modes import LIMITS
from services.generation.video_api.dialects import DIALECTS, Dialect

PREFIX = "STORYREEL_GENERATION_VIDEOS_"

MIB = 1 << 20


class VideoServerSettings(BaseSettings):
    """Read from `STORYREEL_GENERATION_VIDEOS_*`; without a URL nothing is delegated."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", protected_namespaces=())

    url: str = Field(
        "", description="The server's address, such as `http://gpu-1:8091`: what comes before `/v1/videos`."
    )
    dialect: Literal["sglang", "vllm_omni", "dynamo", "trtllm", "openai"] = Field(
        "sglang", description="The engine that listens there."
    )
    key: SecretStr = Field(
        SecretStr(""), description="The server's API key; sent to it alone. Use https where others listen."
    )
    key_header: str = Field(
        "Authorization",
        pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$",
        description="The header the key goes in; in `Authorization` it follows the word Bearer.",
    )
    ca: Path | None = Field(
        None,
        description="A file with the authority (PEM) that signed the server's certificate; unset: those "
        "that everybody trusts.",
    )
    models: dict[str, str] = Field(
        default_factory=dict,
        description="The server's name of each model it has, as JSON: "
        '`{"t2v-A14B": "Wan-AI/Wan2.2-T2V-A14B-Diffusers"}`. Empty: it has what it is asked for.',
    )
    clip_minutes: float = Field(
        30, gt=0, le=720, description="How long the server may take for a clip, its queue included."
    )
    at_once: int = Field(1, ge=1, le=64, description="Clips that are asked of the server at once.")
    poll_seconds: float = Field(2, ge=0.05, le=60, description="How often a job is asked for.")
    most_mib: int = Field(200, ge=1, le=2000, description="The largest video that is downloaded, in MiB.")
    threads: int = Field(1, ge=1, le=16, description="Threads of the encoder; each count gives other bytes.")

    @property
    def base(self) -> str:
        """The address without what its interface adds, which some write down too."""
        return self.url.rstrip("/").removesuffix("/v1/videos").removesuffix("/v1").rstrip("/")

    @property
    def speech(self) -> Dialect:
        """How the server is spoken to."""
        return DIALECTS[self.dialect]

    @property
    def clip_time(self) -> timedelta:
        """How long a clip may take."""
        return timedelta(minutes=self.clip_minutes)

    def check(self) -> None:
        """Refuse what cannot work before anything is sent.

        Raises:
            Configuration: The URL is none of http or https, carries a password, a query or a fragment; a
                model is unknown; or the dialect needs the server's name of a model and none is set.
        """
        parts = _split(self.url)
        if parts is None:
            raise wrong("URL", "It must be http:// or https:// with a host, and no name, password, ? or #.")
        for name in self.models:
            if name not in LIMITS:
                raise wrong(
                    "MODELS",
                    f"It names the model {name[:40]!r}; there are {', '.join(LIMITS)}.",
                    [Change(f"{PREFIX}MODELS", name[:40], known) for known in LIMITS],
                )
        if self.speech.needs_model and not self.models:
            raise wrong("MODELS", f"A server of the dialect {self.dialect} must be told which model it runs.")


def wrong(name: str, why: str, changes: list[Change] | None = None) -> Configuration:
    """The error of a setting."""
    setting = f"{PREFIX}{name}"
    suggestions = [Suggestion(f"Set it to {change.after}.", [change]) for change in changes or ()]
    return Configuration(
        f"{setting} is wrong. {why}",
        suggestions=suggestions or [Suggestion(f"Correct {setting}.")],
        metadata={"setting": setting},
    )


def _split(url: str) -> str | None:
    """The host of a URL that may be used; None of one that may not."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain or port == 0:
        return None
    return None if any(char.isspace() or not char.isprintable() for char in url) else parts.hostname
