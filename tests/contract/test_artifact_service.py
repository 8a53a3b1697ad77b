"""ArtifactService over a real socket: bytes in and out, ranges, and every refusal that its contract names."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest

from services.artifacts import servicer, wire
from services.artifacts.client import ArtifactClient
from services.artifacts.local import LocalStore
from services.artifacts.servicer import CHUNK, LARGEST_UPLOAD, room
from services.artifacts.store import Artifact
from services.chassis.channel import connect, errors
from services.chassis.errors import (
    ArtifactCorrupt,
    ArtifactMissing,
    Configuration,
    Deadline,
    InvalidRequest,
    Overloaded,
    StoreFull,
    StoryreelError,
)
from services.chassis.server import Server
from storyreel.artifact.v1 import artifact_service_pb2 as pb
from storyreel.artifact.v1 import artifact_service_pb2_grpc as pb_grpc

TEXT = b"# A fjord\n\nIt is deep.\n"
SHA256 = hashlib.sha256(TEXT).hexdigest()
LARGE = os.urandom(3 * CHUNK + 17)
"""More than three chunks, and no whole number of them."""


@dataclass
class Service:
    """A running service, its store, and the folder that uploads are gathered in."""

    client: ArtifactClient
    stub: pb_grpc.ArtifactServiceStub
    store: LocalStore
    scratch: Path
    address: str
    plain: list[grpc.aio.Channel] = field(default_factory=list)

    async def upload(self, *requests: pb.UploadRequest) -> Artifact:
        """Send messages as they are."""

        async def each() -> AsyncIterator[pb.UploadRequest]:
            for request in requests:
                yield request

        with errors():
            return wire.from_proto((await self.stub.Upload(each())).artifact)

    async def download(self, artifact: Artifact, *, offset: int = 0, length: int = 0) -> list[bytes]:
        """The chunks of a range."""
        message = wire.to_proto(artifact)
        request = pb.DownloadRequest(artifact=message, offset=offset, length=length)
        with errors():
            return [reply.chunk async for reply in self.stub.Download(request)]

    def raw(self) -> grpc.aio.StreamUnaryCall[pb.UploadRequest, pb.UploadResponse]:
        """An upload whose messages are written one by one, with gRPC alone."""
        plain = grpc.aio.insecure_channel(self.address)
        self.plain.append(plain)
        return pb_grpc.ArtifactServiceStub(plain).Upload()

    def stored(self) -> list[Path]:
        """The files of the store and of uploads."""
        folders = (self.store.root, self.scratch)
        return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
async def artifacts(store: LocalStore, tmp_path: Path) -> AsyncIterator[Service]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server([room(store)], f"unix:{folder}/artifacts.sock")
        await server.start()
        async with connect(server.bound) as channel:
            stub = pb_grpc.ArtifactServiceStub(channel)
            scratch = tmp_path / "home" / "scratch"
            service = Service(ArtifactClient(channel), stub, store, scratch, server.bound)
            yield service
            for plain in service.plain:
                await plain.close()
        await server.stop(0)


def header(**fields: object) -> pb.UploadRequest:
    return pb.UploadRequest(header=pb.UploadHeader(**{"media_type": "text/markdown"} | fields))


def chunks(*data: bytes) -> Iterable[pb.UploadRequest]:
    return [pb.UploadRequest(chunk=each) for each in data]


async def test_bytes_come_back_as_they_were_handed_in(artifacts: Service, tmp_path: Path) -> None:
    artifact = await artifacts.client.put_bytes(TEXT, media_type="text/markdown")
    await artifacts.client.fetch(artifact, tmp_path / "back.md")

    assert artifact == Artifact.of("local", SHA256, size_bytes=len(TEXT), media_type="text/markdown")
    assert (tmp_path / "back.md").read_bytes() == TEXT
    assert await artifacts.client.read(artifact) == TEXT
    assert await artifacts.store.read(artifact) == TEXT


async def test_a_file_of_many_chunks_comes_back_and_leaves_nothing_in_scratch(
    artifacts: Service, tmp_path: Path
) -> None:
    (tmp_path / "large").write_bytes(LARGE)

    artifact = await artifacts.client.put_file(tmp_path / "large", media_type="video/mp4")
    await artifacts.client.fetch(artifact, tmp_path / "back")

    assert (tmp_path / "back").read_bytes() == LARGE
    assert [*artifacts.scratch.iterdir()] == []


async def test_a_header_needs_no_size_and_no_digest(artifacts: Service) -> None:
    artifact = await artifacts.upload(header(), *chunks(TEXT[:5], TEXT[5:]))

    assert artifact.sha256 == SHA256


async def test_the_same_bytes_twice_are_one_artifact(artifacts: Service) -> None:
    first = await artifacts.client.put_bytes(TEXT, media_type="text/markdown")
    again = await artifacts.client.put_bytes(TEXT, media_type="text/markdown")

    assert first == again
    assert len(artifacts.stored()) == 1


@pytest.mark.parametrize(
    ("requests", "field"),
    [
        ([header(sha256="0" * 64), *chunks(TEXT)], "header.sha256"),
        ([header(size_bytes=len(TEXT) + 1), *chunks(TEXT)], "header.size_bytes"),
        ([header(size_bytes=3), *chunks(TEXT)], "header.size_bytes"),
        ([header()], "chunk"),
        ([*chunks(TEXT)], "header"),
        ([header(), header(), *chunks(TEXT)], "header"),
        ([header(), pb.UploadRequest()], "part"),
        ([header(media_type="../evil"), *chunks(TEXT)], "header.media_type"),
        ([header(size_bytes=LARGEST_UPLOAD + 1), *chunks(TEXT)], "header.size_bytes"),
        ([header(), *chunks(bytes(CHUNK + 1))], "chunk"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_breaks_the_contract_is_refused_by_its_field_and_nothing_is_kept(
    artifacts: Service, requests: list[pb.UploadRequest], field: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await artifacts.upload(*requests)

    assert [violation.field for violation in caught.value.violations] == [field]
    assert artifacts.stored() == []


async def test_a_refused_header_is_told_before_many_chunks_are_sent(artifacts: Service) -> None:
    sent = 0

    async def requests() -> AsyncIterator[pb.UploadRequest]:
        nonlocal sent
        yield header(media_type="../evil")
        for chunk in chunks(*[bytes(CHUNK)] * 64):
            sent += 1
            yield chunk

    with pytest.raises(InvalidRequest), errors():
        await artifacts.stub.Upload(requests())

    assert sent == 0


async def test_an_upload_without_any_message_is_refused(artifacts: Service) -> None:
    call = artifacts.raw()

    await call.done_writing()

    with pytest.raises(InvalidRequest, match="must be the header"), errors():
        await call


async def test_an_upload_that_breaks_off_leaves_nothing(artifacts: Service) -> None:
    going = asyncio.Event()

    async def requests() -> AsyncIterator[pb.UploadRequest]:
        yield header(size_bytes=len(LARGE))
        yield pb.UploadRequest(chunk=LARGE[:CHUNK])
        going.set()
        await asyncio.Event().wait()

    upload = asyncio.ensure_future(_awaited(artifacts.stub.Upload(requests())))
    await going.wait()
    upload.cancel()
    await asyncio.gather(upload, return_exceptions=True)

    async with asyncio.timeout(10):
        while artifacts.stored():
            await asyncio.sleep(0.01)


async def _awaited(call: object) -> object:
    return await call  # type: ignore[misc]


async def test_a_caller_that_falls_silent_loses_its_place(
    artifacts: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servicer, "SILENCE_SECONDS", 0.2)
    call = artifacts.raw()  # a caller that sends a header, and nothing more

    await call.write(header())

    with pytest.raises(Deadline, match="sent nothing"), errors():
        await call


async def test_a_full_disk_is_told_even_to_who_is_still_sending(
    artifacts: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(upload: servicer._Upload, file: object, chunk: bytes) -> None:
        raise StoreFull("The disk is full.")

    monkeypatch.setattr(servicer._Upload, "_write", full)

    with pytest.raises(StoreFull):
        await artifacts.client.put_bytes(LARGE, media_type="video/mp4")


@pytest.mark.parametrize(
    ("offset", "length"),
    [(0, 0), (5, 0), (0, 5), (CHUNK - 1, 2), (CHUNK, CHUNK), (len(LARGE) - 1, 1), (0, len(LARGE))],
)
async def test_a_range_has_the_bytes_of_its_place(artifacts: Service, offset: int, length: int) -> None:
    artifact = await artifacts.store.put_bytes(LARGE, media_type="video/mp4")

    sent = await artifacts.download(artifact, offset=offset, length=length)

    assert b"".join(sent) == LARGE[offset : offset + length if length else None]
    assert max(map(len, sent)) <= CHUNK


@pytest.mark.parametrize(
    ("offset", "length", "field"),
    [
        (len(TEXT), 0, "offset"),
        (len(TEXT) + 9, 1, "offset"),
        (0, len(TEXT) + 1, "length"),
        (5, len(TEXT) - 4, "length"),
    ],
)
async def test_a_range_beyond_the_end_is_refused(
    artifacts: Service, offset: int, length: int, field: str
) -> None:
    artifact = await artifacts.store.put_bytes(TEXT, media_type="text/markdown")

    with pytest.raises(InvalidRequest, match="beyond the end") as caught:
        await artifacts.download(artifact, offset=offset, length=length)

    assert [violation.field for violation in caught.value.violations] == [field]


@pytest.mark.parametrize("tenant", ["local", "somebody-else"])
async def test_what_is_not_there_or_another_tenants_is_missing(artifacts: Service, tenant: str) -> None:
    if tenant != "local":
        await artifacts.store.put_bytes(TEXT, media_type="text/markdown")
    artifact = Artifact.of(tenant, SHA256, size_bytes=len(TEXT), media_type="text/markdown")

    with pytest.raises(ArtifactMissing):
        await artifacts.client.read(artifact)


async def test_an_artifact_of_another_length_is_missing_in_any_range(artifacts: Service) -> None:
    stored = await artifacts.store.put_bytes(TEXT, media_type="text/markdown")
    longer = Artifact.of("local", stored.sha256, size_bytes=len(TEXT) + 5, media_type="text/markdown")

    with pytest.raises(ArtifactMissing):
        await artifacts.download(longer, offset=2, length=3)


async def test_damaged_bytes_are_no_success_and_no_file(artifacts: Service, tmp_path: Path) -> None:
    artifact = await artifacts.store.put_bytes(LARGE, media_type="video/mp4")
    (place,) = artifacts.stored()
    place.chmod(0o600)
    place.write_bytes(LARGE[:-1] + bytes([LARGE[-1] ^ 1]))

    with pytest.raises(ArtifactCorrupt):
        await artifacts.client.fetch(artifact, tmp_path / "back")

    assert not (tmp_path / "back").exists()


async def test_a_download_goes_on_where_its_connection_broke(
    artifacts: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = await artifacts.store.put_bytes(LARGE, media_type="video/mp4")
    offsets = []
    whole = servicer.ArtifactServicer.Download

    async def breaking(
        self: servicer.ArtifactServicer, request: pb.DownloadRequest, context: servicer.Context
    ) -> AsyncIterator[pb.DownloadResponse]:
        offsets.append(request.offset)
        async for reply in whole(self, request, context):
            yield reply
            if len(offsets) == 1:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "going down")

    monkeypatch.setattr(servicer.ArtifactServicer, "Download", breaking)
    with tempfile.TemporaryDirectory() as folder:
        server = Server([room(artifacts.store)], f"unix:{folder}/artifacts.sock")
        await server.start()
        async with connect(server.bound) as channel:
            await ArtifactClient(channel).fetch(artifact, tmp_path / "back")
        await server.stop(0)

    assert (tmp_path / "back").read_bytes() == LARGE
    assert offsets == [0, CHUNK]


async def test_a_store_of_files_says_that_it_makes_no_urls(artifacts: Service) -> None:
    artifact = await artifacts.client.put_bytes(TEXT, media_type="text/markdown")

    with pytest.raises(Configuration, match="makes no URLs"):
        await artifacts.client.get_url(artifact)


async def test_only_so_many_uploads_go_on_at_once(artifacts: Service) -> None:
    go_on = asyncio.Event()

    async def slow() -> AsyncIterator[pb.UploadRequest]:
        yield header()
        yield pb.UploadRequest(chunk=TEXT)
        await go_on.wait()

    most = room(artifacts.store).limits["Upload"].at_once
    waiting = [asyncio.ensure_future(_awaited(artifacts.stub.Upload(slow()))) for _ in range(most)]
    refused: StoryreelError | None = None
    async with asyncio.timeout(20):
        while refused is None:
            await asyncio.sleep(0.05)
            try:
                await artifacts.client.put_bytes(TEXT, media_type="text/markdown")
            except Overloaded as error:
                refused = error
    go_on.set()
    replies = await asyncio.gather(*waiting)

    assert refused.retry_after is not None
    assert len(replies) == most
