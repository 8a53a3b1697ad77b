"""Scratch folders: there while they are used, and swept up when their process was killed."""

from __future__ import annotations

import errno
import fcntl
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


SHARER = """
import sys, time
from pathlib import Path
from services.chassis import scratch
scratch.share(Path(sys.argv[1]))
print("shared", flush=True)
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


def test_who_is_alone_empties_a_shared_folder_and_follows_no_link(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "scratch"
    for path in (outside, folder / "clip-x" / "deep"):
        path.mkdir(parents=True)
    (outside / "precious").touch()
    (folder / "clip-x" / "deep" / "file").touch()
    (folder / "file").touch()
    (folder / "link").symlink_to(outside)

    scratch.share(folder)

    assert list(folder.iterdir()) == []
    assert (outside / "precious").exists()


def test_a_shared_folder_keeps_what_may_be_in_use_while_others_work_there(tmp_path: Path) -> None:
    ready = subprocess.Popen(
        [sys.executable, "-c", SHARER, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert ready.stdout is not None
    ready.stdout.readline()
    for name in ("young", "old"):
        (tmp_path / name).mkdir()
    aged(tmp_path / "old")

    scratch.share(tmp_path)
    while_it_ran = [path.name for path in tmp_path.iterdir()]
    ready.kill()
    ready.communicate()

    assert while_it_ran == ["young"]


def test_the_folder_of_a_process_is_swept_once_it_was_killed_and_not_before(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    folder = Path(process.stdout.readline().strip())

    scratch.sweep(tmp_path)
    while_it_ran = (folder / "clip.mp4").exists()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    scratch.sweep(tmp_path)

    assert while_it_ran
    assert not folder.exists()


def test_without_locks_work_is_done_and_nothing_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)

    with Scratch(tmp_path) as kept:
        scratch.sweep(tmp_path)
        there = kept.path.is_dir()

    assert there
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["nowhere", "file"])
def test_what_cannot_be_swept_fails_nothing(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()

    scratch.sweep(tmp_path / place)

    assert (tmp_path / "file").exists()


def test_cleaning_takes_what_is_ours_from_every_place_and_nothing_that_a_person_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, other, own = tmp_path / "tmp", tmp_path / "run", tmp_path / "home" / "scratch"
    monkeypatch.setenv("STORYREEL_HOME", str(own.parent))
    monkeypatch.setattr(tempfile, "tempdir", str(system))
    kept = ["storyreel-demo", "storyreel-scratch-of-mine"]
    for folder in (*(system / name for name in kept), own / "mux-x"):
        folder.mkdir(parents=True)
        aged(folder)
    for place in (system, other):
        (place / "storyreel-scratch-a1b2c3_4" / "deep").mkdir(parents=True)
    (system / "storyreel-scratch-a1b2c3_5").touch()

    scratch.clean(other)

    assert sorted(path.name for path in system.iterdir()) == [
        *kept[:1],
        "storyreel-scratch-a1b2c3_5",
        kept[1],
    ]
    assert list(other.iterdir()) == []
    assert list(own.iterdir()) == []
