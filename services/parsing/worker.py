"""The child that reads documents: bytes in, a storyboard out; it touches no network and no store."""

from __future__ import annotations

import sys

from services.chassis.progress import Report
from services.parsing import wire
from services.parsing.backends import markdown, plain
from services.parsing.detect import read
from services.parsing.edit import storyboard

# The markdown parser takes a few Python frames for each level of nesting.
_FRAMES = 10_000
sys.setrecursionlimit(_FRAMES)


def answer(payload: bytes, report: Report) -> bytes:
    """Read one document.

    Args:
        payload: A `wire.Task`.
        report: Not used; a document is read in seconds.

    Returns:
        A `wire.Reading`.

    Raises:
        UnsupportedDocument: The document is of a kind that is not read.
        EmptyDocument: It has nothing to tell.
        DocumentTooLarge: It makes too many scenes or blocks.
    """
    task = wire.Task.decode(payload)
    text = read(task.document, name=task.name)
    if text.markdown:
        outline = markdown.outline(text.text, language=task.language, files=task.files)
    else:
        outline = plain.outline(text.text, language=task.language)
    board = storyboard(outline, name=task.name, language=task.language)
    return wire.Reading.of(board, warnings=text.warnings).encode()
