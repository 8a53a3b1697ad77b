"""Which store the settings name, and the way to it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.artifacts.local import LocalStore
from services.artifacts.store import LOCAL_TENANT, Store
from services.chassis.errors import Configuration
from services.chassis.settings import home


class StoreSettings(BaseSettings):
    """Read from `STORYREEL_STORE`, `STORYREEL_STORE_FOLDER` and `STORYREEL_S3_*`; the default is a folder."""

    model_config = SettingsConfigDict(
        env_prefix="STORYREEL_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    store: Literal["local", "s3"] = Field("local", description="`local` (a folder) or `s3`.")
    store_folder: Path = Field(
        default_factory=lambda: home() / "store", description="Where the local store lies."
    )
    s3_endpoint: str = Field("", description="Host and port, without scheme, such as `minio:9000`.")
    s3_access_key: str = Field("", description="The access key.")
    s3_secret_key: SecretStr = Field(SecretStr(""), description="The secret key.")
    s3_secure: bool = Field(True, description="Speak TLS to the endpoint.")
    s3_region: str = Field("us-east-1", description="The region requests are signed for.")
    s3_bucket: str = Field("storyreel", description="The bucket; it must exist.")


def store(settings: StoreSettings, *, tenant: str = LOCAL_TENANT) -> Store:
    """The store of one tenant that the settings name; nothing is connected to or written yet.

    Raises:
        Configuration: A setting is missing or wrong, or the S3 client is not installed.
    """
    if settings.store == "local":
        return LocalStore(settings.store_folder.expanduser().absolute(), tenant=tenant)
    _check_s3(settings)
    try:
        from services.artifacts.s3 import S3Store
    except ModuleNotFoundError as error:
        raise Configuration(
            f"STORYREEL_STORE=s3 needs the Python package {error.name}. Install storyreel[s3]."
        ) from error
    return S3Store(
        settings.s3_endpoint,
        bucket=settings.s3_bucket,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key.get_secret_value(),
        secure=settings.s3_secure,
        region=settings.s3_region,
        tenant=tenant,
    )


def _check_s3(settings: StoreSettings) -> None:
    needed = {
        "STORYREEL_S3_ENDPOINT": settings.s3_endpoint,
        "STORYREEL_S3_ACCESS_KEY": settings.s3_access_key,
        "STORYREEL_S3_SECRET_KEY": settings.s3_secret_key.get_secret_value(),
    }
    absent = [name for name, value in needed.items() if not value]
    if absent:
        raise Configuration(f"STORYREEL_STORE=s3 needs {' and '.join(absent)} to be set.")
    if "/" in settings.s3_endpoint:
        raise Configuration(
            f"STORYREEL_S3_ENDPOINT is {settings.s3_endpoint!r}; give host:port alone, "
            "and STORYREEL_S3_SECURE=0 for plain HTTP."
        )
