"""The home folder: whose it is, and what a command says about one that it cannot use."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from tests.e2e.command import PROGRAM, Home, Ran

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


def run_in(home: Home, *before: str, arguments: list[str]) -> Ran:
    """Run a command where `before`, a command line that takes another one, puts it."""
    if subprocess.run(["unshare", "-m", "-n", "true"], capture_output=True).returncode:
        pytest.skip("only root may change a process's mounts and network")
    environment = {name: value for name, value in home.environment.items() if name not in ("USER", "LOGNAME")}
    done = subprocess.run([*before, PROGRAM, *arguments], env=environment, capture_output=True, timeout=120)
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_user_without_a_name_is_served(home: Home, tale: str) -> None:
    nameless = ("unshare", "-m", "sh", "-c", 'mount --bind /dev/null /etc/passwd; exec "$0" "$@"')

    ran = run_in(home, *nameless, arguments=["plan", tale])

    assert ran.code == 0, ran.err
    assert "Once upon a time there was a lighthouse." in ran.out


def test_a_loopback_interface_that_is_down_is_told_in_one_line(home: Home, tale: str) -> None:
    ran = run_in(home, "unshare", "-n", arguments=["plan", tale])

    assert ran.code == 5
    assert ran.err.startswith("storyreel: The loopback interface is down")
    assert "the local engine needs 127.0.0.1" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_home_that_fills_up_is_told_with_its_folder_and_serves_again_when_there_is_room(
    home: Home, tale: str, tmp_path: Path
) -> None:
    home.folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", home.folder]).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        full = home.run("render", tale, "-o", str(tmp_path / "tale.mp4"), "--size", "720p")
        subprocess.run(["mount", "-o", "remount,size=300m", home.folder], check=True)
        again = home.run("render", tale, "-o", str(tmp_path / "tale.mp4"), "--size", "720p")
    finally:
        subprocess.run(["umount", "--lazy", home.folder], check=True)

    assert full.code == 5
    assert f"is free under {home.folder}" in full.err
    assert "set STORYREEL_HOME to a folder on a larger disk" in full.err
    assert "Traceback" not in full.err
    assert again.code == 0, again.err


def test_a_damaged_engine_file_costs_no_video_that_was_made(home: Home, tale: str, tmp_path: Path) -> None:
    made = home.run("render", tale, "-o", str(tmp_path / "tale.mp4"), "--size", "720p", "--json")
    name = made.events[-1]["name"]
    (home.folder / "engine" / "engine.db").write_bytes(b"no database at all" * 1000)

    listed = home.run("list")
    again = home.run("resume", name, "-o", str(tmp_path / "again.mp4"))

    assert listed.code == 0, listed.err
    assert name in listed.out
    assert "is kept as" in listed.err
    assert len(listed.err.splitlines()) == 1
    assert again.code == 0, again.err
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "tale.mp4").read_bytes()
