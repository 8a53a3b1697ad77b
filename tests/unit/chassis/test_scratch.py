"""Scratch folders: there while they are used, and swept up when their process was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from services.chassis import scratch
from services.chassis.scratch import LEFT_BEHIND, Scratch

ROOT = Path(__file__).resolve().parents[3]

HOLDER = """
import sys, time
from pathlib import Path
from services.chassis.scratch import Scratch
kept = Scratch(Path(sys.argv[1]))
(kept.path / "clip.mp4").touch()
print(kept.path, flush=True)
time.sleep(600)
"""


def aged(path: Path) -> Path:
    """Make a file or folder look as if it had been there for longer than work may take."""
    long_ago = time.time() - LEFT_BEHIND.total_seconds() - 60
    os.utime(path, (long_ago, long_ago), follow_symlinks=False)
    return path


def test_a_folder_is_there_for_its_block_and_gone_with_all_in_it(tmp_path: Path) -> None:
    with Scratch(tmp_path) as kept:
        (kept.path / "deep").mkdir()
        (kept.path / "deep" / "file").touch()
        there = list(tmp_path.iterdir())

    assert there == [kept.path]
    assert list(tmp_path.iterdir()) == []


def test_old_files_folders_and_links_are_removed_and_young_ones_stay(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    folder = tmp_path / "scratch"
    for path in (outside, folder / "clip-old" / "deep", folder / "clip-young"):
        path.mkdir(parents=True)
    (outside / "precious").touch()
    (folder / "clip-old" / "deep" / "file").touch()
    (folder / "young").touch()
    (folder / "old").touch()
    (folder / "link").symlink_to(outside)
    for name in ("old", "link", "clip-old"):
        aged(folder / name)
    aged(outside)

    scratch.sweep(folder)

    assert sorted(path.name for path in folder.iterdir()) == ["clip-young", "young"]
    assert (outside / "precious").exists()


def test_the_folder_of_a_process_is_swept_once_it_was_killed_and_not_before(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    folder = aged(Path(process.stdout.readline().strip()))

    scratch.sweep(tmp_path)
    while_it_ran = (folder / "clip.mp4").exists()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    scratch.sweep(tmp_path)

    assert while_it_ran
    assert not folder.exists()


@pytest.mark.parametrize("place", ["nowhere", "file"])
def test_what_cannot_be_swept_fails_nothing(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()

    scratch.sweep(tmp_path / place)

    assert (tmp_path / "file").exists()


def test_cleaning_takes_what_is_ours_from_the_home_and_the_systems_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, own = tmp_path / "tmp", tmp_path / "home" / "scratch"
    monkeypatch.setenv("STORYREEL_HOME", str(own.parent))
    monkeypatch.setattr(tempfile, "tempdir", str(system))
    for folder in (system / "storyreel-x", system / "somebody-elses", own / "mux-x"):
        folder.mkdir(parents=True)
        aged(folder)

    scratch.clean()

    assert [path.name for path in system.iterdir()] == ["somebody-elses"]
    assert list(own.iterdir()) == []
