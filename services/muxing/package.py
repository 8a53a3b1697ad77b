"""What a video carries beside picture and sound: its metadata with chapters, and its thumbnail."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from PIL import Image

from services.media import probe
from services.media.clock import Rate
from services.muxing.captions import JOINER, one_line
from services.muxing.timeline import Timeline

CHAPTER_BYTES = 250
"""UTF-8 bytes of a chapter's title: the list of chapters in an MP4 counts them in one byte."""

THUMBNAIL_EDGE = 1280
"""Pixels of the thumbnail's longer edge."""

_SPECIAL = re.compile(r"[=;#\\]")
_SHOWN_AT = (4, 5)
"""What part of the title's scene has passed in the thumbnail: its last element comes in before 60 %."""


def chapter_title(title: str) -> str:
    """A chapter's title as it stands in the file: one line, cut where the format ends."""
    line = file_title(title)
    if len(line.encode()) <= CHAPTER_BYTES:
        return line
    return line.encode()[: CHAPTER_BYTES - 3].decode("utf-8", "ignore").rstrip() + "…"


def file_title(title: str) -> str:
    """A title as it stands in the file: one line.

    A last backslash gets an invisible character after it: even doubled, as FFmpeg's format wants it, it
    would join the next line of the metadata to its own.
    """
    line = one_line(title)
    return line + JOINER if line.endswith("\\") else line


def metadata(timeline: Timeline, *, chapters: bool) -> str:
    """FFmpeg's metadata format: the title, and chapters counted in frames; every value is escaped."""
    rate = timeline.rate
    lines = [";FFMETADATA1"]
    if title := file_title(timeline.title):
        lines.append(f"title={_escaped(title)}")
    for chapter in timeline.chapters() if chapters else ():
        lines += [
            "[CHAPTER]",
            f"TIMEBASE={rate.denominator}/{rate.numerator}",
            f"START={chapter.start}",
            f"END={chapter.end}",
            f"title={_escaped(chapter_title(chapter.title))}",
        ]
    return "\n".join(lines) + "\n"


def thumbnail(clip: Path, frames: int, rate: Rate, *, out: Path) -> None:
    """Write a JPEG of the frame that shows a clip's whole card, its longer edge 1280 pixels at most.

    Raises:
        probe.Unreadable: The clip does not decode.
        OSError: The file cannot be written.
    """
    track = probe.video(clip)
    frame = (frames - 1) * _SHOWN_AT[0] // _SHOWN_AT[1]
    time = round(frame * rate.denominator / (rate.numerator * track.tick))
    image = Image.fromarray(np.ascontiguousarray(probe.picture_at(clip, time)))
    image.thumbnail((THUMBNAIL_EDGE, THUMBNAIL_EDGE), Image.Resampling.LANCZOS)
    image.save(out, "JPEG", quality=88, subsampling=0, optimize=True)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda match: "\\" + match[0], text)
