"""The document a person names on the command line."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from orchestrator.cli import source
from services.chassis.errors import DocumentTooLarge, EmptyDocument, InvalidRequest


def test_a_file_is_read_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "guide.md"
    path.write_bytes(b"# Hello\n")

    document = source.read(str(path))

    assert (document.name, document.data) == ("guide.md", b"# Hello\n")


def test_standard_input_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("# Grüße".encode())))

    assert source.read("-").data == "# Grüße".encode()


def test_a_missing_file_a_folder_and_an_address_are_refused_with_what_to_do(tmp_path: Path) -> None:
    for name, expected in (
        (str(tmp_path / "nothing.md"), "does not exist"),
        (str(tmp_path), "is a folder"),
        ("https://example.com/a.md", "web address"),
    ):
        with pytest.raises(InvalidRequest, match=expected) as caught:
            source.read(name)
        assert caught.value.suggestions


def test_an_empty_and_a_huge_file_are_refused(tmp_path: Path) -> None:
    empty, huge = tmp_path / "empty.md", tmp_path / "huge.md"
    empty.touch()
    huge.write_bytes(b"a" * (source.LARGEST + 1))

    with pytest.raises(EmptyDocument):
        source.read(str(empty))
    with pytest.raises(DocumentTooLarge, match="4 MiB"):
        source.read(str(huge))


def test_a_name_has_no_control_characters_and_no_users_home_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m\nb.md"
    path.write_bytes(b"# Hello\n")

    assert source.read(str(path)).name == "a�[31m b.md"
    with pytest.raises(InvalidRequest, match="does not exist"):
        source.read("~nosuchuser/x.md")
    with pytest.raises(InvalidRequest, match="cannot be read"):
        source.read("x" * 5000)


def test_what_might_never_end_is_refused_without_being_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.md"
    os.mkfifo(pipe)

    for name in (str(pipe), "/dev/null"):
        with pytest.raises(InvalidRequest, match="not a file but a pipe") as caught:
            source.read(name)
        assert "standard input" in caught.value.suggestions[0].description
