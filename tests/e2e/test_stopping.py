"""Commands that are asked to stop: they end in time, leave nothing running, and say how to go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.local_engine import LocalEngine, Running
from tests.e2e.command import PROGRAM, Home

HASTY = """
import sys
from orchestrator.cli import main, stopping
stopping.GRACE_SECONDS = 2.0
main.main(sys.argv[1:])
"""
"""The command with a shorter grace."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def tale(tmp_path: Path) -> str:
    parts = "".join(f"## Part {n}\n\nThere was lighthouse number {n}. It blinked.\n\n" for n in range(8))
    (tmp_path / "tale.md").write_text(f"# A tale\n\n{parts}")
    return str(tmp_path / "tale.md")


def engine(home: Home) -> Running | None:
    return LocalEngine(home.folder / "engine").running()


def started(home: Home) -> Running:
    """The engine of a home, as soon as its process is there."""
    while (found := engine(home)) is None:
        time.sleep(0.02)
    return found


def gone(home: Home) -> bool:
    """Tell whether a home has no engine any more, which may take a killed process a moment."""
    for _ in range(100):
        if engine(home) is None:
            return True
        time.sleep(0.05)
    return False


def drawing(process: subprocess.Popen[str]) -> str:
    """Wait until a render with --json draws clips; the job's name."""
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["fraction"] > 0.1:
            return str(event["name"])
    raise AssertionError(process.communicate())


def start(home: Home, *words: str) -> subprocess.Popen[str]:
    """Start another program in a home."""
    pipe = subprocess.PIPE
    return subprocess.Popen(words, env=home.environment, stdout=pipe, stderr=pipe, text=True)


def test_sigterm_while_the_engine_starts_leaves_none_behind(home: Home, tale: str, tmp_path: Path) -> None:
    process = home.start("render", tale, "-o", str(tmp_path / "a.mp4"))
    started(home)

    process.terminate()
    _, said = process.communicate()

    assert process.returncode == 130
    assert said == "Stopped. The same command begins again.\n"
    assert gone(home)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_render_that_is_asked_to_stop_is_cancelled_and_says_how_to_go_on(
    home: Home, tale: str, tmp_path: Path, number: signal.Signals
) -> None:
    process = home.start("render", tale, "-o", str(tmp_path / "a.mp4"), "--size", "720p", "--json")
    name = drawing(process)

    process.send_signal(number)
    _, said = process.communicate()
    left_nothing = gone(home)
    jobs = json.loads(home.run("list", "--json").out)["jobs"]

    assert process.returncode == 130
    assert f"Go on with: storyreel resume {name}\n" in said
    assert [job["state"] for job in jobs] == ["CANCELLED"]
    assert left_nothing


def test_a_plan_that_is_asked_to_stop_leaves_no_job_running(home: Home, tale: str) -> None:
    process = home.start("plan", tale)
    started(home)
    while '"result.computed"' not in "".join(path.read_text() for path in home.folder.glob("log/*")):
        time.sleep(0.02)

    process.terminate()
    _, said = process.communicate()
    jobs = json.loads(home.run("list", "--plans", "--json").out)["jobs"]

    assert process.returncode in (0, 130)  # it may have been done a moment before
    assert process.returncode == 0 or "the same command goes on with it" in said
    assert {job["state"] for job in jobs} <= {"CANCELLED", "SUCCEEDED"}


def test_under_nohup_a_command_outlives_its_terminal(home: Home, tale: str) -> None:
    process = start(home, "nohup", PROGRAM, "plan", tale)
    started(home)

    process.send_signal(signal.SIGHUP)
    out, said = process.communicate()

    assert process.returncode == 0, said
    assert "lighthouse number 7" in out


def test_what_does_not_stop_in_its_grace_is_ended_with_all_that_it_started(
    home: Home, tale: str, tmp_path: Path
) -> None:
    words = ("render", tale, "-o", str(tmp_path / "a.mp4"), "--size", "720p", "--json")
    process = start(home, sys.executable, "-c", HASTY, *words)
    name = drawing(process)
    stalled = started(home)
    os.kill(stalled.pid, signal.SIGSTOP)

    process.terminate()
    _, said = process.communicate()

    assert process.returncode == 130
    assert f"Go on with: storyreel resume {name}\n" in said
    assert "Not everything has stopped within 2 s; the rest is ended now." in said
    assert gone(home)
    resumed = home.run("resume", name)
    assert resumed.code == 0, resumed.err
