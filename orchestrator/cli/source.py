"""The document a person names on the command line, checked before anything is started."""

from __future__ import annotations

import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from orchestrator.cli.terminal import clean
from services.chassis.errors import DocumentTooLarge, EmptyDocument, InvalidRequest, Suggestion

LARGEST = 4 << 20
"""Bytes; the parsing service's own limit."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document's bytes, the name it goes by, and its folder; one from standard input is in none."""

    name: str
    data: bytes
    folder: Path | None = None


def read(source: str) -> Document:
    """Read a file, or standard input when the source is `-`.

    Raises:
        InvalidRequest: There is no such file, it is a folder, a pipe or a device, or it cannot be read.
        EmptyDocument: It has no bytes.
        DocumentTooLarge: It is larger than a document may be.
    """
    if source.startswith(("http://", "https://")):
        raise InvalidRequest(
            f"{source} is a web address; those are not read yet.",
            suggestions=[Suggestion("Save the page as markdown or plain text and name that file.")],
        )
    folder: Path | None = None
    if source == "-":
        name, data = "document", sys.stdin.buffer.read(LARGEST + 1)
    else:
        name, data = Path(source).name, _bytes(Path(source))
        folder = Path(source).expanduser().resolve().parent
    if not data:
        raise EmptyDocument(f"{source} is empty. Give a document with text in it.")
    if len(data) > LARGEST:
        raise DocumentTooLarge(
            f"{source} is larger than {LARGEST >> 20} MiB, the most one document may have.",
            suggestions=[Suggestion("Split it at its headings and render the parts.")],
        )
    return Document(clean(name.encode(errors="replace").decode())[:255], data, folder)


def _bytes(path: Path) -> bytes:
    try:
        path = path.expanduser()
        if path.is_dir():
            raise InvalidRequest(
                f"{path} is a folder.", suggestions=[Suggestion("Name a markdown or text file in it.")]
            )
        if not stat.S_ISREG(path.stat().st_mode):  # reading it might wait for ever
            raise InvalidRequest(
                f"{path} is not a file but a pipe, a device or the like.",
                suggestions=[Suggestion("Name - and give the document on standard input.")],
            )
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except (FileNotFoundError, RuntimeError):  # RuntimeError: `~name` names nobody's home
        raise InvalidRequest(
            f"{path} does not exist.", suggestions=[Suggestion("Check the name and the folder you are in.")]
        ) from None
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read ({error.strerror}).") from None
