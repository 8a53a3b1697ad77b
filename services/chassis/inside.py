"""The child's side of `child.py`: limits itself, imports a module, and answers one request after another."""

from __future__ import annotations

import ctypes
import importlib
import json
import math
import os
import resource
import signal
import struct
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from services.chassis.errors import StoryreelError
from services.chassis.progress import Progress, Report

MAX_FRAME = 16 << 20
"""The most bytes one frame may carry, either way."""

HEADER = struct.Struct(">cI")
"""A frame's head: its kind, then the number of bytes that follow."""

REQUEST, READY, PROGRESS, RESULT, ERROR = b"q", b"a", b"p", b"r", b"e"

MEMORY_EXIT = 71
"""The exit status of a child that reached its limit of memory."""

_TRACE_CHARACTERS = 16_000
_PR_SET_PDEATHSIG = 1

Answer = Callable[[bytes, Report], bytes]


class Pipe:
    """Frames over two files; several threads may write."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink
        self._writing = threading.Lock()

    def read(self) -> bytes | None:
        """The next request, or None when the parent has closed its end."""
        head = self._source.read(HEADER.size)
        if len(head) < HEADER.size:
            return None
        kind, size = HEADER.unpack(head)
        if kind != REQUEST or size > MAX_FRAME:
            raise ValueError(f"a frame of kind {kind!r} with {size} bytes is not a request")
        body = self._source.read(size)
        return body if len(body) == size else None

    def write(self, kind: bytes, body: bytes) -> None:
        """Send one frame; at most MAX_FRAME bytes."""
        if len(body) > MAX_FRAME:
            raise ValueError(f"{len(body)} bytes do not fit a frame of {MAX_FRAME}")
        with self._writing:
            self._sink.write(HEADER.pack(kind, len(body)) + body)
            self._sink.flush()


def take_pipe() -> Pipe:
    """Keep stdin and stdout for the protocol: what anything else prints goes to stderr."""
    source, sink = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return Pipe(os.fdopen(source, "rb"), os.fdopen(sink, "wb"))


def die_with(parent: int) -> None:
    """Ask Linux to kill this process when its parent dies; elsewhere the end of stdin ends it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def limit(kind: int, value: int | None) -> None:
    """Lower a resource limit for good; None leaves it."""
    if value is None:
        return
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def allow_cpu(seconds: int | None) -> None:
    """Grant CPU seconds from now on; the limit of the system counts from the start of the process."""
    if seconds is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(
        resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard)
    )


def describe(error: BaseException) -> bytes:
    """An exception as the body of an ERROR frame; the trace is for the parent's log only."""
    if isinstance(error, StoryreelError):
        body: dict[str, object] = {
            "reason": error.reason,
            "message": error.message,
            "suggestions": [asdict(suggestion) for suggestion in error.suggestions],
            "violations": [asdict(violation) for violation in error.violations],
            "metadata": error.metadata,
            "retry_after": error.retry_after.total_seconds() if error.retry_after else None,
        }
    else:
        lines = "".join(traceback.format_exception(error))
        body = {"reason": "INTERNAL", "message": "", "trace": lines[-_TRACE_CHARACTERS:]}
    return json.dumps(body).encode()


def serve(pipe: Pipe, answer: Answer, *, cpu_seconds: int | None) -> None:
    """Answer requests until the parent closes its end."""

    def report(progress: Progress) -> None:
        pipe.write(PROGRESS, json.dumps(asdict(progress)).encode())

    while (payload := pipe.read()) is not None:
        allow_cpu(cpu_seconds)
        try:
            pipe.write(RESULT, answer(payload, report))
        except MemoryError:
            raise
        except Exception as error:
            pipe.write(ERROR, describe(error))


def main(module: str, settings: str) -> None:
    """Become the worker that `child.py` started: `settings` is the JSON it passes."""
    given = json.loads(settings)
    pipe = take_pipe()
    die_with(given["parent"])
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_AS, given["address_space"])
    limit(resource.RLIMIT_FSIZE, given["file_bytes"])
    limit(resource.RLIMIT_NOFILE, given["open_files"])
    allow_cpu(given["cpu_seconds"])
    # What is imported later must be found from the scratch directory too.
    sys.path[:] = [str(Path(entry).absolute()) for entry in sys.path]
    os.chdir(given["scratch"])
    try:
        answer: Answer = importlib.import_module(module).answer
        pipe.write(READY, b"")
        serve(pipe, answer, cpu_seconds=given["cpu_seconds"])
    except MemoryError:
        # The interpreter may have no memory left to unwind with.
        os._exit(MEMORY_EXIT)
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
