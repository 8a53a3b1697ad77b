"""The images that a document names: its own folder is read, and nothing else, whatever the document says."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from orchestrator.cli import pictures, source
from services.artifacts import wire
from services.artifacts.local import LocalStore


def image(kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "navy").save(file, kind)
    return file.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A document's folder, with an image in it and a secret beside it."""
    (tmp_path / "secret.png").write_bytes(image())
    (tmp_path / "book" / "pictures").mkdir(parents=True)
    (tmp_path / "book" / "pictures" / "fjord.png").write_bytes(image())
    return (tmp_path / "book").resolve()


def document(folder: Path | None, *names: str, name: str = "book.md") -> source.Document:
    blocks = "".join(f"```footage\na fjord\nimage: {each}\n```\n\nText.\n\n" for each in names)
    return source.Document(name, f"# T\n\n{blocks}".encode(), folder)


@pytest.mark.parametrize(
    ("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
def test_an_image_is_known_by_its_content(folder: Path, kind: str, media_type: str) -> None:
    (folder / "it.png").write_bytes(image(kind))

    assert pictures.read(folder, "it.png") == (image(kind), media_type)


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "../secret.png",
        "pictures/../../secret.png",
        "/etc/passwd",
        "~/secret.png",
        "~root/secret.png",
        "a\x00.png",
        "x" * 300,
        "",
    ],
)
def test_a_path_out_of_the_folder_is_refused_unread(folder: Path, name: str) -> None:
    with pytest.raises(pictures.RefusedError, match="within the document's folder"):
        pictures.read(folder, name)


def test_a_link_out_of_the_folder_is_refused_and_one_within_it_is_followed(folder: Path) -> None:
    (folder / "out.png").symlink_to(folder.parent / "secret.png")
    (folder / "elsewhere").symlink_to(folder.parent)
    (folder / "in.png").symlink_to("pictures/fjord.png")
    (folder / "circle.png").symlink_to("circle.png")

    for name in ("out.png", "elsewhere/secret.png"):
        with pytest.raises(pictures.RefusedError, match="out of the document's folder"):
            pictures.read(folder, name)
    with pytest.raises(pictures.RefusedError, match="cannot be read"):
        pictures.read(folder, "circle.png")
    assert pictures.read(folder, "in.png")[1] == "image/png"


def test_a_huge_file_is_refused_unread(folder: Path) -> None:
    with (folder / "huge.png").open("wb") as file:
        file.write(image())
        file.truncate(1 << 30)

    with pytest.raises(pictures.RefusedError, match="1,073,741,824 bytes, more than 20 MiB"):
        pictures.read(folder, "huge.png")


@pytest.mark.parametrize("data", [b"<html><script>", b"", b"GIF89a", b"RIFF0000WAVE", b"%PDF-1.7"])
def test_what_is_no_image_is_refused_whatever_it_is_called(folder: Path, data: bytes) -> None:
    (folder / "it.png").write_bytes(data)

    with pytest.raises(pictures.RefusedError, match="not a PNG, JPEG or WebP"):
        pictures.read(folder, "it.png")


def test_a_folder_a_pipe_and_nothing_are_refused_at_once(folder: Path) -> None:
    os.mkfifo(folder / "pipe.png")

    for name, why in (
        ("pictures", "is not a file"),
        ("pipe.png", "is not a file"),
        ("none.png", "no such file"),
    ):
        with pytest.raises(pictures.RefusedError, match=why):
            pictures.read(folder, name)


async def test_what_a_document_names_is_stored_under_its_own_name(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = LocalStore(tmp_path / "store")

    found = await pictures.stored(document(folder, "pictures/fjord.png", "pictures/fjord.png"), store)

    (file,) = found
    assert file.name == "pictures/fjord.png"
    assert await store.read(wire.from_proto(file.file)) == image()
    assert file.file.media_type == "image/png"
    assert not capsys.readouterr().err


async def test_what_is_not_used_is_told_with_what_to_do(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = LocalStore(tmp_path / "store")

    assert await pictures.stored(document(folder, "\x1b[31mx.png", "../secret.png"), store) == []
    assert await pictures.stored(document(None, "pictures/fjord.png"), store) == []

    notes = capsys.readouterr().err.splitlines()
    assert [note[:6] for note in notes] == ["note  "] * 3
    assert "\x1b" not in notes[0]
    assert "../secret.png is not used: its path must be one within the document's folder" in notes[1]
    assert "standard input has no folder" in notes[2]


async def test_a_document_has_so_many_images_and_the_rest_are_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"{number}.png" for number in range(pictures.MOST + 2)]
    for name in names:
        (folder / name).write_bytes(image())

    found = await pictures.stored(document(folder, *names), LocalStore(tmp_path / "store"))

    assert [file.name for file in found] == names[: pictures.MOST]
    told = capsys.readouterr().err
    assert "names 102 images; of those after the 100th none is used" in told
    assert told.count("\n") == 1


def test_no_file_is_looked_for_by_a_document_that_is_no_markdown(folder: Path) -> None:
    assert [*pictures.named(document(folder, "a.png"))] == ["a.png"]
    assert (
        pictures.named(source.Document("a.pdf", b"%PDF-1.7\n```footage\nimage: a.png\n```\n", folder)) == {}
    )
    assert pictures.named(source.Document("a.txt", b"image: a.png\n", folder)) == {}


def test_a_documents_folder_is_where_its_file_lies(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "book.md").write_bytes(b"# T\n")
    (folder.parent / "link.md").symlink_to(folder / "book.md")
    monkeypatch.chdir(folder)

    assert [source.read(path).folder for path in ("book.md", "../link.md")] == [folder, folder]


def test_an_image_of_too_many_pixels_is_refused_before_it_is_unpacked(folder: Path) -> None:
    file = io.BytesIO()
    Image.new("1", (12_000, 9_000)).save(file, "PNG")
    (folder / "huge.png").write_bytes(file.getvalue())

    with pytest.raises(pictures.RefusedError, match="12000 x 9000 pixels, more than 64,000,000; make it"):
        pictures.read(folder, "huge.png")


def test_an_image_that_is_only_a_head_is_refused(folder: Path) -> None:
    (folder / "head.png").write_bytes(image()[:12])

    with pytest.raises(pictures.RefusedError, match="not a whole PNG, JPEG or WebP image"):
        pictures.read(folder, "head.png")


async def test_an_image_that_the_document_shows_comes_along_and_one_elsewhere_does_not(
    folder: Path, store: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        "# T\n\n![A fjord](pictures/fjord.png)\n\n![Map](https://example.org/map.png)\n\n"
        "![Secret](../secret.png)\n\n![Gone](gone.png)\n"
    )

    found = await pictures.stored(source.Document("book.md", text.encode(), folder), store)

    assert [file.name for file in found] == ["pictures/fjord.png"]
    secret, gone = capsys.readouterr().err.splitlines()
    assert secret.startswith("note  The image ../secret.png is not shown: its path must be one within the")
    assert gone.startswith("note  The image gone.png is not shown: there is no such file")


async def test_of_standard_input_images_are_passed_over_in_silence(
    store: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    document = source.Document("-", b"# T\n\n![A fjord](fjord.png)\n", None)

    assert await pictures.stored(document, store) == []
    assert capsys.readouterr().err == ""
