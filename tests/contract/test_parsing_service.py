"""The parsing service on a socket: what it stores, and each error it documents."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import mkdtemp

import grpc
import protovalidate
import pytest
from PIL import Image

from services.artifacts.local import LocalStore
from services.artifacts.store import Artifact
from services.artifacts.wire import from_proto, to_proto
from services.chassis.channel import connect
from services.chassis.errors import (
    ArtifactCorrupt,
    ArtifactMissing,
    DocumentTooLarge,
    EmptyDocument,
    InvalidRequest,
    UnreadableDocument,
    UnsupportedDocument,
)
from services.chassis.server import Server
from services.parsing.client import ParsingClient
from services.parsing.servicer import room
from services.parsing.settings import ParsingSettings
from services.story.footage import Footage
from services.story.scene import Card, ImageCard, ParagraphCard, TitleCard, elements
from services.story.source_place import SourcePlace
from services.story.wire import decode, scene_from_proto
from storyreel.parsing.v1 import parsing_service_pb2 as pb
from storyreel.parsing.v1 import parsing_service_pb2_grpc, storyboard_pb2

DOCUMENTS = Path(__file__).parents[1] / "data" / "documents"
TEXT = "text/markdown"


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


async def serve(settings: ParsingSettings, store: LocalStore) -> AsyncIterator[grpc.aio.Channel]:
    server = Server([room(settings, store)], f"unix:{mkdtemp(prefix='sr-')}/p.sock")
    await server.start()
    channel = connect(server.bound)
    yield channel
    await channel.close()
    await server.stop(5)


@pytest.fixture
async def parsing(store: LocalStore) -> AsyncIterator[ParsingClient]:
    async for channel in serve(ParsingSettings(), store):
        yield ParsingClient(channel)


@pytest.fixture
async def stub(store: LocalStore) -> AsyncIterator[parsing_service_pb2_grpc.ParsingServiceStub]:
    async for channel in serve(ParsingSettings(), store):
        yield parsing_service_pb2_grpc.ParsingServiceStub(channel)


@pytest.fixture
async def narrow(store: LocalStore) -> AsyncIterator[ParsingClient]:
    """A service whose child may work for one second."""
    async for channel in serve(ParsingSettings(cpu_seconds=1, seconds=20), store):
        yield ParsingClient(channel)


def stored(scene: bytes) -> Card:
    """The card of a stored scene."""
    return scene_from_proto(decode(scene, storyboard_pb2.Scene))


async def test_a_document_becomes_stored_scenes_with_chapters(
    parsing: ParsingClient, store: LocalStore
) -> None:
    document = await store.put_file(DOCUMENTS / "handbook.md", media_type=TEXT)

    parsed = await parsing.parse_document(document, name="handbook.md")
    cards = [stored(await store.read(ref.scene)) for ref in parsed.scenes]

    assert parsed.title == "The Lighthouse Handbook"
    assert [ref.id for ref in parsed.scenes] == [f"s{n:03d}" for n in range(1, len(cards) + 1)]
    assert [ref.type for ref in parsed.scenes] == [card.type for card in cards]
    assert isinstance(cards[0], TitleCard)
    assert "Daily Work" in {ref.chapter for ref in parsed.scenes}


async def test_every_block_is_placed_in_an_element_that_exists_or_dropped_with_a_reason(
    parsing: ParsingClient, store: LocalStore
) -> None:
    document = await store.put_file(DOCUMENTS / "handbook.md", media_type=TEXT)

    parsed = await parsing.parse_document(document, name="handbook.md")
    coverage = decode(await store.read(parsed.coverage), storyboard_pb2.Coverage)
    cards = {ref.id: stored(await store.read(ref.scene)) for ref in parsed.scenes}

    assert len(coverage.blocks) > 20
    for block in coverage.blocks:
        assert bool(block.placements) != bool(block.drop_reason)
        assert all(p.element in dict(elements(cards[p.scene_id])) for p in block.placements)


async def test_the_same_request_is_answered_with_the_same_artifacts(
    parsing: ParsingClient, store: LocalStore
) -> None:
    document = await store.put_bytes(b"# Tide\n\nThe tide comes in.", media_type=TEXT)

    first, second = [await parsing.parse_document(document) for _ in range(2)]

    assert first == second


async def test_a_scene_that_did_not_change_stays_the_same_artifact(
    parsing: ParsingClient, store: LocalStore
) -> None:
    before = await store.put_bytes(b"# Tide\n\n## Flood\n\nIt rises.\n\n## Ebb\n\nIt falls.", media_type=TEXT)
    after = await store.put_bytes(b"# Tide\n\n## Flood\n\nIt swells.\n\n## Ebb\n\nIt falls.", media_type=TEXT)

    old = await parsing.parse_document(before)
    new = await parsing.parse_document(after)
    changed = [a.id for a, b in zip(old.scenes, new.scenes, strict=True) if a.scene != b.scene]

    assert changed == ["s003"]


async def test_text_in_another_encoding_is_read_with_a_warning(
    parsing: ParsingClient, store: LocalStore
) -> None:
    document = await store.put_bytes("Das Café öffnet früh.".encode("cp1252"), media_type="text/plain")

    parsed = await parsing.parse_document(document, name="cafe.txt", language="de")
    card = stored(await store.read(parsed.scenes[1].scene))

    assert isinstance(card, ParagraphCard)
    assert tuple(map(str, card.sentences)) == ("Das Café öffnet früh.",)
    assert tuple(warning.message for warning in parsed.warnings) == (
        "3 bytes were no UTF-8 and read as Windows-1252.",
    )


@pytest.mark.parametrize("text", [b" \n\n\t\n", b"---\n\n***\n", b"<!-- nothing -->", b"\xef\xbb\xbf \n"])
async def test_a_document_of_nothing_but_markup_is_refused(
    parsing: ParsingClient, store: LocalStore, text: bytes
) -> None:
    document = await store.put_bytes(text, media_type=TEXT)

    with pytest.raises(EmptyDocument, match="nothing to tell"):
        await parsing.parse_document(document, name="a.md")


async def test_a_document_of_another_kind_is_named_and_the_way_out_told(
    parsing: ParsingClient, store: LocalStore
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<w:document/>")
    document = await store.put_bytes(buffer.getvalue(), media_type="application/octet-stream")

    with pytest.raises(UnsupportedDocument, match="DOCX") as caught:
        await parsing.parse_document(document, name="letter.md")

    assert caught.value.metadata["kind"] == "DOCX"
    assert "pandoc" in caught.value.suggestions[0].description


async def test_a_document_above_four_mebibytes_is_refused_unread(
    parsing: ParsingClient, store: LocalStore
) -> None:
    document = await store.put_bytes(b"x" * ((4 << 20) + 1), media_type=TEXT)

    with pytest.raises(DocumentTooLarge, match="4,194,305 bytes"):
        await parsing.parse_document(document)


async def test_a_document_of_too_many_scenes_says_how_many_parts_it_needs(
    parsing: ParsingClient, store: LocalStore
) -> None:
    line = " ".join(["It has one long sentence."] * 12)
    text = "\n\n".join(f"## Chapter {n}\n\n{line}" for n in range(600))
    document = await store.put_bytes(text.encode(), media_type=TEXT)

    with pytest.raises(DocumentTooLarge) as caught:
        await parsing.parse_document(document, name="long.md")

    assert caught.value.metadata["scenes"] == "602"
    assert "into 2 or more documents" in caught.value.suggestions[0].description


async def test_a_document_that_takes_too_long_is_refused_and_the_next_one_read(
    narrow: ParsingClient, store: LocalStore
) -> None:
    slow = await store.put_bytes(b"*a **b " * 300_000, media_type=TEXT)
    quick = await store.put_bytes(b"# Quick\n\nThis is read at once.", media_type=TEXT)

    with pytest.raises(UnreadableDocument, match="computing time"):
        await narrow.parse_document(slow, name="slow.md")

    assert (await narrow.parse_document(quick, name="quick.md")).title == "Quick"


async def test_a_document_that_is_not_in_the_store_is_missing(parsing: ParsingClient) -> None:
    nowhere = Artifact.of("local", "0" * 64, size_bytes=5, media_type=TEXT)

    with pytest.raises(ArtifactMissing):
        await parsing.parse_document(nowhere)


async def test_a_document_whose_bytes_changed_in_the_store_is_corrupt(
    parsing: ParsingClient, store: LocalStore
) -> None:
    document = await store.put_bytes(b"# Honest\n\nText.", media_type=TEXT)
    async with store.path(document) as path:
        path.chmod(0o644)
        path.write_bytes(b"# Forged\n\nText.")

    with pytest.raises(ArtifactCorrupt):
        await parsing.parse_document(document)


async def test_a_language_that_is_no_tag_breaks_the_contract(
    parsing: ParsingClient, store: LocalStore
) -> None:
    document = await store.put_bytes(b"# A\n\nText.", media_type=TEXT)

    with pytest.raises(InvalidRequest) as caught:
        await parsing.parse_document(document, language="not a language")

    assert [violation.field for violation in caught.value.violations] == ["language"]


async def test_a_described_picture_stands_at_its_scene_and_leaves_what_is_said_alone(
    parsing: ParsingClient, store: LocalStore
) -> None:
    texts = [
        b"# Tide\n\n```footage\nprompt: %s\nresolution: 480p\nvisual: auto\n```\n\nIt rises." % prompt
        for prompt in (b"the sea", b"a wave")
    ]
    documents = [await store.put_bytes(text, media_type=TEXT) for text in texts]

    one, other = [await parsing.parse_document(document, name="tide.md") for document in documents]

    assert [(ref.footage, ref.visual) for ref in one.scenes] == [
        (None, None),
        (Footage(prompt="the sea", resolution="480p"), "auto"),
    ]
    assert [ref.scene for ref in one.scenes] == [ref.scene for ref in other.scenes]


async def test_what_is_not_used_of_a_described_picture_is_warned_of(
    parsing: ParsingClient, store: LocalStore
) -> None:
    text = b"# Tide\n\n```footage\nprompt: the sea\nsteps: many\n```\n\nIt rises."

    parsed = await parsing.parse_document(await store.put_bytes(text, media_type=TEXT))

    assert [("line 5" in w.message, "`steps`" in w.message, w.place) for w in parsed.warnings] == [
        (True, True, SourcePlace(5))
    ]


async def test_the_files_that_came_with_a_document_are_the_images_of_its_footage(
    parsing: ParsingClient, store: LocalStore
) -> None:
    text = b"# Fjord\n\n```footage\nthe fjord\nimage: fjord.png\n```\n\nIt is deep."
    document = await store.put_bytes(text, media_type=TEXT)
    images = [await store.put_bytes(data, media_type="image/png") for data in (b"one", b"other")]

    without = await parsing.parse_document(document, name="fjord.md")
    one, other = [
        await parsing.parse_document(document, name="fjord.md", files={"fjord.png": image})
        for image in images
    ]

    assert [parsed.scenes[1].footage for parsed in (without, one, other)] == [
        None,
        Footage(prompt="the fjord", image=images[0]),
        Footage(prompt="the fjord", image=images[1]),
    ]
    assert ["line 5" in warning.message for warning in without.warnings] == [True]
    assert not one.warnings
    assert [scene.scene for scene in one.scenes] == [scene.scene for scene in without.scenes]


@pytest.mark.parametrize("name", ["/etc/passwd", "a\nb.png", "x" * 256, ""])
async def test_a_file_of_an_impossible_name_breaks_the_contract(
    parsing: ParsingClient, store: LocalStore, name: str
) -> None:
    document = await store.put_bytes(b"# Fjord", media_type=TEXT)

    with pytest.raises(InvalidRequest, match="name"):
        await parsing.parse_document(document, files={name: document})


@pytest.mark.parametrize("name", sorted(path.name for path in DOCUMENTS.iterdir() if path.is_file()))
async def test_every_answer_keeps_its_own_contract(
    stub: parsing_service_pb2_grpc.ParsingServiceStub, store: LocalStore, name: str
) -> None:
    document = await store.put_file(DOCUMENTS / name, media_type=TEXT)
    request = pb.ParseDocumentRequest(document=to_proto(document), name=name)

    reply = await stub.ParseDocument(request)

    protovalidate.validate(reply)
    for ref in reply.scenes:
        decode(await store.read(from_proto(ref.scene)), storyboard_pb2.Scene)
    decode(await store.read(from_proto(reply.coverage)), storyboard_pb2.Coverage)


async def test_an_image_that_came_along_is_on_a_card_and_one_that_is_none_is_warned_of(
    parsing: ParsingClient, store: LocalStore
) -> None:
    text = b"# Fjord\n\n## Where\n\n![The fjord](fjord.png)\n\n![A map](map.png)"
    document = await store.put_bytes(text, media_type=TEXT)
    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, "PNG")
    fjord = await store.put_bytes(file.getvalue(), media_type="image/png")
    broken = await store.put_bytes(b"no image", media_type="image/png")

    parsed = await parsing.parse_document(document, files={"fjord.png": fjord, "map.png": broken})

    cards = [stored(await store.read(ref.scene)) for ref in parsed.scenes]
    assert [ref.type for ref in parsed.scenes] == ["title", "section", "image", "paragraph"]
    assert isinstance(cards[2], ImageCard)
    assert cards[2].image.file == fjord
    (warning,) = parsed.warnings
    assert warning.message.startswith("The image map.png, line 7, is not shown: it is not a whole PNG")
    assert warning.place == SourcePlace(7)
