"""Draws a card and encodes it, in one process and one pass."""

from __future__ import annotations

import time
from pathlib import Path

from services.cards.card import CardSpec
from services.cards.cues import cues
from services.cards.drawing.layers import Canvas
from services.cards.film import Film
from services.chassis.progress import Progress, Report
from services.media.encode import Encoder, Encoding

REPORT_SECONDS = 0.3
"""Progress is told so often at most."""


def canvas(spec: CardSpec) -> Canvas:
    """What a card is drawn on."""
    picture = spec.picture
    return Canvas(
        width=picture.width,
        height=picture.height,
        rate=picture.rate,
        frames=spec.frames,
        cues=cues(
            spec.card,
            spec.narration,
            spec.timing,
            rate=picture.rate,
            lead_frames=spec.lead_frames,
            frames=spec.frames,
        ),
        palette=spec.look.palette,
        language=spec.narration.language,
    )


def encoding(spec: CardSpec, *, threads: int) -> Encoding:
    """How a card is encoded."""
    return Encoding(spec.picture.rate, spec.frames, sparse=spec.frame_timing == "sparse", threads=threads)


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
