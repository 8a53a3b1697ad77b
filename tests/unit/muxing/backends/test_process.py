"""However a program ends, it is gone, and the error says how."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from services.chassis.errors import ChildDied, Deadline, StoreFull
from services.muxing.backends.process import run


async def python(folder: Path, code: str, *, seconds: float = 20, told: list[float] | None = None) -> str:
    tell = (told if told is not None else []).append
    arguments = [sys.executable, "-c", code]
    return await run(
        arguments, folder=folder, doing="testing", deadline=timedelta(seconds=seconds), tell=tell
    )


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_progress_is_read_and_the_end_of_stderr_returned(tmp_path: Path) -> None:
    told: list[float] = []
    code = (
        "import sys; sys.stderr.write('x' * 300_000 + 'the end');"
        "print('out_time_us=N/A\\nout_time_us=-5\\nout_time_us=1500000\\nprogress=end')"
    )

    tail = await python(tmp_path, code, told=told)

    assert told == [1.5]
    assert tail.endswith("the end")
    assert len(tail) == 8192


async def test_a_failure_says_how_and_not_what(tmp_path: Path) -> None:
    with pytest.raises(ChildDied) as caught:
        await python(tmp_path, "import sys; sys.exit('secret words')")

    assert str(caught.value) == "ffmpeg ended (1) while testing."
    assert caught.value.metadata == {"exit": "1"}


async def test_the_log_has_the_last_words_without_titles(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code = "import sys; sys.stderr.write('    title : mine\\n[mov] broken\\n'); sys.exit(3)"

    with pytest.raises(ChildDied):
        await python(tmp_path, code)

    assert vars(caplog.records[-1])["facts"]["tail"] == "[mov] broken"


async def test_a_full_disk_has_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(StoreFull):
        await python(tmp_path, "import sys; sys.exit('a.mp4: No space left on device')")


@pytest.mark.parametrize("way", ["cancel", "deadline"])
async def test_the_process_and_its_children_are_gone_afterwards(tmp_path: Path, way: str) -> None:
    code = (
        "import os, pathlib, subprocess, time;"
        "child = subprocess.Popen(['sleep', '60']);"
        "pathlib.Path('new').write_text(f'{os.getpid()} {child.pid}'); os.rename('new', 'pids');"
        "time.sleep(60)"
    )

    running = asyncio.create_task(python(tmp_path, code, seconds=1.5 if way == "deadline" else 60))
    while not (tmp_path / "pids").exists():
        await asyncio.sleep(0.01)
    if way == "cancel":
        running.cancel()
    with pytest.raises(Deadline if way == "deadline" else asyncio.CancelledError):
        await running

    parent, child = map(int, (tmp_path / "pids").read_text().split())
    for _ in range(500):
        if not alive(parent) and not (alive(child) and _state(child) != "Z"):
            break
        await asyncio.sleep(0.01)
    assert not alive(parent)
    assert not alive(child) or _state(child) == "Z"


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"
