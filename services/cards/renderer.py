"""The template backend: draws cards on the CPU, in a few long-lived processes."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from services import media
from services.cards import wire
from services.cards.typesetting import faces
from services.chassis.child import ChildPool
from services.chassis.errors import ChildDied
from services.chassis.progress import Report
from services.generation.clip import Shot

WORKER = "services.cards.worker"

_LIBRARIES = ("av", "numpy", "pillow", "fonttools", "pygments")


class TemplateBackend:
    """Draws and encodes each shot in one of `children` processes.

    Args:
        children: How many shots at once.
        threads: Of the encoder, in each process; another number gives other bytes.
        clip_time: How long one shot may take.
        worker: The module that draws.
    """

    name = "template"

    def __init__(self, *, children: int, threads: int, clip_time: timedelta, worker: str = WORKER) -> None:
        self._pool = ChildPool(worker, size=children)
        self._threads, self._clip_time = threads, clip_time

    async def start(self) -> str:
        """Warm a process up in the background; tell what beside the shot the bytes depend on."""
        self._pool.warm_up()
        return await asyncio.to_thread(self.made_by)

    def made_by(self) -> str:
        """The code that draws, the encoder's threads, the libraries' versions and the fonts in reach."""
        libraries = " ".join(f"{name}={version(name)}" for name in _LIBRARIES)
        return f"template code={_code()} threads={self._threads} fonts={faces.fingerprint()} {libraries}"

    async def make(
        self, shot: Shot, path: Path, report: Report, *, image: Path | None = None
    ) -> tuple[str, ...]:
        """Write a shot's clip to a file; the text that could not be shown, with the reasons.

        `image` is the file of the card's image, where it has one.

        Raises:
            ChildDied: The process died; metadata `exit` and `scene_type` tell how and over what.
            Deadline: It took longer than `clip_time`.
            StoreFull: The disk is full.
        """
        payload = wire.pack(shot, path, threads=self._threads, image=image)
        try:
            reply = await self._pool.call(payload, timeout=self._clip_time, report=report)
        except ChildDied as error:
            raise ChildDied(
                f"The process that drew a scene of type {shot.card.type} died.",
                metadata=error.metadata | {"scene_type": shot.card.type},
            ) from error
        return tuple(json.loads(reply)["unshown"])

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
