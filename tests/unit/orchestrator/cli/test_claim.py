"""Two commands with different jobs do not write the same files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.cli.output_lock import TargetTaken, claimed

JOB, OTHER = "jobs/aaaaaaaaaaaa", "jobs/bbbbbbbbbbbb"

HOLDER = """
import sys, time
from pathlib import Path
from orchestrator.cli.output_lock import claimed
with claimed(Path(sys.argv[1]), "", "first.md"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STORYREEL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_target_that_another_job_has_is_refused_with_its_name(tmp_path: Path) -> None:
    out = tmp_path / "a.mp4"
    with claimed(out, "", "first.md") as claim:
        with pytest.raises(
            TargetTaken, match=r"a\.mp4 is being written by another command, from first\.md\."
        ):
            claimed(out, "", "second.md").__enter__()
        claim.note(JOB, "first.md")

        with pytest.raises(TargetTaken, match=rf"from first\.md \({JOB}\)"):
            claimed(out, OTHER, "second.md").__enter__()


def test_files_beside_a_video_are_its_own_under_every_name(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)

    with claimed(tmp_path / "a.mp4", "", "first.md"):
        for name in ("a.MP4", "link/a.mp4"):
            with pytest.raises(TargetTaken):
                claimed(tmp_path / name, "", "second.md").__enter__()
        with claimed(tmp_path / "b.mp4", "", "second.md") as other:
            assert other is not None


def test_commands_of_one_job_share_its_target_and_the_first_keeps_it(tmp_path: Path) -> None:
    out = tmp_path / "a.mp4"
    with claimed(out, JOB, "first.md"):
        with claimed(out, JOB, "first.md") as second:
            second.note(OTHER, "other.md")

        with pytest.raises(TargetTaken, match=JOB):
            claimed(out, OTHER, "second.md").__enter__()


def test_a_target_that_was_let_go_is_free_and_leaves_nothing(tmp_path: Path, home: Path) -> None:
    out = tmp_path / "a.mp4"

    for document in ("first.md", "second.md"):
        with claimed(out, "", document):
            held = list((home / "outputs").iterdir())
        assert len(held) == 1

    assert list((home / "outputs").iterdir()) == []


def test_nothing_is_held_where_nothing_is_written(home: Path) -> None:
    with claimed(None, JOB, "first.md"), claimed(None, OTHER, "second.md"):
        assert not home.exists()


def test_a_command_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    out = tmp_path / "a.mp4"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(out)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(TargetTaken, match=r"first\.md"):
        claimed(out, "", "second.md").__enter__()

    holder.kill()
    holder.communicate()

    with claimed(out, OTHER, "second.md"), pytest.raises(TargetTaken, match=OTHER):
        claimed(out, JOB, "third.md").__enter__()
