"""Worker processes: how they die, what comes after, and what they leave."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest

from services.chassis.child import Child, ChildLimits, ChildPool
from services.chassis.errors import (
    ChildDied,
    Deadline,
    Draining,
    Internal,
)
from tests.unit.chassis.errands import LONG, alive, child, facts, module, until

__all__ = ["child", "module"]


@pytest.mark.parametrize(("verb", "how"), [(b"exit", "3"), (b"crash", "SIGSEGV"), (b"babble", "protocol")])
async def test_a_death_says_how_and_the_next_call_gets_a_fresh_worker(
    child: Child, verb: bytes, how: str
) -> None:
    with pytest.raises(ChildDied) as caught:
        await child.call(verb, timeout=LONG)
    reply = await child.call(b"echo again", timeout=LONG)

    assert caught.value.metadata == {"exit": how}
    assert reply == b"again"


async def test_a_worker_that_died_between_calls_is_replaced_unnoticed(child: Child) -> None:
    pid = int(await child.call(b"pid", timeout=LONG))
    os.kill(pid, 9)
    await until(lambda: not alive(pid))
    await asyncio.sleep(0.2)

    reply = await child.call(b"echo still here", timeout=LONG)

    assert reply == b"still here"


async def test_too_much_memory_ends_the_worker_and_is_named(module: str) -> None:
    child = Child(module, limits=ChildLimits(address_space=512 << 20))

    with pytest.raises(ChildDied) as caught:
        await child.call(b"eat", timeout=LONG)
    reply = await child.call(b"echo lean", timeout=LONG)
    await child.close()

    assert caught.value.metadata == {"exit": "memory"}
    assert reply == b"lean"


async def test_too_much_cpu_ends_the_worker(module: str) -> None:
    child = Child(module, limits=ChildLimits(cpu_seconds=1))

    with pytest.raises(ChildDied) as caught:
        await child.call(b"spin", timeout=LONG)
    await child.close()

    assert caught.value.metadata == {"exit": "SIGXCPU"}


async def test_work_past_its_timeout_is_ended(child: Child) -> None:
    pid = int(await child.call(b"pid", timeout=LONG))

    with pytest.raises(Deadline, match=r"longer than 0\.2 s"):
        await child.call(b"sleep", timeout=timedelta(seconds=0.2))

    assert not alive(pid)
    assert await child.call(b"echo on", timeout=LONG) == b"on"


async def test_a_cancelled_call_ends_the_worker_and_what_it_started(child: Child, tmp_path: Path) -> None:
    note = tmp_path / "note"
    call = asyncio.create_task(child.call(f"family {note}".encode(), timeout=LONG))
    await until(lambda: note.exists() and " " in note.read_text())
    worker, grandchild = (int(pid) for pid in note.read_text().split())

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await until(lambda: not alive(grandchild))

    assert not alive(worker)
    assert await child.call(b"echo next", timeout=LONG) == b"next"


async def test_a_request_larger_than_a_frame_is_refused(child: Child) -> None:
    with pytest.raises(ValueError, match="larger than"):
        await child.call(bytes((16 << 20) + 1), timeout=LONG)


async def test_a_reply_larger_than_a_frame_is_a_defect_of_the_worker(child: Child) -> None:
    with pytest.raises(Internal):
        await child.call(b"large", timeout=LONG)

    assert await child.call(b"echo fine", timeout=LONG) == b"fine"


async def test_the_environment_holds_settings_but_no_credentials(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYREEL_HOME", "/somewhere")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "the third")
    monkeypatch.setenv("STORYREEL_S3_SECRET_KEY", "hunter2")
    monkeypatch.setenv("AWS_ACCESS", "hunter2")

    environment = (await child.call(b"environment", timeout=LONG)).decode()

    assert "/somewhere" in environment
    assert "the third" in environment
    assert "hunter2" not in environment


async def test_the_scratch_directory_goes_with_the_worker(child: Child) -> None:
    scratch = Path((await child.call(b"scratch", timeout=LONG)).decode())
    there = scratch.is_dir()
    await child.close()

    assert there
    assert not scratch.exists()


async def test_a_worker_is_replaced_after_so_many_answers(module: str) -> None:
    child = Child(module, recycle_after=2)

    pids = [await child.call(b"pid", timeout=LONG) for _ in range(4)]
    await child.close()

    assert pids[0] == pids[1] != pids[2] == pids[3]


async def test_a_module_that_cannot_be_imported_is_a_death_at_the_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
    child = Child("broken")

    with pytest.raises(ChildDied):
        await child.start()

    assert "cannot be imported" in str(facts(caplog))


async def test_closing_ends_the_call_in_flight_and_refuses_the_next(child: Child, tmp_path: Path) -> None:
    note = tmp_path / "note"
    call = asyncio.create_task(child.call(f"family {note}".encode(), timeout=LONG))
    await until(note.exists)

    await child.close()

    with pytest.raises(Draining):
        await call
    with pytest.raises(Draining):
        await child.call(b"echo", timeout=LONG)


async def test_closing_while_the_worker_is_being_spawned_leaves_no_process(module: str) -> None:
    child = Child(module)
    call = asyncio.create_task(child.call(b"echo", timeout=LONG))
    await asyncio.sleep(0)  # the call begins to spawn

    await child.close()

    with pytest.raises(Draining):
        await call
    assert workers(module) == []


async def test_closing_while_the_worker_imports_its_module_leaves_no_process(module: str) -> None:
    child = Child(module)
    start = asyncio.create_task(child.start())
    await until(lambda: workers(module) != [])

    await child.close()

    with pytest.raises(Draining):
        await start
    assert workers(module) == []


def workers(module: str) -> list[int]:
    """The processes of this process that run a module."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if alive(int(pid)) and module in command(int(pid))]


def command(pid: int) -> str:
    """The command line of a process; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return ""


async def test_a_pool_of_two_works_on_two_requests_at_once(module: str, tmp_path: Path) -> None:
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    pool = ChildPool(module, size=2)
    await pool.start()

    replies = await asyncio.gather(
        *(pool.call(f"meet {meeting}".encode(), timeout=LONG) for _ in range(2)),
    )
    await pool.close()

    assert replies == [b"met", b"met"]


async def test_a_pool_serves_more_requests_than_it_has_workers(module: str) -> None:
    pool = ChildPool(module, size=2)

    replies = await asyncio.gather(*(pool.call(f"echo {n}".encode(), timeout=LONG) for n in range(6)))
    await pool.close()

    assert replies == [str(n).encode() for n in range(6)]
