"""What every store must do; each backend's test module inherits these tests and gives a `store`."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from services.artifacts.store import Artifact, Store
from services.chassis.errors import ArtifactCorrupt, ArtifactMissing, InvalidRequest

TEXT = b"Once upon a time."
SHA256 = hashlib.sha256(TEXT).hexdigest()
DIGEST = hashlib.sha256(b"a request").hexdigest()

Spoil = Callable[[Artifact, bytes], Awaitable[None]]
"""Puts other bytes where an artifact's lie, behind the store's back."""

SpoilResult = Callable[[str, str, bytes | None], Awaitable[bytes]]
"""Puts other bytes (unless None) where a stage's result lies; gives what lay there."""


def never_stored(tenant: str = "local") -> Artifact:
    """A reference to bytes that no test stores."""
    sha256 = hashlib.sha256(b"never stored").hexdigest()
    return Artifact.of(tenant, sha256, size_bytes=12, media_type="text/plain")


async def collected(store: Store, artifact: Artifact, *, start: int = 0) -> list[bytes]:
    """The pieces that `open` gives."""
    return [piece async for piece in store.open(artifact, start=start)]


class StoreContract:
    """Needs the fixtures `store`, `spoil` and `spoil_result`."""

    async def test_what_is_put_is_named_by_its_digest_and_read_back(self, store: Store) -> None:
        artifact = await store.put_bytes(TEXT, media_type="text/plain")

        assert artifact == Artifact.of("local", SHA256, size_bytes=len(TEXT), media_type="text/plain")
        assert await store.read(artifact) == TEXT
        assert await store.exists(artifact)

    async def test_a_file_is_copied_and_stays_the_callers(self, store: Store, tmp_path: Path) -> None:
        source = tmp_path / "tale.txt"
        source.write_bytes(TEXT)

        artifact = await store.put_file(source, media_type="text/plain")
        source.write_bytes(b"another tale")

        assert artifact.sha256 == SHA256
        assert await store.read(artifact) == TEXT

    async def test_the_same_bytes_as_another_media_type_are_stored_once(self, store: Store) -> None:
        first = await store.put_bytes(TEXT, media_type="text/plain")
        second = await store.put_bytes(TEXT, media_type="text/markdown")

        assert first.uri == second.uri
        assert second.media_type == "text/markdown"

    async def test_many_may_put_the_same_bytes_at_once(self, store: Store) -> None:
        artifacts = await asyncio.gather(*(store.put_bytes(TEXT, media_type="text/plain") for _ in range(12)))

        assert len(set(artifacts)) == 1
        assert await store.read(artifacts[0]) == TEXT

    async def test_nothing_is_no_artifact(self, store: Store, tmp_path: Path) -> None:
        empty = tmp_path / "empty"
        empty.touch()

        with pytest.raises(ValueError, match="at least one byte"):
            await store.put_bytes(b"", media_type="text/plain")
        with pytest.raises(ValueError, match="at least one byte"):
            await store.put_file(empty, media_type="text/plain")

    @pytest.mark.parametrize(
        "odd", ["", "text", "text/plain; charset=utf-8", "text/plain\r\nX: 1", "a/" + "b" * 99]
    )
    async def test_a_media_type_the_contract_refuses_is_refused(
        self, store: Store, tmp_path: Path, odd: str
    ) -> None:
        (tmp_path / "tale.txt").write_bytes(TEXT)

        with pytest.raises(ValueError, match="not a media type"):
            await store.put_bytes(TEXT, media_type=odd)
        with pytest.raises(ValueError, match="not a media type"):
            await store.put_file(tmp_path / "tale.txt", media_type=odd)

    async def test_fetch_writes_the_bytes_to_a_file(self, store: Store, tmp_path: Path) -> None:
        artifact = await store.put_bytes(TEXT, media_type="text/plain")
        target = tmp_path / "deep" / "tale.txt"

        await store.fetch(artifact, target)

        assert target.read_bytes() == TEXT
        assert list(target.parent.iterdir()) == [target]

    async def test_path_gives_a_file_with_the_bytes(self, store: Store) -> None:
        artifact = await store.put_bytes(TEXT, media_type="text/plain")

        async with store.path(artifact) as first, store.path(artifact) as second:
            found = first.read_bytes(), second.read_bytes()

        assert found == (TEXT, TEXT)

    async def test_open_reads_from_anywhere_to_the_end(self, store: Store) -> None:
        data = bytes(range(256)) * 10_000
        artifact = await store.put_bytes(data, media_type="application/octet-stream")

        whole = await collected(store, artifact)
        tail = await collected(store, artifact, start=len(data) - 5)
        nothing = await collected(store, artifact, start=len(data))

        assert b"".join(whole) == data
        assert max(map(len, whole)) <= 1 << 20
        assert b"".join(tail) == data[-5:]
        assert nothing == []

    @pytest.mark.parametrize("start", [-1, len(TEXT) + 1])
    async def test_open_refuses_a_start_outside_the_bytes(self, store: Store, start: int) -> None:
        artifact = await store.put_bytes(TEXT, media_type="text/plain")

        with pytest.raises(ValueError, match="outside"):
            await collected(store, artifact, start=start)

    async def test_a_reader_may_stop_early(self, store: Store) -> None:
        artifact = await store.put_bytes(bytes(3 << 20), media_type="application/octet-stream")

        async for piece in store.open(artifact):
            first = piece
            break

        assert set(first) == {0}
        assert await store.exists(artifact)

    async def test_every_way_to_read_says_that_an_artifact_is_missing(
        self, store: Store, tmp_path: Path
    ) -> None:
        artifact = never_stored()

        assert not await store.exists(artifact)
        with pytest.raises(ArtifactMissing) as caught:
            await store.read(artifact)
        assert caught.value.metadata == {"uri": artifact.uri, "size_bytes": "12"}
        with pytest.raises(ArtifactMissing):
            await store.fetch(artifact, tmp_path / "never")
        with pytest.raises(ArtifactMissing):
            await collected(store, artifact)
        with pytest.raises(ArtifactMissing):
            async with store.path(artifact):
                pass
        assert list(tmp_path.glob("*never*")) == []

    async def test_another_tenants_artifact_is_not_there(self, store: Store) -> None:
        mine = await store.put_bytes(TEXT, media_type="text/plain")
        theirs = Artifact.of("else", mine.sha256, size_bytes=len(TEXT), media_type="text/plain")

        await store.delete(theirs)

        assert not await store.exists(theirs)
        with pytest.raises(ArtifactMissing):
            await store.read(theirs)
        assert await store.read(mine) == TEXT

    @pytest.mark.parametrize("spoilt", [b"Once upon a lime.", b"Once upon", TEXT + b" The end."])
    async def test_other_bytes_are_noticed_set_aside_and_replaced(
        self, store: Store, spoil: Spoil, spoilt: bytes
    ) -> None:
        artifact = await store.put_bytes(TEXT, media_type="text/plain")
        await spoil(artifact, spoilt)

        with pytest.raises(ArtifactCorrupt) as caught:
            await store.read(artifact)

        assert caught.value.metadata["found"] == hashlib.sha256(spoilt).hexdigest()
        with pytest.raises(ArtifactMissing):
            await store.read(artifact)
        assert await store.read(await store.put_bytes(TEXT, media_type="text/plain")) == TEXT

    async def test_other_bytes_are_noticed_by_fetch_and_leave_no_file(
        self, store: Store, spoil: Spoil, tmp_path: Path
    ) -> None:
        artifact = await store.put_bytes(TEXT, media_type="text/plain")
        await spoil(artifact, b"Once upon a lime.")

        with pytest.raises(ArtifactCorrupt):
            await store.fetch(artifact, tmp_path / "target" / "tale.txt")

        assert list((tmp_path / "target").iterdir()) == []

    async def test_other_bytes_are_noticed_by_path_even_after_it_gave_good_ones(
        self, store: Store, spoil: Spoil
    ) -> None:
        artifact = await store.put_bytes(TEXT, media_type="text/plain")
        async with store.path(artifact) as path:
            assert path.read_bytes() == TEXT
        await spoil(artifact, b"Once upon a lime.")

        with pytest.raises(ArtifactCorrupt):
            async with store.path(artifact):
                pass

    async def test_other_bytes_are_noticed_at_the_end_of_open(self, store: Store, spoil: Spoil) -> None:
        artifact = await store.put_bytes(TEXT, media_type="text/plain")
        await spoil(artifact, b"Once upon a lime.")

        with pytest.raises(ArtifactCorrupt):
            await collected(store, artifact)

    async def test_open_from_the_middle_notices_that_bytes_are_lacking(
        self, store: Store, spoil: Spoil
    ) -> None:
        artifact = await store.put_bytes(TEXT, media_type="text/plain")
        await spoil(artifact, TEXT[:8])

        for start in (4, 8, 12):
            with pytest.raises(ArtifactMissing):
                await collected(store, artifact, start=start)

    async def test_put_replaces_bytes_of_another_length(self, store: Store, spoil: Spoil) -> None:
        artifact = await store.put_bytes(TEXT, media_type="text/plain")
        await spoil(artifact, TEXT[:8])

        again = await store.put_bytes(TEXT, media_type="text/plain")

        assert await store.read(again) == TEXT

    @pytest.mark.parametrize("as_file", [False, True])
    async def test_put_replaces_other_bytes_of_the_same_length(
        self, store: Store, spoil: Spoil, tmp_path: Path, as_file: bool
    ) -> None:
        source = tmp_path / "tale.txt"
        source.write_bytes(TEXT)
        artifact = await store.put_file(source, media_type="text/plain")
        await spoil(artifact, b"Once upon a lime.")

        if as_file:
            await store.put_file(source, media_type="text/plain")
        else:
            await store.put_bytes(TEXT, media_type="text/plain")

        assert await store.read(artifact) == TEXT

    async def test_a_reference_with_the_wrong_length_leads_nowhere_and_harms_nothing(
        self, store: Store
    ) -> None:
        artifact = await store.put_bytes(TEXT, media_type="text/plain")
        wrong = Artifact.of("local", artifact.sha256, size_bytes=3, media_type="text/plain")

        assert not await store.exists(wrong)
        with pytest.raises(ArtifactMissing, match="17 bytes are there"):
            await store.read(wrong)
        assert await store.read(artifact) == TEXT

    async def test_what_does_not_fit_in_memory_is_refused_before_it_is_read(self, store: Store) -> None:
        artifact = await store.put_bytes(TEXT, media_type="text/plain")

        with pytest.raises(InvalidRequest, match="17 bytes; at most 16"):
            await store.read(artifact, limit=16)
        assert await store.read(artifact, limit=17) == TEXT

    async def test_deleting_twice_is_no_error(self, store: Store) -> None:
        artifact = await store.put_bytes(TEXT, media_type="text/plain")

        await store.delete(artifact)
        await store.delete(artifact)

        assert not await store.exists(artifact)

    async def test_a_result_is_found_under_its_stage_and_digest_only(self, store: Store) -> None:
        await store.put_result("tts", DIGEST, b"an older reply")
        await store.put_result("tts", DIGEST, b"a reply")

        assert await store.get_result("tts", DIGEST) == b"a reply"
        assert await store.get_result("muxing", DIGEST) is None
        assert await store.get_result("tts", SHA256) is None

    async def test_all_results_of_a_stage_are_listed_but_damaged_ones(
        self, store: Store, spoil_result: SpoilResult
    ) -> None:
        nothing = await store.results("jobs")
        for digest in (DIGEST, SHA256, DIGEST[::-1]):
            await store.put_result("jobs", digest, digest.encode())
        await store.put_result("tts", DIGEST, b"another stage's")
        await spoil_result("jobs", DIGEST, b"damaged")

        found = await store.results("jobs")

        assert list(nothing) == []
        assert set(found) == {SHA256.encode(), DIGEST[::-1].encode()}

    async def test_an_empty_reply_is_a_result(self, store: Store) -> None:
        await store.put_result("parsing", DIGEST, b"")

        assert await store.get_result("parsing", DIGEST) == b""

    async def test_no_flipped_bit_of_a_result_passes_for_a_reply(
        self, store: Store, spoil_result: SpoilResult, caplog: pytest.LogCaptureFixture
    ) -> None:
        reply = b"a reply of a few bytes"
        await store.put_result("tts", DIGEST, reply)
        record = await spoil_result("tts", DIGEST, None)

        found = []
        for bit in range(0, len(record) * 8, 7):
            flipped = bytearray(record)
            flipped[bit // 8] ^= 1 << bit % 8
            await spoil_result("tts", DIGEST, bytes(flipped))
            found.append(await store.get_result("tts", DIGEST))

        assert len(found) > 50
        assert set(found) == {None}
        assert {record.message for record in caplog.records} == {"result.damaged"}
        await store.put_result("tts", DIGEST, reply)
        assert await store.get_result("tts", DIGEST) == reply

    @pytest.mark.parametrize("left", [0, 5, 32])
    async def test_a_result_that_was_cut_off_is_a_miss(
        self, store: Store, spoil_result: SpoilResult, left: int
    ) -> None:
        await store.put_result("tts", DIGEST, b"a reply")
        record = await spoil_result("tts", DIGEST, None)
        await spoil_result("tts", DIGEST, record[:left])

        assert await store.get_result("tts", DIGEST) is None

    async def test_a_result_under_another_requests_name_is_a_miss(
        self, store: Store, spoil_result: SpoilResult
    ) -> None:
        await store.put_result("tts", DIGEST, b"a reply")
        record = await spoil_result("tts", DIGEST, None)
        await store.put_result("tts", SHA256, b"another reply")
        await spoil_result("tts", SHA256, record)

        assert await store.get_result("tts", SHA256) is None

    @pytest.mark.parametrize(
        ("stage", "digest"), [("../tts", DIGEST), ("tts", "../" + DIGEST[3:]), ("", DIGEST)]
    )
    async def test_no_name_leads_out_of_the_results(self, store: Store, stage: str, digest: str) -> None:
        with pytest.raises(ValueError, match="is no"):
            await store.put_result(stage, digest, b"a reply")
        with pytest.raises(ValueError, match="is no"):
            await store.get_result(stage, digest)
