"""One worker process: spawned with limits in its own session, spoken to in frames, ended with its group."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from services.chassis import inside, telemetry
from services.chassis.progress import Progress, Report
from services.chassis.scratch import Scratch

PATIENCE = timedelta(seconds=5)
"""How long a worker has between SIGTERM and SIGKILL."""

_STDERR_BYTES = 8192
_NAMES = frozenset(
    {"PATH", "HOME", "LANG", "TZ", "TRACEPARENT", "LD_LIBRARY_PATH", "XDG_DATA_HOME", "CC", "CXX"}
)
# Where fonts are, and how containers bring a GPU's driver, is told by names like these.
_PREFIXES = (
    "LC_",
    "PYTHON",
    "STORYREEL_",
    "FONTCONFIG_",
    "CUDA_",
    "NVIDIA_",
    "PYTORCH_",
    "NCCL_",
    "TORCHINDUCTOR_",
    "TRITON_",
)
# A worker reads hostile documents: it gets settings, but no credentials.
_SECRETS = ("KEY", "SECRET", "TOKEN", "PASSWORD")


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What a worker may use at most; None means no limit.

    Args:
        address_space: Bytes of virtual memory.
        cpu_seconds: CPU time of one call, all threads together.
        file_bytes: Size of a file it writes.
        open_files: File descriptors.
    """

    address_space: int | None = None
    cpu_seconds: int | None = None
    file_bytes: int | None = None
    open_files: int = 256


class Gone(Exception):
    """The process closed its end, or sent something that is not a frame."""

    def __init__(self, process: Process) -> None:
        super().__init__()
        self.process = process


class Process:
    """One spawned worker process and its end of the protocol."""

    def __init__(self, process: asyncio.subprocess.Process, scratch: Scratch) -> None:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        self._process = process
        self._scratch = scratch
        self._stdin = process.stdin
        self._stdout = process.stdout
        self._tail = bytearray()
        self._listening = asyncio.create_task(self._listen(process.stderr))
        self._babbled = False
        self.answers = 0

    @classmethod
    async def spawn(cls, module: str, limits: ChildLimits) -> Process:
        """Start a process in a session of its own, with a clean environment."""
        scratch = Scratch()
        settings = {**asdict(limits), "scratch": str(scratch.path), "parent": os.getpid()}
        try:
            process = await asyncio.create_subprocess_exec(
                # -P: code is never taken from the folder the user happens to be in.
                *(sys.executable, "-P", "-m", inside.__name__, module, json.dumps(settings)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=_environment(os.environ) | telemetry.traceparent() | {"TMPDIR": str(scratch.path)},
                start_new_session=True,
            )
        except BaseException:
            scratch.remove()
            raise
        return cls(process, scratch)

    @property
    def ended(self) -> bool:
        """Tell whether the process is over."""
        return self._process.returncode is not None

    @property
    def exit(self) -> str:
        """How the process ended, in a word."""
        code = self._process.returncode
        if self._babbled:
            return "protocol"
        if code == inside.MEMORY_EXIT:
            return "memory"
        if code is None:
            return "running"
        return signal.Signals(-code).name if code < 0 else str(code)

    @property
    def stderr(self) -> str:
        """The last words of the process, at most 8 KiB."""
        return self._tail.decode(errors="replace")

    async def ready(self) -> None:
        """Wait until the module is imported."""
        kind, _ = await self._receive()
        if kind != inside.READY:
            raise self._babble()

    async def exchange(self, payload: bytes, report: Report | None) -> bytes | Mapping[str, Any]:
        """Send a request; its result, or the description of the error it raised."""
        try:
            self._stdin.write(inside.HEADER.pack(inside.REQUEST, len(payload)) + payload)
            await self._stdin.drain()
        except ConnectionError:
            raise Gone(self) from None
        while True:
            kind, body = await self._receive()
            if kind == inside.PROGRESS and report is not None:
                report(Progress(**self._json(body)))
            if kind in (inside.RESULT, inside.ERROR):
                break
        self.answers += 1
        return body if kind == inside.RESULT else self._json(body)

    def _json(self, body: bytes) -> dict[str, Any]:
        try:
            return dict(json.loads(body))
        except ValueError:
            raise self._babble() from None

    async def last_words(self) -> None:
        """Give a process that closed its end a second to end by itself: its exit status is then its own."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), 1)

    async def end(self) -> None:
        """SIGTERM, SIGKILL after 5 s, to the whole group; then remove the scratch directory."""
        for deadly in (signal.SIGTERM, signal.SIGKILL):
            if not self.ended:
                self._signal(deadly)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._process.wait(), PATIENCE.total_seconds())
        # What the process itself had started goes with it.
        self._signal(signal.SIGKILL)
        self._stdin.close()
        with suppress(ConnectionError):
            await self._stdin.wait_closed()
        _, waiting = await asyncio.wait([self._listening], timeout=1)
        for task in waiting:
            task.cancel()
        await asyncio.to_thread(self._scratch.remove)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _babble(self) -> Gone:
        self._babbled = True
        return Gone(self)

    async def _receive(self) -> tuple[bytes, bytes]:
        try:
            kind, size = inside.HEADER.unpack(await self._stdout.readexactly(inside.HEADER.size))
            if (
                kind not in (inside.READY, inside.PROGRESS, inside.RESULT, inside.ERROR)
                or size > inside.MAX_FRAME
            ):
                raise self._babble()
            return kind, await self._stdout.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Gone(self) from None

    async def _listen(self, stderr: asyncio.StreamReader) -> None:
        while chunk := await stderr.read(4096):
            self._tail += chunk
            del self._tail[:-_STDERR_BYTES]


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """What a worker needs of our environment, and nothing secret."""
    return {
        name: value
        for name, value in given.items()
        if (name in _NAMES or name.startswith(_PREFIXES))
        and not any(word in name.upper() for word in _SECRETS)
    }
