"""What videos are made with in the tests of muxing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.artifacts.local import LocalStore
from services.chassis.child import Child
from services.muxing.backends.ffmpeg import Ffmpeg
from services.muxing.studio import Studio


@pytest.fixture
async def studio(tmp_path: Path, store: LocalStore) -> AsyncIterator[Studio]:
    """The real ffmpeg, a real child, a store and a scratch folder of its own."""
    child = Child("services.muxing.worker")
    yield Studio(Ffmpeg(), child, store, tmp_path / "scratch")
    await child.close()
