"""A fake engine on a port, and the backend that speaks to it, with time that costs none."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from services.artifacts.local import LocalStore
from services.generation.video_api.backend import OpenAIVideosBackend
from services.generation.video_api.settings import VideoServerSettings
from tests.unit.generation.video_api.engine import FakeEngine
from tests.unit.generation.video_api.serving import Opens, Set, video


@pytest.fixture(scope="session")
def film() -> bytes:
    """A video of 13 frames."""
    return video()


@pytest.fixture
async def opened(store: LocalStore, tmp_path: Path, film: bytes) -> AsyncIterator[Opens]:
    """Starts a fake engine of a dialect, and a backend that is set to it."""
    async with AsyncExitStack() as stack:

        async def open_(
            dialect: str = "sglang", *, tls: ssl.SSLContext | None = None, path: str = "", **settings: Any
        ) -> Set:
            engine = FakeEngine(dialect, film)
            runner = web.AppRunner(engine.app, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
            await site.start()
            host, port = runner.addresses[0]
            slept: list[float] = []

            async def sleep(seconds: float) -> None:
                slept.append(seconds)

            needed = {"models": {"t2v-A14B": "wan-t2v", "i2v-A14B": "wan-i2v", "ti2v-5B": "wan-5b"}}
            given = (
                {"url": f"{'https' if tls else 'http'}://{host}:{port}{path}", "dialect": dialect}
                | needed
                | settings
            )
            backend = OpenAIVideosBackend(VideoServerSettings(**given), store, sleep=sleep)
            stack.push_async_callback(backend.close)
            folder = tmp_path / "scratch"
            folder.mkdir(exist_ok=True)
            return Set(engine, backend, store, folder, slept=slept, url=str(given["url"]))

        yield open_
