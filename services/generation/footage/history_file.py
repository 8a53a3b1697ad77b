"""A small file of what earlier clips have shown, read without trust and replaced whole."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from services.artifacts import disk

FILE_BYTES = 1 << 18
"""Such a file is smaller, whatever is in it."""


def read(path: Path) -> bytes:
    """What is in a file; nothing when it is not there, too large or no plain file, and no error."""
    try:
        # A pipe of that name would be waited for without O_NONBLOCK.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(number, "rb") as file:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                return b""
            content = file.read(FILE_BYTES + 1)
        return b"" if len(content) > FILE_BYTES else content
    except OSError:
        return b""


def write(path: Path, content: bytes) -> None:
    """Replace a file, whole or not at all.

    Raises:
        OSError: The disk is full, or the folder cannot be written.
    """
    with disk.new_file(path, mode=0o644) as file:
        file.write(content)


def pack(name: str, entries: Sequence[Any], *, formula: int) -> bytes:
    """Entries under a name as JSON, with the formula that they were held against; each is a dataclass."""
    return json.dumps({"formula": formula, name: [asdict(entry) for entry in entries]}).encode()


def unpack(content: bytes, name: str, *, formula: int, most: int) -> list[Any]:
    """The last entries under a name, unchecked; none of what is damaged or of another formula."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return []
    if not isinstance(found, dict) or found.get("formula") != formula:
        return []
    entries = found.get(name)
    return entries[-most:] if isinstance(entries, list) else []
