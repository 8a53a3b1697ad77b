"""Engines for the tests of tts: a real espeak-ng, and edge-tts talking to a fake service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.tts.backends.edge import EdgeBackend
from services.tts.backends.espeak import EspeakBackend
from tests.unit.tts.fake_edge import FakeEdge, serving


@pytest.fixture
async def espeak() -> AsyncIterator[EspeakBackend]:
    """The offline engine, warm."""
    backend = EspeakBackend(timeout=timedelta(seconds=60))
    await backend.start()
    yield backend
    await backend.close()


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeEdge]:
    """The fake service that edge-tts talks to."""
    async with serving(monkeypatch) as fake:
        yield fake


@pytest.fixture
def edge(service: FakeEdge) -> EdgeBackend:
    """The online engine on the fake service, impatient where the fake may hang."""
    return EdgeBackend(probe=timedelta(seconds=0.5), pause=timedelta(milliseconds=1))
