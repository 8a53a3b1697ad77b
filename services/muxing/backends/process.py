"""One ffmpeg process: its progress, its last words, its end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from services.chassis import telemetry
from services.chassis.errors import ChildDied, Deadline, StoreFull

_TAIL_BYTES = 8192
_FULL_DISK = ("No space left on device", "Disk quota exceeded")


async def run(
    arguments: Sequence[str],
    *,
    folder: Path,
    doing: str,
    deadline: timedelta,
    tell: Callable[[float], None],
) -> str:
    """Run a program that writes ffmpeg's `-progress` to its standard output.

    However the call ends (done, cancelled, out of time), the process and all it started are gone then.

    Args:
        arguments: The program and its arguments; never a shell's text.
        folder: The working directory, against which the arguments name files.
        doing: What it does, for the error: `packaging the video`.
        deadline: How long it may take.
        tell: Told the seconds of media written so far.

    Returns:
        The end of what it wrote to standard error, at most 8 KiB.

    Raises:
        ChildDied: It failed; metadata `exit` says how, our log has its last words.
        Deadline: It took longer than it may.
        StoreFull: It failed because the disk is full.
    """
    process = await asyncio.create_subprocess_exec(
        *arguments,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        process_group=0,
    )
    assert process.stdout
    assert process.stderr
    # An unread standard error would stop the process after 64 KiB.
    draining = asyncio.create_task(_tail(process.stderr))
    try:
        async with asyncio.timeout(deadline.total_seconds()):
            await _follow(process.stdout, tell)
            status = await process.wait()
            tail = (await draining).decode("utf-8", "replace")
    except TimeoutError:
        raise Deadline(f"ffmpeg was still {doing} after {deadline.total_seconds():g} s.") from None
    finally:
        draining.cancel()
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.shield(process.wait())
    if status:
        raise _failure(status, doing, tail)
    return tail


async def _follow(stdout: asyncio.StreamReader, tell: Callable[[float], None]) -> None:
    async for line in stdout:
        key, _, value = line.decode("ascii", "replace").strip().partition("=")
        if key == "out_time_us" and value.isdigit():
            tell(int(value) / 1e6)


async def _tail(stream: asyncio.StreamReader) -> bytes:
    tail = bytearray()
    while piece := await stream.read(4096):
        tail += piece
        del tail[:-_TAIL_BYTES]
    return bytes(tail)


def _failure(status: int, doing: str, tail: str) -> ChildDied | StoreFull:
    how = signal.Signals(-status).name if status < 0 else str(status)
    # Indented lines repeat a file's metadata: titles are the document's text, which no log may hold.
    words = "\n".join(line for line in tail.splitlines() if not line.startswith(" "))
    telemetry.log.error("ffmpeg.failed", doing=doing, exit=how, tail=words[-2000:])
    if any(sign in tail for sign in _FULL_DISK):
        return StoreFull("The disk that videos are made on is full: make room, then try again.")
    return ChildDied(f"ffmpeg ended ({how}) while {doing}.", metadata={"exit": how})
