"""The home folder: whose it is, and what a command says about one that it cannot use."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.e2e.command import Home

TALE = "# A tale\n\nOnce upon a time there was a lighthouse.\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def tale(tmp_path: Path) -> str:
    (tmp_path / "tale.md").write_text(TALE)
    return str(tmp_path / "tale.md")


def test_nobody_else_can_enter_the_home_or_a_folder_in_it(home: Home, tale: str) -> None:
    ran = home.run("plan", tale)

    assert ran.code == 0, ran.err
    folders = [home.folder, *(path for path in home.folder.rglob("*") if path.is_dir())]
    assert len(folders) > 5
    assert {oct(stat.S_IMODE(folder.stat().st_mode)) for folder in folders} == {"0o700"}
