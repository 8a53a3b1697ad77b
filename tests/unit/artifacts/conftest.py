"""Fixtures of the result cache's tests."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.artifacts.local import LocalStore
from services.artifacts.results import Results
from tests.unit.artifacts.desk import NEVER, Desk


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path)


@pytest.fixture
async def results(store: LocalStore) -> AsyncIterator[Results]:
    results = Results(store, stage="tts", grace=NEVER)
    yield results
    await results.close()


@pytest.fixture
def desk(store: LocalStore) -> Desk:
    return Desk(store)


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """The events of the log, as they come."""
    events: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            events.append(record.getMessage())

    caplog.set_level(logging.INFO, logger="storyreel")
    listener = Listener()
    logging.getLogger("storyreel").addHandler(listener)
    yield events
    logging.getLogger("storyreel").removeHandler(listener)
