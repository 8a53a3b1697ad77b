"""The leader's side of the other ranks: processes that it starts, asks, and takes with it when it ends."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from services.chassis import inside
from services.chassis.child import error_of
from services.chassis.errors import BY_REASON, DeviceFault
from services.generation.wan import wire
from services.generation.wan.ranks.seat import Seat


class Elsewhere(BaseException):
    """Another rank failed; its own process tells with what. No library's handler may take it for an error."""


PATIENCE = timedelta(seconds=60)
"""How long a rank that has done its part may take to answer."""


class Peers:
    """The ranks beside the leader: they run the worker's module as the leader does, and answer to it.

    They are in the leader's group of processes, which the service ends as one. When the leader is killed
    alone, Linux kills them, and elsewhere they see the end of their input.

    Args:
        module: What they run.
        seats: Theirs; there may be none.
    """

    def __init__(self, module: str, seats: Sequence[Seat]) -> None:
        settings = json.dumps(
            {
                "parent": os.getpid(),
                "scratch": str(Path.cwd()),
                **dict.fromkeys(("address_space", "file_bytes", "open_files", "cpu_seconds")),
            }
        )
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-P", "-m", inside.__name__, module, settings],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | seat.environment,
            )
            for seat in seats
        ]
        self._started = bool(self._processes)

    def answer(self, payload: bytes, own: Callable[[], wire.Answer]) -> wire.Answer:
        """Have each answer a request as this process does; all their answers in one.

        Args:
            payload: The request.
            own: What this process does for it.

        Raises:
            StoryreelError: What any of them raised.
            DeviceFault: One is gone or does not answer. All are ended; this process is of no more use.
        """
        if not self._started:
            return own()
        made: wire.Answer | None = None
        errors: list[Exception] = []
        try:
            self._ask(payload)
            try:
                made = own()
            except Elsewhere:
                pass  # its error is among those that are read now
            except DeviceFault:
                raise
            except Exception as error:
                errors.append(error)
            answers, theirs = self._answers()
            errors += theirs
            if made is None and not errors:
                raise DeviceFault("A process that shares the clip failed and does not say with what.")
            if errors:
                raise next((error for error in errors if isinstance(error, DeviceFault)), errors[0])
        except DeviceFault:
            self.close()
            raise
        assert made
        return _joined(made, answers)

    def check(self) -> None:
        """See whether they are still at work.

        Raises:
            DeviceFault: One is gone.
            StoryreelError: One has failed, with this.
        """
        for process in self._processes:
            assert process.stdout
            if select.select([process.stdout], [], [], 0)[0] and self._frame(process, 1.0)[0] == inside.ERROR:
                raise DeviceFault("A process that was to share the clip failed as it began.")

    def close(self) -> None:
        """End them."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
            for pipe in filter(None, (process.stdin, process.stdout)):
                pipe.close()
        self._processes = []

    def _ask(self, payload: bytes) -> None:
        if not self._processes:
            raise DeviceFault("The processes that share a clip have ended.")
        for process in self._processes:
            assert process.stdin
            try:
                process.stdin.write(inside.HEADER.pack(inside.REQUEST, len(payload)) + payload)
            except BrokenPipeError:
                raise self._gone(process) from None

    def _answers(self) -> tuple[list[wire.Answer], list[Exception]]:
        """What they answered, and what they raised."""
        answers: list[wire.Answer] = []
        errors: list[Exception] = []
        ends = time.monotonic() + PATIENCE.total_seconds()
        for process in self._processes:
            kind, body = self._frame(process, ends - time.monotonic())
            while kind not in (inside.RESULT, inside.ERROR):
                kind, body = self._frame(process, ends - time.monotonic())
            if kind == inside.RESULT:
                answers.append(wire.unpack_answer(body))
            else:
                errors.append(_error(json.loads(body)))
        return answers, errors

    def _frame(self, process: subprocess.Popen[bytes], patience: float) -> tuple[bytes, bytes]:
        kind, size = inside.HEADER.unpack(self._read(process, inside.HEADER.size, patience))
        return kind, self._read(process, size, patience)

    def _read(self, process: subprocess.Popen[bytes], size: int, patience: float) -> bytes:
        assert process.stdout
        read = b""
        while len(read) < size:
            if not select.select([process.stdout], [], [], max(0.0, patience))[0]:
                raise DeviceFault("A process that shares the clip does not answer.")
            piece = process.stdout.read(size - len(read))
            if not piece:
                raise self._gone(process)
            read += piece
        return read

    def _gone(self, process: subprocess.Popen[bytes]) -> DeviceFault:
        return DeviceFault(
            f"A process that shares the clip ended ({process.poll()}). All are started again.",
            metadata={"error": "ranks"},
        )


def _error(body: dict[str, Any]) -> Exception:
    if body["reason"] in BY_REASON and "trace" not in body:
        return error_of(body)
    return RuntimeError(f"A rank failed: {body.get('trace', '')}")


def _joined(own: wire.Answer, others: Sequence[wire.Answer]) -> wire.Answer:
    """The leader's answer; of memory the least that any device has, and the most that any took."""
    device = own.device
    seen = [answer.device for answer in others if answer.device is not None]
    if device is not None and seen:
        device = replace(
            device,
            total_bytes=min(device.total_bytes, *(other.total_bytes for other in seen)),
            free_bytes=min(device.free_bytes, *(other.free_bytes for other in seen)),
            devices=1 + len(seen),
        )
    return replace(
        own, device=device, peak_bytes=max(own.peak_bytes, *(other.peak_bytes for other in others))
    )
