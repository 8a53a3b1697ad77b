"""Finds what is wrong with a model's folder: quickly by sizes and headers, or fully by every byte."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from services.chassis.errors import ModelUnavailable
from services.chassis.progress import Progress, Report
from services.models import digests, layout, manifest
from services.models.catalogue import Known
from services.models.inspection import inspect
from services.models.manifest import File, Manifest

MOST = 20
"""Problems that are told; who has more fetches again."""

OURS = frozenset({manifest.NAME, digests.NAME})


def quiet(_: Progress) -> None:
    """Progress nobody looks at."""


def verify(
    folder: Path, model: Known, *, quick: bool = False, again: bool = False, report: Report = quiet
) -> list[str]:
    """What is wrong with a model's folder, a sentence each; nothing when it is whole.

    Args:
        folder: The model's.
        model: What should lie there.
        quick: Only names, sizes and headers; less than a second.
        again: Also read what was found whole before and has not been written to since.
        report: Told of the bytes that are read.

    Returns:
        At most MOST sentences; one more tells that there are others.
    """
    if not folder.is_dir():
        return [f"{model.name} is not there."]
    try:
        listed = manifest.read(folder)
        found = list(islice(_problems(folder, model, listed, quick, again, report), MOST + 1))
    except ModelUnavailable as error:
        return [error.message]
    except OSError as error:
        return [f"{model.name} cannot be read: {error.strerror}."]
    return [*found[:MOST], "There is more."] if len(found) > MOST else found


def _problems(
    folder: Path, model: Known, listed: Manifest, quick: bool, again: bool, report: Report
) -> Iterator[str]:
    if listed.model != model.name:
        yield f"{manifest.NAME} is that of {listed.model!r}."
        return
    yield from differences(folder, model, listed)
    if not quick:
        yield from _wrong_digests(folder, listed.files, again=again, report=report)


def differences(folder: Path, model: Known, listed: Manifest) -> Iterator[str]:
    """In what a folder is not as a manifest lists it, by names, sizes and headers; a sentence each."""
    sound = True
    for problem in _sizes(folder, listed):
        sound = False
        yield problem
    yield from _strangers(folder, listed)
    if sound:  # a file that is missing is not told twice
        yield from inspect(folder, model)


def _sizes(folder: Path, listed: Manifest) -> Iterator[str]:
    for file in listed.files:
        path = folder / file.path
        if not path.is_file():
            yield f"{file.path} is missing."
        elif not layout.inside(folder, file.path):
            yield f"{file.path} is a link out of the folder."
        elif (size := path.stat().st_size) != file.size:
            yield f"{file.path} has {size:,} bytes instead of {file.size:,}."


def _strangers(folder: Path, listed: Manifest) -> Iterator[str]:
    """Files that a loader might take and nobody has checked."""
    known = {file.path for file in listed.files} | OURS
    try:
        for name in sorted(layout.everything(folder)):
            if name not in known and name.endswith(layout.LOADED):
                yield f"{name[:120]!r} does not belong to the model; a loader could take it."
    except ModelUnavailable as error:
        yield error.message


def _wrong_digests(folder: Path, files: tuple[File, ...], *, again: bool, report: Report) -> Iterator[str]:
    """The files whose bytes are not those that were listed; what has another size was told of already."""
    there = [file for file in files if _has(folder, file)]
    total, done = sum(file.size for file in there), 0

    def passed(count: int) -> None:
        nonlocal done
        done += count
        report(Progress("verify", min(done / max(total, 1), 1.0), done, total, "bytes"))

    remembered = digests.Digests(folder, again=again)
    for file in there:
        try:
            if remembered.of(file.path, passed=passed) != file.sha256:
                yield f"{file.path} has other bytes than it should (sha256)."
        except OSError as error:
            yield f"{file.path} cannot be read: {error.strerror}."


def _has(folder: Path, file: File) -> bool:
    path = folder / file.path
    return path.is_file() and path.stat().st_size == file.size
