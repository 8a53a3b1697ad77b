"""Digests of files, each computed once: what was computed is remembered by size and time of change."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.models import manifest
from services.models.layout import MAX_FILES

NAME = "verified.json"
CHUNK = 8 << 20
"""Bytes between two reports of progress."""


class _Seen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    size: int
    mtime_ns: int
    sha256: manifest.Digest


class _Memory(BaseModel):
    model_config = ConfigDict(extra="forbid")

    files: dict[str, _Seen] = Field(max_length=MAX_FILES)


class Digests:
    """The digests of the files in one folder; they lie there beside the files, in `verified.json`.

    A folder that cannot be written to works, but is read again by the next process.
    """

    def __init__(self, folder: Path, *, again: bool = False) -> None:
        self._folder = folder
        self._files = {} if again else self._remembered()

    def of(self, name: str, *, passed: Callable[[int], None]) -> str:
        """The sha256 of a file.

        Args:
            name: The file's.
            passed: Told how many bytes more are done.

        Raises:
            OSError: It cannot be read.
        """
        before = (self._folder / name).stat()
        seen = self._files.get(name)
        if seen and (seen.size, seen.mtime_ns) == (before.st_size, before.st_mtime_ns):
            passed(before.st_size)
            return seen.sha256
        digest = _sha256(self._folder / name, passed)
        after = (self._folder / name).stat()
        if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
            self._files[name] = _Seen(size=after.st_size, mtime_ns=after.st_mtime_ns, sha256=digest)
            # After each file: hashing 100 GB that is interrupted goes on where it was.
            self._remember()
        return digest

    def _remembered(self) -> dict[str, _Seen]:
        try:
            with (self._folder / NAME).open("rb") as file:
                return _Memory.model_validate_json(file.read(manifest.MAX_BYTES)).files
        except (OSError, ValidationError):
            return {}

    def _remember(self) -> None:
        with contextlib.suppress(OSError):
            memory = _Memory(files=dict(sorted(self._files.items())))
            manifest.write_whole(self._folder / NAME, memory.model_dump_json(indent=1).encode() + b"\n")


def _sha256(path: Path, passed: Callable[[int], None]) -> str:
    digest, buffer = hashlib.sha256(), memoryview(bytearray(CHUNK))
    with path.open("rb", buffering=0) as file:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
            passed(count)
    return digest.hexdigest()
