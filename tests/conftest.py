"""Fixtures that every test may use, and an end of the run that does not crash."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from services.artifacts.local import LocalStore


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has its own STORYREEL_HOME, and no variable of the person who runs it."""
    for name in [name for name in os.environ if name.startswith(("STORYREEL_", "OTEL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("STORYREEL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STORYREEL_TTS_ONLINE", "0")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """An empty store in a folder."""
    return LocalStore(tmp_path / "store")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """The engine's client may crash while the interpreter takes itself apart, after all tests passed."""
    status = getattr(config, "_storyreel_status", None)
    if status is not None and "temporalio" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep the exit status for pytest_unconfigure."""
    session.config._storyreel_status = int(exitstatus)  # type: ignore[attr-defined]
