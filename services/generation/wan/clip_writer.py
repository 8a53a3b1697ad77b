"""Takes a model's frames one by one: looks at each, shows it in the clip, and keeps the last one shown."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np
from PIL import Image

from services.artifacts import disk
from services.chassis.errors import GenerationFailed
from services.generation import checks
from services.generation.wan.wire import Task
from services.media.clock import Rate
from services.media.conform import Frame, Reshoot


class Reel:
    """Writes one clip; a context manager. Of the frames it holds none.

    Args:
        task: The clip. One that continues another does not show its first frame, which is its image.
        image: What the first frame is held against; None without one.

    Raises:
        GenerationFailed: A frame has not the planned size; from `take`.
        StoreFull: The disk is full; from any method.
    """

    def __init__(self, task: Task, image: Image.Image | None) -> None:
        plan = task.plan
        self._size = (plan.height, plan.width)
        self._image = image
        self._last_frame = task.last_frame
        self._watch = checks.Watch()
        self._found = tuple[str, ...]()
        self._taken = 0
        self._reshoot = Reshoot(
            task.path,
            task.picture,
            frames=task.frames,
            native_frames=plan.frames,
            native_rate=Rate(plan.rate),
            unseen=1 if task.continues and plan.frames > 1 else 0,
            sparse=task.sparse,
            threads=task.encoder_threads,
        )

    @property
    def needed(self) -> int:
        """So many frames are taken; later ones need not be made."""
        return self._reshoot.needed

    def take(self, frame: Frame) -> None:
        """Take the next frame."""
        if frame.shape[:2] != self._size:
            raise GenerationFailed(
                f"The model made frames of {frame.shape[1]}x{frame.shape[0]}, "
                f"planned were {self._size[1]}x{self._size[0]}.",
                metadata={"phase": "decode", "check": "shape"},
            )
        self._watch.see(frame)
        if self._taken == 0 and self._image is not None:
            self._found = (checks.likeness(frame, np.asarray(self._image)),)
        if self._last_frame is not None and self._taken == self._reshoot.showing.last:
            _write(frame, self._last_frame)
        self._taken += 1
        self._reshoot.take(frame)

    def verdict(self) -> tuple[str, ...]:
        """What was checked of all frames and passed, in words.

        Raises:
            GenerationFailed: A check did not pass.
        """
        return (*self._watch.verdict(frames=self.needed), *self._found)

    def __enter__(self) -> Reel:
        self._reshoot.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reshoot.__exit__(kind, error, trace)


def _write(frame: Frame, path: Path) -> None:
    """Write a frame as PNG; the file is whole or not there."""
    with disk.errors(path.parent), disk.new_file(path, mode=0o600) as file:
        Image.fromarray(np.ascontiguousarray(frame)).save(file, "PNG")
