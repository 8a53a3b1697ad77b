"""Worker processes: what they answer, how they die, and what comes after."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from services.chassis.child import Child, ChildLimits, ChildPool
from services.chassis.errors import (
    Change,
    ChildDied,
    Deadline,
    DocumentTooLarge,
    Draining,
    Internal,
    Suggestion,
    Violation,
)
from services.chassis.progress import Progress

LONG = timedelta(seconds=60)

WORKER = """
import json, os, signal, subprocess, sys, time
from pathlib import Path
from datetime import timedelta
from services.chassis.errors import Change, DocumentTooLarge, Suggestion, Violation
from services.chassis.progress import Progress

def answer(payload, report):
    verb, _, rest = payload.decode().partition(" ")
    if verb == "echo":
        return rest.encode()
    if verb == "pid":
        return str(os.getpid()).encode()
    if verb == "environment":
        return json.dumps(dict(os.environ)).encode()
    if verb == "print":
        print("noise on standard output", flush=True)
        return b"quiet"
    if verb == "count":
        for done in range(3):
            report(Progress("counting", done / 2, done, 2, "steps"))
        return b"counted"
    if verb == "refuse":
        raise DocumentTooLarge(
            "Too large.", suggestions=[Suggestion("Split it.", [Change("size", "2", "1")])],
            metadata={"limit": "1"}, violations=[Violation("a", "b")], retry_after=timedelta(seconds=3))
    if verb == "bug":
        raise KeyError("secret=hunter2")
    if verb == "exit":
        os._exit(3)
    if verb == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if verb == "eat":
        return bytes(1 << 30)
    if verb == "spin":
        while True:
            pass
    if verb == "scratch":
        Path("left-behind").write_text("x")
        return str(Path.cwd()).encode()
    if verb == "large":
        return bytes((16 << 20) + 1)
    if verb == "babble":
        for fd in range(3, 32):
            try:
                os.write(fd, b"this is no frame at all")
            except OSError:
                pass
    if verb == "meet":
        Path(rest, str(os.getpid())).touch()
        while len(os.listdir(rest)) < 2:
            time.sleep(0.01)
        return b"met"
    if verb == "family":
        process = subprocess.Popen(["sleep", "600"])
        Path(rest).write_text(f"{os.getpid()} {process.pid}")
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "errand.py").write_text(WORKER)
    (tmp_path / "broken.py").write_text("raise RuntimeError('cannot be imported')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "errand"


@pytest.fixture
async def child(module: str) -> AsyncIterator[Child]:
    child = Child(module)
    yield child
    await child.close()


def facts(caplog: pytest.LogCaptureFixture) -> list[object]:
    return [getattr(record, "facts", None) for record in caplog.records]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def test_a_worker_answers_request_after_request_in_one_process(child: Child) -> None:
    await child.start()

    echo = await child.call(b"echo hello", timeout=LONG)
    pids = {await child.call(b"pid", timeout=LONG) for _ in range(3)}

    assert echo == b"hello"
    assert len(pids) == 1


async def test_a_payload_and_a_reply_of_many_megabytes_travel(child: Child) -> None:
    text = b"x" * (12 << 20)

    reply = await child.call(b"echo " + text, timeout=LONG)

    assert reply == text


async def test_progress_arrives_in_order(child: Child) -> None:
    seen: list[Progress] = []

    await child.call(b"count", timeout=LONG, report=seen.append)

    assert seen == [Progress("counting", done / 2, done, 2, "steps") for done in range(3)]


async def test_what_a_library_prints_does_not_disturb_the_protocol(child: Child) -> None:
    reply = await child.call(b"print", timeout=LONG)

    assert reply == b"quiet"


async def test_an_error_of_ours_is_raised_as_the_same_class_with_all_it_carries(child: Child) -> None:
    with pytest.raises(DocumentTooLarge) as caught:
        await child.call(b"refuse", timeout=LONG)

    assert caught.value.message == "Too large."
    assert caught.value.suggestions == [Suggestion("Split it.", [Change("size", "2", "1")])]
    assert caught.value.violations == [Violation("a", "b")]
    assert caught.value.metadata == {"limit": "1"}
    assert caught.value.retry_after == timedelta(seconds=3)


async def test_a_defect_becomes_internal_with_an_id_and_its_stack_stays_in_the_log(
    child: Child, caplog: pytest.LogCaptureFixture
) -> None:
    before = await child.call(b"pid", timeout=LONG)
    with pytest.raises(Internal) as caught:
        await child.call(b"bug", timeout=LONG)
    after = await child.call(b"pid", timeout=LONG)

    assert "hunter2" not in str(caught.value)
    assert caught.value.error_id
    assert caught.value.error_id in str(facts(caplog))
    assert "hunter2" in str(facts(caplog))
    assert before == after


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
