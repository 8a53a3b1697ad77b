"""The images that a document shows or its footage blocks name: found beside it, checked, and stored."""

from __future__ import annotations

import io
import os
import re
import stat
from pathlib import Path, PurePosixPath

from orchestrator.cli.source import Document
from orchestrator.cli.terminal import clean, tell
from services.artifacts import wire
from services.artifacts.store import Artifacts
from services.chassis.errors import StoryreelError
from services.parsing import detect
from services.parsing.backends.addresses import pictured
from services.parsing.backends.footage import named_files
from services.parsing.images import UnusableError, measured
from storyreel.artifact.v1 import artifact_pb2

MOST = 100
"""Files of one document; the contract's limit."""

LARGEST = 20 << 20
"""Bytes of one file, as much as the backends take."""

_NAME = re.compile(r"[^\x00-\x1f/][^\x00-\x1f]{0,254}")
"""The contract's rule for a name."""


_USED, _SHOWN = "The footage image {} is not used", "The image {} is not shown"


class RefusedError(Exception):
    """A file is not used; the text continues `… is not used: ` and says what to do."""


async def stored(document: Document, artifacts: Artifacts) -> list[artifact_pb2.NamedFile]:
    """The document's images in the store; what is not used is told on standard error, and why.

    Raises:
        StoreFull: The store is full; and what else storing raises.
    """
    found: list[artifact_pb2.NamedFile] = []
    names = named(document)
    if len(names) > MOST:
        tell(
            f"note  The document names {len(names):,} images; of those after the {MOST}th none is used: "
            "cut it in parts.\n"
        )
    for name, use in list(names.items())[:MOST]:
        try:
            data, kind = read(document.folder, name)
        except RefusedError as why:
            shown = name if len(name) <= 80 else f"{name[:79]}…"
            tell(f"note  {clean(use.format(shown))}: {clean(str(why))}.\n")
        else:
            artifact = await artifacts.put_bytes(data, media_type=kind)
            found.append(artifact_pb2.NamedFile(name=name, file=wire.to_proto(artifact)))
    return found


def named(document: Document) -> dict[str, str]:
    """The files that a document names, and what is said of one that is refused.

    A document that cannot be read has no images; parsing explains why. Images on standard input are
    passed over in silence: they are told by their alternative texts, like those on the web.
    """
    try:
        text = detect.read(document.data, name=document.name)
    except StoryreelError:
        return {}
    if not text.markdown:
        return {}
    names = dict.fromkeys(named_files(text.text), _USED)
    for name in pictured(text.text) if document.folder else ():
        names.setdefault(name, _SHOWN)
    return names


def read(folder: Path | None, name: str) -> tuple[bytes, str]:
    """An image's bytes and its media type.

    A document may come from anybody: it gets at files in its own folder and below it, and nowhere else.

    Args:
        folder: The document's, without symbolic links; None when it came on standard input.
        name: As the document writes it.

    Raises:
        RefusedError: It is elsewhere, is not there, cannot be read, is too large, or is no such image.
    """
    if folder is None:
        raise RefusedError(
            "a document on standard input has no folder to find it in; name the document's file"
        )
    path = PurePosixPath(name)
    if path.is_absolute() or name.startswith("~") or ".." in path.parts or not _NAME.fullmatch(name):
        raise RefusedError(
            "its path must be one within the document's folder, such as pictures/fjord.png; put it there"
        )
    try:
        target = (folder / name).resolve()
        if not target.is_relative_to(folder):
            raise RefusedError(
                "it is a symbolic link out of the document's folder; put the image itself there"
            )
        data = _bytes(target)
    except FileNotFoundError:
        raise RefusedError(f"there is no such file in {folder}; put it there") from None
    except (OSError, RuntimeError) as error:  # RuntimeError: links that go in a circle
        why = getattr(error, "strerror", None) or error
        raise RefusedError(f"it cannot be read ({why}); mend that") from None
    kind = _kind(data)
    if not kind:
        raise RefusedError("it is not a PNG, JPEG or WebP image, whatever its name says; convert it")
    try:
        measured(io.BytesIO(data))
    except UnusableError as error:
        raise RefusedError(str(error)) from None
    return data, kind


def _bytes(path: Path) -> bytes:
    """A file's bytes, none of which is read before it is known to be a file of a fair size."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise RefusedError("it is not a file but a folder, a pipe, a device or the like; name a file")
        if found.st_size > LARGEST:
            size = f"{found.st_size:,} bytes, more than {LARGEST >> 20} MiB"
            raise RefusedError(f"it has {size}; make it smaller")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(LARGEST)
    finally:
        os.close(descriptor)


def _kind(data: bytes) -> str:
    """The media type of an image, by what it begins with; empty for anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""
