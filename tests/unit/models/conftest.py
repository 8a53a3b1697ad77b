"""A published model on a fake hub, and the folder where models come to lie."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.models.catalogue import MODELS, Known
from tests.unit.models.fake_hub import FakeHub, serving
from tests.unit.models.model_folder import COMMIT, build


@pytest.fixture
def model() -> Known:
    return MODELS["t2v-A14B"]


@pytest.fixture
def published(tmp_path: Path, model: Known) -> Path:
    """A folder as the repository holds it."""
    return build(tmp_path / "published", model)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Where models come to lie; it is not there yet."""
    return tmp_path / "models"


@pytest.fixture
def hub(published: Path, model: Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """The hub that huggingface_hub finds."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with serving(FakeHub(published, model.repository, COMMIT)) as fake:
        monkeypatch.setenv("HF_ENDPOINT", fake.address)
        yield fake
