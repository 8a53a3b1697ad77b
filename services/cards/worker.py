"""The drawing process: one card in, its clip in a file. Run by `services.chassis.inside`."""

from __future__ import annotations

import ctypes

from services.cards import scenes, wire
from services.cards.film import Film, Ground
from services.cards.render import canvas, encoding, render
from services.chassis.progress import Report
from services.story.scene import ImageCard

_ground = Ground()

_MMAP_THRESHOLD = -3
_LARGE_BYTES = 1 << 20


def _give_back() -> None:
    """Have glibc return large blocks to the system when they are freed.

    By itself it raises its threshold with the first large one, and the pictures of a scene leave holes:
    60 MB of a process that waits.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)


_give_back()


def answer(payload: bytes, report: Report) -> bytes:
    """Do a DrawingTask; the reply is a DrawingResult.

    Raises:
        StoreFull: The disk is full.
    """
    task = wire.read_task(payload)
    film, unshown = _film(task)
    render(film, task.path, encoding(task.spec, threads=task.threads), report=report)
    return wire.write_result(unshown)


def _film(task: wire.Task) -> tuple[Film, tuple[str, ...]]:
    """The film and what it cannot show; the drawing is not kept, so that layers go when they have settled."""
    card = task.spec.card
    image = task.files[card.image.file.sha256] if isinstance(card, ImageCard) else None
    drawing = scenes.draw(card, canvas(task.spec, task.files), image)
    return Film(drawing, _ground.of(drawing)), drawing.unshown
