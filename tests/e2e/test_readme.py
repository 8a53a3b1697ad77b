"""What the README shows, run as it is written there."""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.command import Home

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^\$ (.+?)(?: +#.*)?$", README, re.MULTILINE)
PYTHON = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def command(word: str) -> list[str]:
    """The README's only command line with a word in it, for this environment's programs."""
    (found,) = (line for line in COMMANDS if word in line)
    program, *arguments = shlex.split(found)
    return [str(Path(sys.executable).with_name(Path(program).name)), *arguments]


@contextmanager
def running(word: str, port: int, home: Home) -> Iterator[None]:
    """A server of the README, until the block ends."""
    process = subprocess.Popen(command(word), env=home.environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        while True:
            assert process.poll() is None, "the server ended"
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def said(arguments: list[str], home: Home, cwd: Path) -> str:
    done = subprocess.run(
        arguments, env=home.environment, cwd=cwd, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_python_client_and_the_curl_line_speak_to_the_voice(home: Home) -> None:
    with running("services.tts", 50053, home):
        spoken = said([sys.executable, "-c", PYTHON[0]], home, ROOT)
        chosen = json.loads(said(command("ChooseVoice"), home, ROOT))

    assert re.match(r"\d\.\d+ seconds at artifact://local/[0-9a-f]{64}", spoken)
    assert chosen["voice"]["engine"] == "espeak"


def test_a_job_is_created_through_the_front_door_and_watched(home: Home, tmp_path: Path) -> None:
    with running("orchestrator serve", 50050, home):
        created = json.loads(said(command("CreateJob"), home, ROOT))
        said(command("storyreel watch"), home, tmp_path)

    assert created["job"]["name"].startswith("jobs/")
    assert (tmp_path / "hello.mp4").stat().st_size > 0


def test_the_two_commands_and_the_others_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()

    for line in COMMANDS:
        program, *arguments = shlex.split(line)
        if program == "make":
            assert f"\n{arguments[0]}: " in makefile
        elif program != "export":
            assert Path(sys.executable).with_name(Path(program).name).exists()


def test_the_footage_that_it_shows_marks_a_scene(home: Home, tmp_path: Path) -> None:
    (shown,) = re.findall(r"^````markdown\n(.*?)^````", README, re.MULTILINE | re.DOTALL)
    (tmp_path / "talk.md").write_text(f"# Talk\n\n{shown}")

    planned = home.run("plan", str(tmp_path / "talk.md"), "--json")

    (plan,) = planned.events
    wishes = [scene["footage"] for scene in plan["scenes"] if "footage" in scene]
    assert len(wishes) == 1
    assert (wishes[0]["pool"], plan.get("error")) == ("ti2v", None)


def test_the_table_of_rooms_has_every_service_and_how_it_is_started() -> None:
    rooms = dict(re.findall(r"^\| `services/(\w+)` \|.*\| `python -m (\S+)` \|$", README, re.MULTILINE))

    served = {path.parent.name for path in (ROOT / "services").glob("*/__main__.py")}

    assert rooms == {name: f"services.{name}" for name in served}


def test_every_script_the_figures_name_exists() -> None:
    figures = README.partition("## Figures")[2].partition("\n## ")[0]

    scripts = re.findall(r"`tests/benchmarks/(\w+\.py)`", figures)

    assert scripts
    assert all((ROOT / "tests/benchmarks" / script).exists() for script in scripts)
