"""Draws cards in a few long-lived processes."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from services import media
from services.cards.typesetting import faces
from services.chassis.child import ChildPool
from services.chassis.progress import Report

WORKER = "services.cards.worker"

_LIBRARIES = ("av", "numpy", "pillow", "fonttools", "pygments")


class CardRenderer:
    """Draws and encodes each card in one of `children` processes.

    Args:
        children: How many cards at once.
        threads: Of the encoder, in each process; another number gives other bytes.
        card_time: How long one card may take.
        worker: The module that draws.
    """

    def __init__(self, *, children: int, threads: int, card_time: timedelta, worker: str = WORKER) -> None:
        self._pool = ChildPool(worker, size=children)
        self.threads = threads
        self._card_time = card_time

    async def start(self) -> str:
        """Warm a process up in the background; tell what beside a spec the bytes depend on."""
        self._pool.warm_up()
        return await asyncio.to_thread(self.made_by)

    def made_by(self) -> str:
        """The code that draws, the encoder's threads, the libraries' versions and the fonts in reach."""
        libraries = " ".join(f"{name}={version(name)}" for name in _LIBRARIES)
        return f"cards code={_code()} threads={self.threads} fonts={faces.fingerprint()} {libraries}"

    async def draw(self, task: bytes, report: Report) -> bytes:
        """Have a process do a task: a DrawingTask in bytes, answered by a DrawingResult.

        Raises:
            ChildDied: The process died; metadata `exit` tells how.
            Deadline: It took longer than `card_time`.
            InvalidRequest: A font or the logo cannot be used.
            StoreFull: The disk is full.
        """
        return await self._pool.call(task, timeout=self._card_time, report=report)

    async def close(self) -> None:
        """End the processes."""
        await self._pool.close()


def _code() -> str:
    """A short digest of the source that decides what a clip looks like, so that no change needs a version."""
    digest = hashlib.sha256()
    # By their paths: this process does not need what they import.
    shared = (Path(media.__file__).with_name(name) for name in ("planes.py", "encode.py", "repeat.py"))
    for path in [*sorted(Path(__file__).parent.rglob("*.py")), *shared]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
