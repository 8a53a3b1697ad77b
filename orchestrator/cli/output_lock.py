"""Who is at a target: two commands with different jobs do not write the same files."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from orchestrator.cli.terminal import clean
from services.chassis.errors import NotNow, Suggestion
from services.chassis.settings import home

LONGEST_NOTE = 1000
"""Characters that are read of a claim."""


class TargetTaken(NotNow):
    """Another command is making a video that goes to the same place."""

    reason = "TARGET_TAKEN"


class Claim:
    """A target that is this command's; the claim ends with the process, whatever ends it."""

    def __init__(self, file: IO[str] | None) -> None:
        self._file = file

    def note(self, job: str, document: str) -> None:
        """Write down what is being made, for those who come later."""
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()
            self._file.write(f"{job}\n{clean(document)}\n")
            self._file.flush()


@contextmanager
def claimed(out: Path | None, job: str, document: str) -> Iterator[Claim]:
    """Hold a target, among the commands of this home; those of one job may share it.

    Args:
        out: The absolute path of the video, None when none is written.
        job: The job whose video it is; "" when it has no name yet.
        document: What the video is of.

    Raises:
        TargetTaken: A command with another job holds it; the message names that.
    """
    file = None if out is None else _locked(out, job)
    claim = Claim(file)
    try:
        claim.note(job, document)
        yield claim
    finally:
        if file is not None:
            Path(file.name).unlink(missing_ok=True)  # before it is let go: nobody else's is taken away
            file.close()


def _locked(out: Path, job: str) -> IO[str] | None:
    """The target's file, locked; None when a command with the same job has it."""
    # What stands beside the video is named without its ending.
    key = hashlib.sha256(os.fsencode(os.path.realpath(out.with_suffix("")))).hexdigest()[:16]
    path = home() / "outputs" / f"{key}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        file = path.open("a+", encoding="utf-8", errors="replace")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            name, _, document = file.read(LONGEST_NOTE).strip("\n").partition("\n")
            file.close()
            if job and name == job:
                return None
            raise _taken(out, name, document) from None
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
        file.close()  # its holder took it away while it was opened


def _taken(out: Path, job: str, document: str) -> TargetTaken:
    what = f"{document} ({job})" if document and job else document or job or "another document"
    return TargetTaken(
        f"{out} is being written by another command, from {what}.",
        suggestions=[Suggestion("Name another output with -o, or wait until that one has ended.")],
    )
