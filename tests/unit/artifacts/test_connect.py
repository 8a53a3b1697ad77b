"""The settings lead to a store, or say what is lacking."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.artifacts.connect import StoreSettings, store
from services.artifacts.local import LocalStore
from services.artifacts.s3 import S3Store
from services.chassis.errors import Configuration

S3 = {
    "STORYREEL_STORE": "s3",
    "STORYREEL_S3_ENDPOINT": "s3.test:9000",
    "STORYREEL_S3_ACCESS_KEY": "key",
    "STORYREEL_S3_SECRET_KEY": "hunter2",
}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in StoreSettings.model_fields:
        monkeypatch.delenv(f"STORYREEL_{field.upper()}", raising=False)
    monkeypatch.setenv("STORYREEL_HOME", str(tmp_path / "home"))


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in S3.items():
        monkeypatch.setenv(name, value)


def test_the_default_is_a_folder_in_storyreels_home(tmp_path: Path) -> None:
    made = store(StoreSettings(), tenant="ours")

    assert isinstance(made, LocalStore)
    assert made.root == tmp_path / "home" / "store"
    assert made.tenant == "ours"
    assert not made.root.exists()


def test_the_folder_can_be_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STORYREEL_STORE_FOLDER", str(tmp_path / "elsewhere"))

    made = store(StoreSettings())

    assert isinstance(made, LocalStore)
    assert made.root == tmp_path / "elsewhere"


@pytest.mark.usefixtures("s3")
async def test_s3_is_made_from_its_settings() -> None:
    made = store(StoreSettings(), tenant="ours")

    assert isinstance(made, S3Store)
    await made.close()
    assert made.tenant == "ours"


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize("name", [name for name in S3 if name != "STORYREEL_STORE"])
def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")

    with pytest.raises(Configuration, match=f"needs {name} to be set"):
        store(StoreSettings())


@pytest.mark.usefixtures("s3")
def test_an_endpoint_with_a_scheme_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYREEL_S3_ENDPOINT", "http://s3.test:9000")

    with pytest.raises(Configuration, match=r"host:port alone.*STORYREEL_S3_SECURE=0"):
        store(StoreSettings())


@pytest.mark.usefixtures("s3")
def test_without_the_sdk_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "services.artifacts.s3")
    monkeypatch.delitem(sys.modules, "services.artifacts.bucket")
    monkeypatch.setitem(sys.modules, "minio", None)

    with pytest.raises(Configuration, match=r"package minio\. Install storyreel\[s3\]"):
        store(StoreSettings())


@pytest.mark.usefixtures("s3")
def test_the_secret_is_not_shown() -> None:
    settings = StoreSettings()

    assert "hunter2" not in repr(settings)


def test_another_kind_of_store_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYREEL_STORE", "ftp")

    with pytest.raises(ValidationError, match="'local' or 's3'"):
        StoreSettings()
