"""Draws a card and encodes it, in one process and one pass."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from services.artifacts.store import Artifact
from services.cards.card import CardSpec
from services.cards.cues import cues
from services.cards.drawing.layers import Canvas
from services.cards.film import Film
from services.cards.typesetting import faces
from services.chassis.errors import InvalidRequest, Violation
from services.chassis.progress import Progress, Report
from services.media.encode import Encoder, Encoding
from services.story.look import Fonts

WEIGHTS = {
    "regular": "regular",
    "medium": "medium",
    "semibold": "semibold",
    "bold": "bold",
    "display": "display",
    "code": "mono",
    "code_bold": "mono-bold",
}
"""The weight that each font of a look is for."""

NO_FILES: Mapping[str, Path] = {}

REPORT_SECONDS = 0.3
"""Progress is told so often at most."""


def canvas(spec: CardSpec, files: Mapping[str, Path] = NO_FILES) -> Canvas:
    """What a card is drawn on.

    Args:
        spec: The card.
        files: The fonts and the logo of its look, by SHA-256.

    Raises:
        InvalidRequest: A font cannot be read.
    """
    picture, logo = spec.picture, spec.look.logo
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
        fonts=_fonts(spec.look.fonts, files),
        logo=(files[logo.image.sha256], logo.corner == "top_start") if logo else None,
    )


def _fonts(fonts: Fonts, files: Mapping[str, Path]) -> dict[str, Path]:
    """A look's font files by weight."""
    found: dict[str, Path] = {}
    for name, weight in WEIGHTS.items():
        font: Artifact | None = getattr(fonts, name)
        if font is not None:
            found[weight] = files[font.sha256]
            if not faces.load(found[weight]).covered:
                raise InvalidRequest(
                    f"The look's font for {name} is not an OpenType or TrueType font with outlines.",
                    violations=[Violation(f"spec.look.fonts.{name}", "is not a font that can be drawn")],
                )
    return found


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
