"""The store in a folder: the contract, and what only files can do."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest

from services.artifacts.local import LocalStore
from services.artifacts.store import Artifact
from services.chassis.errors import ArtifactCorrupt, Configuration, StoreUnavailable
from tests.unit.artifacts.contract import DIGEST, SHA256, TEXT, Spoil, SpoilResult, StoreContract


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "home" / "store"


@pytest.fixture
def store(root: Path) -> LocalStore:
    return LocalStore(root)


@pytest.fixture
def spoil(root: Path) -> Spoil:
    async def spoil(artifact: Artifact, data: bytes) -> None:
        place = root / "local" / "sha256" / artifact.sha256[:2] / artifact.sha256
        place.chmod(0o644)
        place.write_bytes(data)

    return spoil


@pytest.fixture
def spoil_result(root: Path) -> SpoilResult:
    async def spoil_result(stage: str, digest: str, data: bytes | None) -> bytes:
        place = root / "local" / "results" / stage / digest[:2] / digest
        before = place.read_bytes()
        if data is not None:
            place.write_bytes(data)
        return before

    return spoil_result


class TestLocalStore(StoreContract):
    """The contract over a folder."""


async def test_an_object_lies_read_only_under_its_digest(store: LocalStore, root: Path) -> None:
    artifact = await store.put_bytes(TEXT, media_type="text/plain")

    async with store.path(artifact) as path:
        found = path

    assert found == root / "local" / "sha256" / SHA256[:2] / SHA256
    assert stat.S_IMODE(found.stat().st_mode) == 0o444


async def test_what_is_there_is_not_written_again(store: LocalStore, tmp_path: Path) -> None:
    artifact = await store.put_bytes(TEXT, media_type="text/plain")
    async with store.path(artifact) as path:
        before = path.stat()
    (tmp_path / "tale.txt").write_bytes(TEXT)

    await store.put_bytes(TEXT, media_type="text/plain")
    await store.put_file(tmp_path / "tale.txt", media_type="text/plain")

    assert path.stat().st_ino == before.st_ino
    assert path.stat().st_mtime_ns == before.st_mtime_ns


async def test_only_finished_files_are_left(store: LocalStore, root: Path, tmp_path: Path) -> None:
    (tmp_path / "tale.txt").write_bytes(TEXT * 100)

    await store.put_bytes(TEXT, media_type="text/plain")
    await store.put_file(tmp_path / "tale.txt", media_type="text/plain")
    await store.put_result("tts", DIGEST, b"a reply")

    names = sorted(path.name for path in root.rglob("*") if path.is_file())
    assert len(names) == 3
    assert all(len(name) == 64 for name in names)


async def test_the_first_write_of_a_process_takes_away_what_killed_ones_left(
    store: LocalStore, root: Path
) -> None:
    left = root / "unfinished" / ".unfinished-0123456789abcdef"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")

    await store.put_bytes(TEXT, media_type="text/plain")

    assert list(left.parent.iterdir()) == []


async def test_corrupt_bytes_are_kept_aside(store: LocalStore, root: Path, spoil: Spoil) -> None:
    artifact = await store.put_bytes(TEXT, media_type="text/plain")
    await spoil(artifact, b"Once upon a lime.")

    with pytest.raises(ArtifactCorrupt) as caught:
        await store.read(artifact)

    aside = root / "corrupt" / "local" / SHA256
    assert aside.read_bytes() == b"Once upon a lime."
    assert str(aside) in caught.value.message


async def test_what_put_replaces_is_kept_aside_and_told(
    store: LocalStore, root: Path, spoil: Spoil, caplog: pytest.LogCaptureFixture
) -> None:
    artifact = await store.put_bytes(TEXT, media_type="text/plain")
    await spoil(artifact, b"Once upon a lime.")

    await store.put_bytes(TEXT, media_type="text/plain")

    assert (root / "corrupt" / "local" / SHA256).read_bytes() == b"Once upon a lime."
    assert [record.message for record in caplog.records] == ["artifact.replaced"]


async def test_tenants_do_not_see_each_other(root: Path) -> None:
    ours, theirs = LocalStore(root, tenant="ours"), LocalStore(root, tenant="theirs")
    artifact = await ours.put_bytes(TEXT, media_type="text/plain")
    await ours.put_result("tts", DIGEST, b"ours")

    assert artifact.tenant == "ours"
    assert not await theirs.exists(artifact)
    assert await theirs.get_result("tts", DIGEST) is None


@pytest.mark.parametrize("tenant", ["", "..", "a/b", "Upper", "x" * 64])
def test_a_tenant_that_could_leave_its_folder_is_refused(root: Path, tenant: str) -> None:
    with pytest.raises(ValueError, match="not a tenant"):
        LocalStore(root, tenant=tenant)


async def test_a_folder_that_cannot_be_used_is_named_with_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = LocalStore(tmp_path / "file" / "store")

    with pytest.raises(StoreUnavailable, match="file/store: Not a directory") as caught:
        await store.put_bytes(TEXT, media_type="text/plain")

    assert "STORYREEL_HOME" in caught.value.suggestions[0].description


async def test_a_source_that_is_not_there_is_the_callers_error(store: LocalStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await store.put_file(tmp_path / "nowhere", media_type="text/plain")


async def test_files_have_no_url(store: LocalStore) -> None:
    artifact = await store.put_bytes(TEXT, media_type="text/plain")

    with pytest.raises(Configuration, match="STORYREEL_STORE=s3"):
        await store.presign(artifact, ttl=timedelta(minutes=1))
