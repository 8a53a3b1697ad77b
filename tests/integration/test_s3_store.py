"""The store in S3, against OpenStack Swift: the contract, and what only a real server refuses."""

from __future__ import annotations

import asyncio
import io
import itertools
import os
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import urllib3
from minio import Minio

from services.artifacts.bucket import PART
from services.artifacts.connect import StoreSettings
from services.artifacts.connect import store as connect
from services.artifacts.s3 import S3Store
from services.artifacts.store import Artifact
from services.chassis.errors import ArtifactCorrupt, ArtifactMissing, Configuration, StoreUnavailable
from tests.integration.swift import Swift, running, some_web_server
from tests.unit.artifacts.contract import SHA256, TEXT, Spoil, SpoilResult, StoreContract

BUCKETS = itertools.count(1)


@pytest.fixture(scope="module")
def swift() -> Iterator[Swift]:
    with running() as swift:
        yield swift


@pytest.fixture(scope="module")
def plain(swift: Swift) -> Iterator[Minio]:
    """The SDK alone: what another program does to a bucket."""
    http = urllib3.PoolManager()
    yield Minio(
        swift.endpoint,
        access_key=swift.access_key,
        secret_key=swift.secret_key,
        secure=False,
        region="us-east-1",
        http_client=http,
    )
    http.clear()


@pytest.fixture
def bucket(plain: Minio) -> str:
    name = f"storyreel-{next(BUCKETS)}"
    plain.make_bucket(name)
    return name


async def opened(
    swift: Swift,
    *,
    bucket: str = "storyreel-1",
    endpoint: str = "",
    secret_key: str = "",
    region: str = "us-east-1",
    scratch: Path | None = None,
) -> AsyncIterator[S3Store]:
    """A store that differs from the right one in what is given."""
    store = S3Store(
        endpoint or swift.endpoint,
        bucket=bucket,
        access_key=swift.access_key,
        secret_key=secret_key or swift.secret_key,
        secure=False,
        region=region,
        scratch=scratch,
    )
    yield store
    await store.close()


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
async def store(swift: Swift, bucket: str, scratch: Path) -> AsyncIterator[S3Store]:
    async for store in opened(swift, bucket=bucket, scratch=scratch):
        yield store


@pytest.fixture
def spoil(plain: Minio, bucket: str) -> Spoil:
    async def spoil(artifact: Artifact, data: bytes) -> None:
        await asyncio.to_thread(plain.put_object, bucket, key_of(artifact), io.BytesIO(data), len(data))

    return spoil


@pytest.fixture
def spoil_result(plain: Minio, bucket: str) -> SpoilResult:
    async def spoil_result(stage: str, digest: str, data: bytes | None) -> bytes:
        key = f"local/results/{stage}/{digest[:2]}/{digest}"
        with await asyncio.to_thread(plain.get_object, bucket, key) as found:
            before = found.read()
        if data is not None:
            await asyncio.to_thread(plain.put_object, bucket, key, io.BytesIO(data), len(data))
        return before

    return spoil_result


def key_of(artifact: Artifact) -> str:
    return f"{artifact.tenant}/sha256/{artifact.sha256[:2]}/{artifact.sha256}"


def names(plain: Minio, bucket: str) -> list[str | None]:
    return [found.object_name for found in plain.list_objects(bucket, recursive=True)]


def parts(swift: Swift) -> set[Path]:
    """The files of whole parts on the server's disk."""
    return {path for path in swift.folder.rglob("*.data") if path.stat().st_size == PART}


class TestS3Store(StoreContract):
    """The contract over a bucket."""


async def test_an_object_lies_under_its_digest_with_its_media_type(
    store: S3Store, plain: Minio, bucket: str
) -> None:
    artifact = await store.put_bytes(TEXT, media_type="text/markdown")

    assert names(plain, bucket) == [f"local/sha256/{SHA256[:2]}/{SHA256}"]
    assert plain.stat_object(bucket, key_of(artifact)).content_type == "text/markdown"


async def test_what_is_there_is_not_uploaded_again(store: S3Store, plain: Minio, bucket: str) -> None:
    artifact = await store.put_bytes(TEXT, media_type="text/plain")

    await store.put_bytes(TEXT, media_type="text/markdown")

    assert plain.stat_object(bucket, key_of(artifact)).content_type == "text/plain"


