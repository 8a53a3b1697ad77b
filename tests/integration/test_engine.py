"""The local engine and the processes that share it: real servers, real kills."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from orchestrator.engine import LocalEngine

USER = """
import asyncio, sys
from pathlib import Path
from orchestrator.engine import LocalEngine, connect
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
