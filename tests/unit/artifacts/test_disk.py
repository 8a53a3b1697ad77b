"""Files that are whole or not there; what a disk's refusals become."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.artifacts import disk
from services.chassis.errors import StoreFull, StoreUnavailable


def test_a_new_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "file"

    with disk.new_file(target, mode=0o444) as file:
        file.write(b"whole")
        before = target.exists()

    assert not before
    assert target.read_bytes() == b"whole"
    assert list(target.parent.iterdir()) == [target]


def test_a_failed_block_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"older")

    with pytest.raises(RuntimeError), disk.new_file(target, mode=0o644) as file:
        file.write(b"half")
        raise RuntimeError

    assert target.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [target]


WRITER = """
import sys, time
from pathlib import Path
from services.artifacts import disk
with disk.new_file(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    print("writing", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def umask() -> Iterator[None]:
    """A process whose files only its group may read."""
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    with disk.new_file(tmp_path / "plain"), disk.new_file(tmp_path / "kept", mode=0o444):
        pass

    assert stat.S_IMODE((tmp_path / "plain").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o440


def test_folders_in_the_home_are_private_and_others_follow_the_umask(tmp_path: Path) -> None:
    disk.make_folder(tmp_path / "home" / "store" / "local")
    disk.make_folder(tmp_path / "team" / "store")

    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "home").rglob("*")} == {0o700}
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "team" / "store").stat().st_mode) == 0o755


def test_what_a_killed_process_left_is_swept_and_not_before(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "a.mp4")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    (tmp_path / ".unfinished-symphony").touch()

    disk.sweep(tmp_path)
    while_it_ran = len(list(tmp_path.iterdir()))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    disk.sweep(tmp_path)

    assert while_it_ran == 2
    assert [path.name for path in tmp_path.iterdir()] == [".unfinished-symphony"]


def test_what_cannot_be_swept_fails_nothing(tmp_path: Path) -> None:
    disk.sweep(tmp_path / "nowhere")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "told"), [(7, "7 bytes"), (200_000, "195 KiB"), (3 << 20, "3.0 MiB"), (5 << 30, "5.0 GiB")]
)
def test_sizes_are_told_in_units_that_make_sense(number: int, told: str) -> None:
    assert disk.size(number) == told


def test_a_full_folder_of_the_callers_is_told_with_what_the_file_needs(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreFull, match=r"the file needs 2\.0 MiB\.$") as caught,
        disk.errors(tmp_path, remedy=disk.TARGET, needed=2 << 20),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")

    assert [way.description for way in caught.value.suggestions] == ["Make room there."]


def test_a_full_disk_says_how_much_is_free(tmp_path: Path) -> None:
    with (
        pytest.raises(
            StoreFull, match=r"The disk is full: [0-9.]+ (bytes|[KMG]iB) of [0-9.]+ [KMG]iB is free"
        ) as caught,
        disk.errors(tmp_path / "not" / "made"),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"one byte too many")

    assert str(tmp_path / "not" / "made") in caught.value.message
    assert int(caught.value.metadata["free_bytes"]) < int(caught.value.metadata["total_bytes"])
    assert "STORYREEL_HOME" in caught.value.suggestions[0].description


def test_a_used_up_quota_is_told_from_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(StoreFull, match="The quota is used up"), disk.errors(tmp_path):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")


def test_a_refused_folder_is_named_with_the_setting(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable) as caught, disk.errors(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied")

    assert "STORYREEL_HOME" in caught.value.suggestions[0].description
    assert f"{tmp_path}: Permission denied" in caught.value.message
    assert caught.value.metadata == {"errno": "EACCES"}


def test_other_errors_pass_through(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mine"), disk.errors(tmp_path):
        raise ValueError("mine")


def test_a_folder_is_made_with_those_above_it_and_again(tmp_path: Path) -> None:
    disk.make_folder(tmp_path / "a" / "b")
    disk.make_folder(tmp_path / "a" / "b")

    assert (tmp_path / "a" / "b").is_dir()


async def test_a_folder_for_work_is_made_and_gone_with_all_that_is_in_it(tmp_path: Path) -> None:
    async with disk.new_folder(tmp_path / "scratch", prefix="card-") as folder:
        (folder / "deeper").mkdir()
        (folder / "deeper" / "clip.mp4").write_bytes(b"half")
        there = list((tmp_path / "scratch").iterdir())

    assert there == [folder]
    assert folder.name.startswith("card-")
    assert list((tmp_path / "scratch").iterdir()) == []


async def test_two_at_once_have_folders_of_their_own(tmp_path: Path) -> None:
    async with disk.new_folder(tmp_path, prefix="x-") as one, disk.new_folder(tmp_path, prefix="x-") as other:
        (one / "clip.mp4").write_bytes(b"one")

        assert one != other
        assert list(other.iterdir()) == []


async def test_a_failure_leaves_no_folder_behind(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="mine"):
        async with disk.new_folder(tmp_path, prefix="x-") as folder:
            (folder / "clip.mp4").write_bytes(b"half")
            raise RuntimeError("mine")

    assert list(tmp_path.iterdir()) == []


async def test_work_that_is_cancelled_leaves_no_folder_behind(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with disk.new_folder(tmp_path, prefix="x-") as folder:
            (folder / "clip.mp4").write_bytes(b"half")
            begun.set()
            await asyncio.Event().wait()

    working = asyncio.ensure_future(work())
    await begun.wait()
    working.cancel()

    with pytest.raises(asyncio.CancelledError):
        await working
    assert list(tmp_path.iterdir()) == []


async def test_work_that_is_cancelled_while_its_folder_is_made_leaves_none_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    making, go_on = threading.Event(), threading.Event()
    make = disk.make_folder

    def slowly(folder: Path) -> None:
        making.set()
        go_on.wait()
        make(folder)

    monkeypatch.setattr(disk, "make_folder", slowly)

    async def work() -> None:
        async with disk.new_folder(tmp_path / "scratch", prefix="x-"):
            pass

    working = asyncio.ensure_future(work())
    await asyncio.to_thread(making.wait)
    working.cancel()
    go_on.set()

    with pytest.raises(asyncio.CancelledError):
        await working
    await asyncio.get_running_loop().shutdown_default_executor()
    await asyncio.sleep(0)
    assert list((tmp_path / "scratch").iterdir()) == []


async def test_a_place_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreUnavailable, match=str(tmp_path)):
        async with disk.new_folder(tmp_path / "file" / "scratch", prefix="x-"):
            pass
