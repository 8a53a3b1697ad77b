"""Draws a shot and encodes it, in one process and one pass."""

from __future__ import annotations

import time
from pathlib import Path

from services.cards.cues import cues
from services.cards.drawing.layers import Canvas
from services.cards.film import Film
from services.chassis.progress import Progress, Report
from services.generation.clip import Shot
from services.media.encode import Encoder, Encoding

REPORT_SECONDS = 0.3
"""Progress is told so often at most."""


def canvas(shot: Shot) -> Canvas:
    """What a shot's card is drawn on."""
    picture = shot.picture
    return Canvas(
        width=picture.width,
        height=picture.height,
        rate=picture.rate,
        frames=shot.frames,
        cues=cues(
            shot.card,
            shot.narration,
            shot.timing,
            rate=picture.rate,
            lead_frames=shot.lead_frames,
            frames=shot.frames,
        ),
        theme=shot.look.theme,
        accent=shot.look.accent,
        language=shot.narration.language,
    )


def encoding(shot: Shot, *, threads: int) -> Encoding:
    """How a shot is encoded."""
    return Encoding(shot.picture.rate, shot.frames, sparse=shot.look.timing == "sparse", threads=threads)


def render(film: Film, path: Path, encoding: Encoding, *, report: Report) -> None:
    """Write a film's frames to an MP4 file.

    Args:
        film: What is shown; not shown yet.
        path: The file to write.
        encoding: How many frames, and how.
        report: Told the step `draw` and its frames, about three times a second.

    Raises:
        StoreFull: The disk is full.
    """
    told = time.monotonic()
    with Encoder(path, film.picture.buffer, encoding) as encoder:
        for frame in range(encoding.frames):
            encoder.show(changed=film.show(frame))
            if (now := time.monotonic()) - told >= REPORT_SECONDS:
                told = now
                done = frame + 1
                report(Progress("draw", done / encoding.frames, done, encoding.frames, "frames"))
