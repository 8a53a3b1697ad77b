"""The child that reads documents: bytes in, a storyboard out; it touches no network and no store."""

from __future__ import annotations

import sys
from pathlib import Path

from services.artifacts.store import Artifact
from services.artifacts.wire import from_proto
from services.chassis.progress import Report
from services.parsing import wire
from services.parsing.backends import markdown, plain
from services.parsing.detect import read
from services.parsing.edit import storyboard
from services.parsing.images import UnusableError, measured
from services.story.source_place import SourceWarning
from services.story.wire import encode

# The markdown parser takes a few Python frames for each level of nesting.
_FRAMES = 10_000
sys.setrecursionlimit(_FRAMES)


def answer(payload: bytes, report: Report) -> bytes:
    """Read one document.

    Args:
        payload: A storyreel.parsing.v1.ReadingTask.
        report: Not used; a document is read in seconds.

    Returns:
        A storyreel.parsing.v1.Reading.

    Raises:
        UnsupportedDocument: The document is of a kind that is not read.
        EmptyDocument: It has nothing to tell.
        DocumentTooLarge: It makes too many scenes or blocks.
    """
    task = wire.task_of(payload)
    text = read(task.document, name=task.name)
    files = {each.file.name: from_proto(each.file.file) for each in task.files}
    if text.markdown:
        outline = markdown.outline(text.text, language=task.language, files=files, images=_images(task))
    else:
        outline = plain.outline(text.text, language=task.language)
    board = storyboard(outline, name=task.name, language=task.language)
    return encode(wire.reading(board, warnings=map(SourceWarning, text.warnings)))


def _images(task: wire.Task) -> dict[str, Artifact | str]:
    """The files that a card can show, by their names, or why they cannot be shown."""
    images: dict[str, Artifact | str] = {}
    for each in task.files:
        if each.path:
            try:
                measured(Path(each.path))
            except UnusableError as why:
                images[each.file.name] = str(why)
            else:
                images[each.file.name] = from_proto(each.file.file)
    return images
