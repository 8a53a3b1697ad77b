"""The drawing process: one shot in, its clip in a file. Run by `services.chassis.inside`."""

from __future__ import annotations

import ctypes
import json
from pathlib import Path

from services.cards import scenes, wire
from services.cards.film import Film, Ground
from services.cards.render import canvas, encoding, render
from services.chassis.progress import Report
from services.generation.clip import Shot

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
    """Make a clip; the reply is JSON: the text that could not be shown, with the reasons.

    Raises:
        StoreFull: The disk is full.
    """
    shot, path, threads, image = wire.unpack(payload)
    film, unshown = _film(shot, image)
    render(film, path, encoding(shot, threads=threads), report=report)
    return json.dumps({"unshown": unshown}).encode()


def _film(shot: Shot, image: Path | None) -> tuple[Film, tuple[str, ...]]:
    """The film and what it cannot show; the drawing is not kept, so that layers go when they have settled."""
    drawing = scenes.draw(shot.card, canvas(shot), image)
    return Film(drawing, _ground.of(drawing)), drawing.unshown
