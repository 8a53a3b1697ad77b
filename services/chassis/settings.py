"""Settings: what every service reads from the environment, and where storyreel keeps its data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from pydantic import AliasChoices, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from services.chassis.errors import Configuration, Suggestion
from services.chassis.refusal import refusal

CONFIGURATION_EXIT = 4
"""The exit code of a process that could not start because of its settings or surroundings."""

PRIVATE = 0o700
"""The permission bits of folders in the home: jobs, documents and the log are this user's alone."""

S = TypeVar("S", bound=BaseSettings)


def home() -> Path:
    """Where storyreel keeps its data: `STORYREEL_HOME`, or `storyreel` in the user's data folder.

    The folder need not exist yet. The user's data folder is `XDG_DATA_HOME` or `~/.local/share`.

    Raises:
        Configuration: No variable names it, and the user has no home folder.
    """
    if own := os.environ.get("STORYREEL_HOME"):
        return Path(own).expanduser().absolute()
    if data := os.environ.get("XDG_DATA_HOME"):
        return Path(data) / "storyreel"
    try:
        return Path.home() / ".local" / "share" / "storyreel"
    except RuntimeError:
        raise Configuration(
            "This user has no home folder. Set STORYREEL_HOME to a folder of yours."
        ) from None


def home_folder(name: str = "") -> Path:
    """The home, or a folder in it, there from now on; what is made here nobody else can enter.

    Raises:
        OSError: It cannot be made.
    """
    folder = home()
    folder.parent.mkdir(parents=True, exist_ok=True)
    for each in (folder, folder / name):
        each.mkdir(mode=PRIVATE, exist_ok=True)
    return folder / name


class CommonSettings(BaseSettings):
    """Read by every process, whatever it serves; the variables carry no stage's name."""

    model_config = SettingsConfigDict(env_prefix="STORYREEL_", frozen=True, extra="ignore")

    log: str = Field(
        default="info",
        pattern="^(debug|info|warning|error)$",
        description="The least severe log lines to write: `debug`, `info`, `warning` or `error`.",
    )


class ServerSettings(BaseSettings):
    """What every server reads; a stage's settings inherit it and set `env_prefix` and the address.

    `reflection` and `debug` are the same variable for all services (`STORYREEL_REFLECTION`,
    `STORYREEL_DEBUG`).
    """

    model_config = SettingsConfigDict(
        env_prefix="STORYREEL_", frozen=True, extra="ignore", populate_by_name=True
    )

    address: str = Field(
        default="127.0.0.1:0",
        min_length=1,
        description="Where to serve: `host:port` (port 0: a free one) or `unix:/path/of/a.sock`.",
    )
    health_address: str | None = Field(
        default=None,
        description="Where to serve health checks alone, without TLS; unset: only at `address`.",
    )
    grace_seconds: float = Field(
        default=60.0, ge=0, le=7200, description="How long calls in flight may take to end after SIGTERM."
    )
    drain_seconds: float = Field(
        default=2.0,
        ge=0,
        le=60,
        description="How long calls are still taken after `ready` went off, so that balancers notice; "
        "not waited for on a unix socket or the loopback interface.",
    )
    reflection: bool = Field(
        default=True,
        validation_alias=AliasChoices("STORYREEL_REFLECTION", "reflection"),
        description="Answer questions about the contract (gRPC server reflection).",
    )
    debug: bool = Field(
        default=False,
        validation_alias=AliasChoices("STORYREEL_DEBUG", "debug"),
        description="Log at level debug and turn the event loop's own checks on.",
    )


def load(kind: type[S]) -> S:
    """Read settings from the environment.

    Raises:
        Configuration: A variable does not parse; the message names each such variable and what it can be,
            never its value, since that may be a secret.
    """
    try:
        return kind()
    except ValidationError as error:
        problems = [
            f"{variable(kind, name)}: {refusal(problem, _field(kind, name))}"
            for problem in error.errors(include_url=False, include_context=False)
            for name in [str(problem["loc"][0]) if problem["loc"] else ""]
        ]
        told = "; ".join(problems)
        message = f"Settings do not parse: {told}{'' if told.endswith('?') else '.'}"
    except SettingsError as error:
        found = [(field, info) for field, info in kind.model_fields.items() if f'"{field}"' in str(error)]
        named = ", ".join(variable(kind, field) for field, _ in found)
        told = " ".join(info.description or "" for _, info in found)
        message = f"Settings do not parse: {named or error}: Input should be valid JSON. {told}".rstrip()
    raise Configuration(message, suggestions=[Suggestion("Correct or unset the variables named.")])


def _field(kind: type[BaseSettings], name: str) -> FieldInfo | None:
    """The field of a name, or of the variable that pydantic names in its place."""
    named = (info for field, info in kind.model_fields.items() if name in (field, variable(kind, field)))
    return next(named, None)


def variable(kind: type[BaseSettings], field: str) -> str:
    """The environment variable that sets a field."""
    if field.isupper():  # pydantic names an aliased field by its alias, which is the variable
        return field
    known = kind.model_fields.get(field)
    if known is not None and isinstance(known.validation_alias, AliasChoices):
        return str(known.validation_alias.choices[0])
    return f"{kind.model_config.get('env_prefix', '')}{field}".upper()
