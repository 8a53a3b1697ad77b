"""Who works on the jobs of a home, as the locks on its files tell."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from orchestrator.presence import Workers

JOINS = """
import sys
from pathlib import Path
from orchestrator.presence import Workers
with Workers(Path(sys.argv[1])).join() as name:
    print(name, flush=True)
    sys.stdin.read()
"""


def test_a_process_works_from_joining_to_leaving(tmp_path: Path) -> None:
    workers = Workers(tmp_path)

    before = workers.any()
    with workers.join() as name:
        during, killed = workers.any(), workers.killed()

    assert (before, during, killed, workers.any(), workers.killed()) == (False, True, set(), False, set())
    assert name


def test_a_killed_process_is_known_by_its_name_until_it_is_forgotten(tmp_path: Path) -> None:
    workers = Workers(tmp_path)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", JOINS, str(tmp_path)], stdin=pipe, stdout=pipe, text=True
    ) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        alive = workers.any()
        process.send_signal(signal.SIGKILL)
        process.wait()

    killed = workers.killed()
    workers.forget(killed)

    assert alive
    assert killed == {name}
    assert not workers.any()
    assert not workers.killed()
