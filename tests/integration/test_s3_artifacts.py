"""ArtifactService before a store in S3, against OpenStack Swift: URLs that work, memory that stays small."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import urllib3

from services.artifacts.bucket import PART
from services.artifacts.client import ArtifactClient
from services.artifacts.connect import StoreSettings
from services.artifacts.connect import store as connect_store
from services.artifacts.servicer import room
from services.chassis.channel import connect
from services.chassis.server import Server
from tests.integration import apart, swift

SIZE = 100 << 20
"""Bytes of a video of twenty minutes."""


@pytest.fixture
async def artifacts(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ArtifactClient]:
    """ArtifactService over a real socket, before a bucket of its own."""
    with swift.running() as s3, tempfile.TemporaryDirectory() as folder:
        apart.make_bucket(s3)
        for name, value in apart.s3_settings(s3).items():
            monkeypatch.setenv(name, value)
        server = Server([room(connect_store(StoreSettings()))], f"unix:{folder}/artifacts.sock")
        await server.start()
        async with connect(server.bound) as channel:
            yield ArtifactClient(channel)
        await server.stop(0)


def resident(kind: str) -> int:
    """Bytes of memory of this process: VmRSS now, or VmHWM at the most."""
    status = Path("/proc/self/status").read_text()
    found = re.search(rf"^{kind}:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) << 10


async def test_a_url_reads_the_bytes_over_http_and_tells_when_it_ends(artifacts: ArtifactClient) -> None:
    artifact = await artifacts.put_bytes(b"# A fjord\n", media_type="text/markdown")

    url, expires = await artifacts.get_url(artifact)
    with urllib3.PoolManager() as http:
        answer = http.request("GET", url)

    assert (answer.status, answer.data) == (200, b"# A fjord\n")
    left = expires - datetime.now(UTC).replace(tzinfo=None)
    assert timedelta(minutes=10) < left <= timedelta(minutes=15)


async def test_a_video_goes_up_and_down_in_a_few_parts_of_memory(
    artifacts: ArtifactClient, tmp_path: Path
) -> None:
    path = video(tmp_path / "video.mp4", SIZE)

    Path("/proc/self/clear_refs").write_text("5")  # the peak is measured from here on
    before = resident("VmRSS")
    back = await up_and_down(artifacts, path)
    grown = resident("VmHWM") - before

    assert digest(back) == digest(path)
    assert grown < 4 * PART < SIZE


def video(path: Path, size: int) -> Path:
    """A file of random bytes."""
    with path.open("wb") as file:
        for _ in range(size >> 20):
            file.write(os.urandom(1 << 20))
    return path


async def up_and_down(artifacts: ArtifactClient, path: Path) -> Path:
    """Upload a file, and download it to another."""
    artifact = await artifacts.put_file(path, media_type="video/mp4")
    back = path.with_suffix(".back")
    await artifacts.fetch(artifact, back)
    return back


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
