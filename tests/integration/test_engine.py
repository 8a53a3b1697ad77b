"""The local engine and the processes that share it: real servers, real kills."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from orchestrator import local_engine
from orchestrator.engine import connect
from orchestrator.local_engine import LocalEngine
from services.chassis.errors import Configuration, EngineUnavailable

USER = """
import asyncio, sys
from pathlib import Path
from orchestrator.engine import connect
from orchestrator.local_engine import LocalEngine
async def main():
    async with LocalEngine(Path(sys.argv[1])).use() as address:
        client = await connect(address)
        print(address, flush=True)
        await asyncio.to_thread(sys.stdin.read)
        await client.count_workflows()
    print("left", flush=True)
asyncio.run(main())
import os; os._exit(0)
"""


def user(folder: Path) -> subprocess.Popen[str]:
    """Another process that uses the engine until its standard input ends."""
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", USER, str(folder)], stdin=pipe, stdout=pipe, text=True)


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def leave(process: subprocess.Popen[str]) -> int:
    process.communicate()
    return process.returncode


def test_processes_share_one_server_and_the_last_one_stops_it(tmp_path: Path) -> None:
    users = [user(tmp_path) for _ in range(3)]

    addresses = {address(process) for process in users}
    users[0].kill()
    users[0].communicate()
    codes = [leave(process) for process in users[1:]]

    assert len(addresses) == 1
    assert codes == [0, 0]
    assert LocalEngine(tmp_path).running() is None


def test_a_killed_server_is_replaced_on_the_same_port(tmp_path: Path) -> None:
    first = user(tmp_path)
    before = address(first)
    running = LocalEngine(tmp_path).running()
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    while LocalEngine(tmp_path).running() is not None:
        pass

    second = user(tmp_path)
    after = address(second)

    assert after == before
    assert leave(first) == 0  # its client found the new server by itself
    assert leave(second) == 0


async def test_a_server_whose_users_were_all_killed_is_adopted(tmp_path: Path) -> None:
    first = user(tmp_path)
    before = address(first)
    first.kill()
    first.communicate()

    async with LocalEngine(tmp_path).use() as adopted:
        await asyncio.sleep(0)

    assert adopted == before
    assert LocalEngine(tmp_path).running() is None


def abandoned(folder: Path) -> str:
    """Start a server whose only user was killed; its address."""
    process = user(folder)
    before = address(process)
    process.kill()
    process.communicate()
    return before


async def test_a_server_whose_state_was_never_written_is_found_and_stopped(tmp_path: Path) -> None:
    before = abandoned(tmp_path)
    (tmp_path / "engine.json").unlink()

    async with LocalEngine(tmp_path).use() as adopted:
        found = LocalEngine(tmp_path).running()

    assert adopted == before
    assert found is not None
    assert LocalEngine(tmp_path).running() is None


async def test_a_process_that_has_a_dead_servers_id_is_not_killed(tmp_path: Path) -> None:
    before = abandoned(tmp_path)
    with subprocess.Popen(["sleep", "600"]) as bystander:
        state = {"pid": bystander.pid, "port": int(before.rpartition(":")[2])}
        (tmp_path / "engine.json").write_text(json.dumps(state))

        async with LocalEngine(tmp_path).use() as adopted:
            await asyncio.sleep(0)
        alive = bystander.poll() is None
        bystander.kill()

    assert alive
    assert adopted == before
    assert LocalEngine(tmp_path).running() is None


async def test_a_lock_that_a_stranger_holds_is_told_with_what_to_do(tmp_path: Path) -> None:
    with (tmp_path / "engine.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(EngineUnavailable, match=r"holds .*engine\.lock\. End that process"):
            async with LocalEngine(tmp_path).use():
                raise AssertionError("there is no server")


async def test_a_state_that_cannot_be_written_starts_no_server(tmp_path: Path) -> None:
    (tmp_path / "engine.new").mkdir()

    with pytest.raises(EngineUnavailable, match="cannot be started"):
        async with LocalEngine(tmp_path).use():
            raise AssertionError("there is no server")

    (tmp_path / "engine.new").rmdir()
    async with LocalEngine(tmp_path).use() as at:
        assert at.startswith("127.0.0.1:")


async def test_a_server_that_does_not_answer_in_time_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_engine, "START_SECONDS", 0.0)

    with pytest.raises(EngineUnavailable, match="did not start"):
        async with LocalEngine(tmp_path).use():
            raise AssertionError("no server starts in no time")

    with (tmp_path / "engine.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody holds it
    assert not (tmp_path / "engine.json").exists()


def garbage(file: Path) -> None:
    file.write_bytes(os.urandom(100_000))


def half_written(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE namespaces (id INT)")
        database.commit()


async def damaged_inside(file: Path) -> None:
    async with LocalEngine(file.parent).use():
        await asyncio.sleep(0)
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with file.open("r+b") as bytes_:
        for page in range(20, 60):
            bytes_.seek(4096 * page)
            bytes_.write(os.urandom(4096))


@pytest.mark.parametrize("damage", [garbage, half_written, damaged_inside])
async def test_a_damaged_file_is_kept_aside_and_the_engine_starts(
    tmp_path: Path, damage: Callable[[Path], Awaitable[None] | None]
) -> None:
    if (made := damage(tmp_path / "engine.db")) is not None:
        await made
    before = (tmp_path / "engine.db").read_bytes()
    told: list[str] = []

    engine = LocalEngine(tmp_path, tell=told.append)
    async with engine.use() as at:
        await connect(at)

    [kept] = [path for path in tmp_path.glob("engine.db.damaged-*") if not path.name.endswith(("wal", "shm"))]
    assert kept.read_bytes()[100:] == before[100:]  # the head holds SQLite's own settings
    assert len(told) == 1
    assert f"kept as {kept}" in told[0]
    assert engine.replaced()


async def test_a_whole_file_is_not_set_aside(tmp_path: Path) -> None:
    told: list[str] = []
    for _ in range(2):
        async with LocalEngine(tmp_path, tell=told.append).use():
            await asyncio.sleep(0)

    assert told == []
    assert not LocalEngine(tmp_path).replaced()


async def test_a_program_that_ends_for_another_reason_leaves_the_file_and_says_why_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with LocalEngine(tmp_path).use():
        await asyncio.sleep(0)
    program = tmp_path / "temporal"
    program.write_text(
        "#!/bin/sh\necho 'goroutine 1'\necho 'Error: failed (x.go:1): no moon tonight'\nexit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(LocalEngine, "program", lambda _: str(program))

    with pytest.raises(EngineUnavailable) as caught:
        async with LocalEngine(tmp_path).use():
            raise AssertionError("there is no server")

    log = tmp_path / "engine.log"
    assert caught.value.message == (
        f"The local engine did not start (no moon tonight). Its log {log} says more."
    )
    assert not LocalEngine(tmp_path).replaced()


async def test_a_file_system_without_locks_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)

    with pytest.raises(Configuration, match=rf"{tmp_path} has no locks") as caught:
        async with LocalEngine(tmp_path).use():
            raise AssertionError("there is no server")

    assert "STORYREEL_HOME" in caught.value.suggestions[0].description


async def test_a_stalled_server_is_waited_for_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_engine, "TELL_SECONDS", 0.5)
    first = user(tmp_path)
    before = address(first)
    running = LocalEngine(tmp_path).running()
    assert running is not None
    os.kill(running.pid, signal.SIGSTOP)
    told: list[str] = []

    def go_on(line: str) -> None:
        told.append(line)
        os.kill(running.pid, signal.SIGCONT)

    async with LocalEngine(tmp_path, tell=go_on).use() as at:
        await asyncio.sleep(0)

    assert at == before
    assert told == [f"Waiting for the local engine (process {running.pid}) to answer …"]
    assert leave(first) == 0


async def test_a_namespace_that_is_not_there_is_told_with_its_variable(tmp_path: Path) -> None:
    async with LocalEngine(tmp_path).use() as at:
        with pytest.raises(Configuration, match=r"'foo'.*STORYREEL_TEMPORAL_NAMESPACE"):
            await connect(at, namespace="foo")


def test_the_clients_log_of_a_dying_engine_stays_off_the_terminal(tmp_path: Path) -> None:
    program = """
import asyncio, os, signal, sys
from datetime import timedelta
from pathlib import Path
from temporalio import workflow
from temporalio.service import RPCError
from temporalio.worker import Worker
from orchestrator.engine import connect
from orchestrator.local_engine import LocalEngine
from services.chassis import telemetry
@workflow.defn(sandboxed=False)
class Idle:
    @workflow.run
    async def run(self) -> None: ...
async def main():
    home, log = Path(sys.argv[1]), Path(sys.argv[1], "our.log")
    telemetry.start_log(file=log)
    engine = LocalEngine(home)
    async with engine.use() as address:
        client = await connect(address)
        async with Worker(
            client, task_queue="idle", workflows=[Idle], graceful_shutdown_timeout=timedelta(0)
        ):
            os.kill(engine.running().pid, signal.SIGKILL)
            while not log.exists() or "temporalio.core" not in log.read_text():
                await asyncio.sleep(0.1)
            os._exit(0)
asyncio.run(main())
"""

    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
