"""What the command line prints passes here: no control characters, and a reader who leaves breaks nothing."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, TextIO

from rich.console import Console

_SPACES = "\t\n\v\f\r\x85\u2028\u2029"
_ORDER = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Controls that show what follows in another order: a name could look like another one."""

_CLEAN: dict[int, str] = {
    **dict.fromkeys((*range(32), *range(127, 160), *_ORDER), "�"),
    **{ord(space): " " for space in _SPACES},
}
_ESCAPED = {number: f"\\u{number:04x}" for number in (*range(0x7F, 0xA0), *_ORDER)}
"""The controls that JSON allows as they are, in the way JSON writes the others."""


class NobodyReadsError(Exception):
    """Standard output or standard error is closed: the command is asked to stop, as by Ctrl-C."""


def clean(text: str) -> str:
    """One line without control characters: what breaks lines becomes a space, the others `�`.

    Titles, file names and messages come from documents; a terminal would obey what is in them.
    """
    return text.translate(_CLEAN)


def counted(number: int, noun: str) -> str:
    """A number with its noun, which gets an s unless it is one: `1 scene`, `0 scenes`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def write(text: str) -> None:
    """Write to standard output at once.

    Raises:
        NobodyReadsError: It is closed; later writes go nowhere.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(sys.stdout)
        raise NobodyReadsError from None


def tell(text: str) -> None:
    """Write to standard error; when nobody reads that, nothing happens."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except BrokenPipeError:
        _silence(sys.stderr)


def emit(data: dict[str, Any]) -> None:
    """Write one line of JSON to standard output."""
    write(json.dumps(data, ensure_ascii=False).translate(_ESCAPED) + "\n")


class Terminal(Console):
    """A console that takes text as it is: no markup, no emoji codes, no colours by meaning."""

    def __init__(self, *, stderr: bool) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False)

    def on_broken_pipe(self) -> None:
        """Ask the command to stop; rich would end the process."""
        _silence(sys.stderr if self.stderr else sys.stdout)
        raise NobodyReadsError


def nobody_reads() -> None:
    """Note that the terminal is gone; what is written to it from now on goes nowhere."""
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            _silence(stream)


def _silence(stream: TextIO) -> None:
    """Send what is still buffered, and all that follows, nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