async def test_a_file_of_several_parts_comes_back_whole(store: S3Store, tmp_path: Path) -> None:
    data = os.urandom(1 << 20) * (2 * PART >> 20) + b"and a little more"
    (tmp_path / "long").write_bytes(data)

    artifact = await store.put_file(tmp_path / "long", media_type="application/octet-stream")
    await store.fetch(artifact, tmp_path / "again")

    assert artifact.size_bytes == len(data)
    assert (tmp_path / "again").read_bytes() == data


async def test_a_file_of_several_parts_is_not_uploaded_again_unless_another_lies_there(
    store: S3Store, plain: Minio, spoil: Spoil, bucket: str, tmp_path: Path
) -> None:
    data = os.urandom(1 << 20) * (PART >> 20) + b"and a little more"
    (tmp_path / "long").write_bytes(data)
    artifact = await store.put_file(tmp_path / "long", media_type="text/plain")

    await store.put_file(tmp_path / "long", media_type="text/markdown")
    kept = plain.stat_object(bucket, key_of(artifact)).content_type
    await spoil(artifact, data[::-1])
    await store.put_file(tmp_path / "long", media_type="text/markdown")

    assert kept == "text/plain"
    assert await store.read(artifact, limit=len(data)) == data


async def test_a_file_that_changes_while_it_is_stored_does_not_appear(
    store: S3Store, swift: Swift, plain: Minio, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "growing"
    source.write_bytes(bytes(2 * PART))
    before, holds = parts(swift), store._bucket.holds

    def meanwhile(key: str, file: BinaryIO, size: int) -> bool:
        source.write_bytes(bytes(2 * PART - 1) + b"!")
        return holds(key, file, size)

    monkeypatch.setattr(store._bucket, "holds", meanwhile)

    with pytest.raises(ValueError, match="changed while it was stored"):
        await store.put_file(source, media_type="application/octet-stream")

    assert names(plain, bucket) == []
    assert parts(swift) == before


async def test_a_cancelled_upload_leaves_nothing(
    store: S3Store, swift: Swift, plain: Minio, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "long"
    source.write_bytes(bytes(3 * PART))
    before = parts(swift)
    upload_part = store._bucket._client._upload_part
    one_part_there, go_on = threading.Event(), threading.Event()

    def pausing(*args: Any) -> str:
        etag = upload_part(*args)
        one_part_there.set()
        go_on.wait(10)
        return etag

    monkeypatch.setattr(store._bucket._client, "_upload_part", pausing)

    put = asyncio.create_task(store.put_file(source, media_type="application/octet-stream"))
    await asyncio.to_thread(one_part_there.wait, 10)
    begun = parts(swift) - before
    put.cancel()
    asyncio.get_running_loop().call_soon(go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await put

    assert len(begun) == 1
    assert names(plain, bucket) == []
    assert parts(swift) == before


async def test_path_removes_its_file(store: S3Store, scratch: Path) -> None:
    artifact = await store.put_bytes(TEXT, media_type="text/plain")

    async with store.path(artifact) as path:
        inside = path.is_relative_to(scratch)
    with pytest.raises(RuntimeError, match="the caller's"):
        async with store.path(artifact):
            raise RuntimeError("the caller's")

    assert inside
    assert list(scratch.iterdir()) == []


async def test_corrupt_bytes_are_kept_aside(store: S3Store, spoil: Spoil, plain: Minio, bucket: str) -> None:
    artifact = await store.put_bytes(TEXT, media_type="text/plain")
    await spoil(artifact, b"Once upon a lime.")

    with pytest.raises(ArtifactCorrupt):
        await store.read(artifact)

    assert names(plain, bucket) == [f"corrupt/local/{SHA256}"]


async def test_bytes_that_rot_on_the_servers_disk_are_noticed(store: S3Store, swift: Swift) -> None:
    tale = b"A tale that no other test tells."
    artifact = await store.put_bytes(tale, media_type="text/plain")
    [rotten] = [path for path in swift.folder.rglob("*.data") if path.read_bytes() == tale]
    rotten.write_bytes(tale.replace(b"tale", b"male"))

    with pytest.raises(ArtifactCorrupt):
        await store.read(artifact)

    with pytest.raises(ArtifactMissing):
        await store.read(artifact)
    assert await store.read(await store.put_bytes(tale, media_type="text/plain")) == tale


async def test_a_presigned_url_reads_the_bytes_until_it_expires(store: S3Store) -> None:
    artifact = await store.put_bytes(TEXT, media_type="text/plain")
    url = await store.presign(artifact, ttl=timedelta(seconds=1))
    lasting = await store.presign(artifact, ttl=timedelta(minutes=15))

    with urllib3.PoolManager() as http:
        found = http.request("GET", lasting)
        written = http.request("PUT", lasting, body=b"other bytes")
        while (status := http.request("GET", url).status) == 200:
            await asyncio.sleep(0.2)

    assert (found.status, found.data) == (200, TEXT)
    assert written.status == 403
    assert status == 403


@pytest.mark.parametrize("ttl", [timedelta(0), timedelta(minutes=15, seconds=1)])
async def test_a_url_lives_at_most_15_minutes(store: S3Store, ttl: timedelta) -> None:
    artifact = await store.put_bytes(TEXT, media_type="text/plain")

    with pytest.raises(ValueError, match="1 to 900 seconds"):
        await store.presign(artifact, ttl=ttl)


async def test_nothing_has_no_url(store: S3Store) -> None:
    artifact = Artifact.of("local", SHA256, size_bytes=len(TEXT), media_type="text/plain")

    with pytest.raises(ArtifactMissing):
        await store.presign(artifact, ttl=timedelta(minutes=1))


async def test_a_wrong_secret_says_which_settings_to_check(swift: Swift, bucket: str) -> None:
    async for store in opened(swift, bucket=bucket, secret_key="not-the-secret"):
        with pytest.raises(StoreUnavailable, match="refused with 403") as caught:
            await store.put_bytes(TEXT, media_type="text/plain")
        with pytest.raises(StoreUnavailable, match="SignatureDoesNotMatch"):
            await store.get_result("tts", SHA256)

    assert "STORYREEL_S3_SECRET_KEY" in caught.value.suggestions[0].description
    assert "not-the-secret" not in str(caught.value.metadata)


async def test_a_bucket_that_is_not_there_is_a_wrong_setting(swift: Swift) -> None:
    artifact = Artifact.of("local", SHA256, size_bytes=len(TEXT), media_type="text/plain")

    async for store in opened(swift, bucket="nobody-made-it"):
        for call in (
            store.put_bytes(TEXT, media_type="text/plain"),
            store.exists(artifact),
            store.read(artifact),
            store.get_result("tts", SHA256),
            store.put_result("tts", SHA256, b"a reply"),
        ):
            with pytest.raises(Configuration, match=r"'nobody-made-it'.*STORYREEL_S3_BUCKET"):
                await call


async def test_another_region_is_a_wrong_setting(swift: Swift, bucket: str) -> None:
    async for store in opened(swift, bucket=bucket, region="eu-west-1"):
        with pytest.raises(Configuration, match="STORYREEL_S3_REGION"):
            await store.get_result("tts", SHA256)


async def test_an_endpoint_where_nobody_listens_is_named(swift: Swift) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{nobody.getsockname()[1]}"

        async for store in opened(swift, endpoint=endpoint):
            with pytest.raises(StoreUnavailable, match=f"{endpoint} does not answer") as caught:
                await store.put_bytes(TEXT, media_type="text/plain")

    assert "STORYREEL_S3_ENDPOINT" in caught.value.suggestions[0].description


async def test_an_endpoint_that_is_no_s3_is_not_an_empty_store(swift: Swift) -> None:
    with some_web_server() as endpoint:
        async for store in opened(swift, endpoint=endpoint):
            with pytest.raises(StoreUnavailable, match=endpoint) as caught:
                await store.get_result("tts", SHA256)
            with pytest.raises(Configuration, match=endpoint):
                await store.put_bytes(TEXT, media_type="text/plain")

    assert "does not speak S3" in caught.value.suggestions[0].description


async def test_the_settings_lead_to_the_same_store(swift: Swift, bucket: str, store: S3Store) -> None:
    settings = StoreSettings(
        store="s3",
        s3_endpoint=swift.endpoint,
        s3_access_key=swift.access_key,
        s3_secret_key=swift.secret_key,
        s3_secure=False,
        s3_bucket=bucket,
    )
    artifact = await store.put_bytes(TEXT, media_type="text/plain")
    configured = connect(settings)

    found = await configured.read(artifact)

    assert isinstance(configured, S3Store)
    await configured.close()
    assert found == TEXT
