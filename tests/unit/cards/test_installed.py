"""Fonts are found in the usual folders and by fontconfig, each once, the plain upright ones first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cards.typesetting import installed as module


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home of its own, and nothing remembered before or after."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    module.installed.cache_clear()
    yield
    module.installed.cache_clear()


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def fontconfig(tmp_path: Path, script: str) -> None:
    """Put a program named fc-list on the path."""
    program = touch(tmp_path / "bin/fc-list")
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_the_users_folder_is_searched_and_other_files_are_not_fonts(tmp_path: Path) -> None:
    mine = touch(tmp_path / "data/fonts/deep/MyOwnFont.ttf")
    touch(tmp_path / "data/fonts/readme.txt")
    touch(tmp_path / "data/fonts/MyOwnFont-Italic.ttf")

    found = module.installed()

    assert mine in found
    assert not [path for path in found if path.name in ("readme.txt", "MyOwnFont-Italic.ttf")]


def test_fontconfig_tells_of_fonts_elsewhere(tmp_path: Path) -> None:
    elsewhere = touch(tmp_path / "store/Elsewhere.otf")
    fontconfig(tmp_path, f"echo '{elsewhere}'; echo '{tmp_path}/gone.ttf'; echo; echo '{elsewhere}'")

    found = module.installed()

    assert found.count(elsewhere) == 1
    assert not [path for path in found if path.name == "gone.ttf"]


def test_a_fontconfig_that_fails_is_no_error(tmp_path: Path) -> None:
    mine = touch(tmp_path / "data/fonts/MyOwnFont.ttf")
    fontconfig(tmp_path, "exit 1")

    assert mine in module.installed()


def test_the_same_file_name_is_taken_once_and_noto_first(tmp_path: Path) -> None:
    first, second = (touch(tmp_path / f"data/fonts/{n}/NotoSansTwice.ttf") for n in "ab")
    touch(tmp_path / "data/fonts/Another.ttf")

    found = module.installed()

    assert first in found
    assert second not in found
    assert found.index(first) < [path.name for path in found].index("Another.ttf")
