"""Which ffmpeg is used."""

from __future__ import annotations

from pathlib import Path

import imageio_ffmpeg
import pytest

from services.chassis.errors import Configuration
from services.muxing.backends.ffmpeg import Ffmpeg


def program(tmp_path: Path, says: str) -> Path:
    path = tmp_path / "program"
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


async def test_the_installed_one_is_used_unless_another_is_named() -> None:
    said = await Ffmpeg().version()

    assert said.lstrip("n").startswith(imageio_ffmpeg.get_ffmpeg_version().lstrip("n").split("-")[0])


async def test_a_setting_names_another(tmp_path: Path) -> None:
    assert await Ffmpeg(program(tmp_path, "ffmpeg version 9.9 ours")).version() == "9.9"


async def test_imageio_s_variable_names_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program(tmp_path, "ffmpeg version 8.8 theirs")))

    assert await Ffmpeg().version() == "8.8"


async def test_another_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Configuration, match="which is not ffmpeg"):
        await Ffmpeg(program(tmp_path, "something else")).version()


def test_a_path_with_no_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Configuration, match=r"STORYREEL_FFMPEG names .*none, which is not a program"):
        Ffmpeg(tmp_path / "none")
