"""Takes a model from a folder that somebody has brought: looked at, linked or copied, and written down."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.chassis.errors import Configuration, ModelUnavailable, Suggestion
from services.chassis.progress import Progress, Report
from services.models import digests, layout, manifest, verify
from services.models.catalogue import Known
from services.models.inspection import inspect
from services.models.manifest import File, Manifest
from services.models.staging import HUB_NOTES, Arrival
from services.models.verify import quiet

COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Taken:
    """A model that was taken: its manifest, and how many of its files are links to those given."""

    manifest: Manifest
    linked: int


def take(models: Path, model: Known, given: Path, *, revision: str = "", report: Report = quiet) -> Taken:
    """Take a model from a folder; on the same disk its files are linked, so that they lie there once.

    Args:
        models: The folder of the models; made when it is not there.
        model: Which the folder holds.
        given: As `hf download --local-dir`, a snapshot in huggingface_hub's cache, or another of
            storyreel's folders has it. It may be the model's own folder: then only its manifest is made.
        revision: The commit that it is of, where it does not say so itself; it is believed.
        report: Told of `copy` and `verify`, in bytes.

    Raises:
        ModelUnavailable: The folder is not this model, or its files are not those of its own manifest.
        Configuration: It is no folder, or says another revision than is named.
        StoreFull: The disk has no room.
        Overloaded: Another process is fetching the model.
    """
    _check(given, model)
    commit = _revision(given, revision)
    arrival = Arrival(models, model, way="given")
    with arrival.alone():
        if arrival.target.exists() and given.samefile(arrival.target):
            return Taken(_written_down(given, model, commit, report), 0)
        arrival.check_target()
        sizes = {name: (given / name).stat().st_size for name in layout.belonging(given)}
        arrival.begin(sizes)
        if given.stat().st_dev != arrival.folder.stat().st_dev:
            arrival.check_space(sum(sizes.values()) - arrival.arrived())
        linked = _bring(given, arrival.folder, sizes, report)
        listed = _listed(arrival.folder, given, model, commit, report)
        arrival.put(listed)
    return Taken(listed, linked)


def _check(given: Path, model: Known) -> None:
    if not given.is_dir():
        raise Configuration(
            f"{given} is not a folder.",
            suggestions=[Suggestion("Name the folder that holds the model's model_index.json.")],
        )
    if not (given / layout.INDEX).is_file():
        snapshots = [path.parent for path in given.glob(f"snapshots/*/{layout.INDEX}")]
        ways = [f"Name {path}." for path in snapshots[:3]] or [
            f"Name the folder with {layout.INDEX} in it, as {model.repository} is published."
        ]
        raise ModelUnavailable(
            f"{given} is not a model in the layout of diffusers: it has no {layout.INDEX}.",
            suggestions=[Suggestion(way) for way in ways],
        )
    if problems := list(inspect(given, model)):
        raise ModelUnavailable(
            f"{given} does not hold {model.name} whole: {problems[0]}"
            + (f" And {len(problems) - 1} more." if len(problems) > 1 else ""),
            suggestions=[Suggestion("Bring the folder again, or fetch the model from the hub.")],
        )


def _revision(given: Path, said: str) -> str:
    """The commit that a folder is of; empty where neither it nor anybody says so."""
    found = set(_revisions(given))
    if said and not COMMIT.fullmatch(said):
        raise Configuration(f"{said[:60]!r} is not a commit: a folder's revision has 40 hexadecimal digits.")
    if said and found - {said}:
        raise Configuration(f"{given} is of revision {min(found - {said})}, not {said}.")
    return said or (found.pop() if len(found) == 1 else "")


def _revisions(given: Path) -> Iterator[str]:
    if (came := _came(given)) and COMMIT.fullmatch(came.revision):
        yield came.revision
        return
    resolved = given.resolve()
    if resolved.parent.name == "snapshots" and COMMIT.fullmatch(resolved.name):
        yield resolved.name
    notes = given / HUB_NOTES / "huggingface" / "download"
    for name in layout.belonging(given):
        with contextlib.suppress(OSError), (notes / f"{name}.metadata").open("rb") as file:
            first = file.readline(64).decode("ascii", "replace").strip()
            if COMMIT.fullmatch(first):
                yield first


def _came(given: Path) -> Manifest | None:
    """The manifest that came with a folder; one that cannot be read is none, and is made anew."""
    try:
        return manifest.read(given)
    except ModelUnavailable:
        return None


def _written_down(folder: Path, model: Known, commit: str, report: Report) -> Manifest:
    """Make the manifest of a model that lies in its place already."""
    listed = _listed(folder, folder, model, commit, report)
    for problem in verify.differences(folder, model, listed):
        raise ModelUnavailable(
            f"{folder} cannot be used as it is: {problem}",
            suggestions=[
                Suggestion(
                    "Remove what is wrong, or move the folder away and name its new place with --from."
                )
            ],
        )
    manifest.write(folder, listed)
    return listed


def _bring(given: Path, folder: Path, sizes: Mapping[str, int], report: Report) -> int:
    """Link or copy files; the number of those linked."""
    total, done, linked = sum(sizes.values()), 0, 0

    def passed(count: int) -> None:
        nonlocal done
        done += count
        report(Progress("copy", min(done / max(total, 1), 1.0), done, total, "bytes"))

    for name, size in sizes.items():
        there, here = (given / name).resolve(), folder / name
        here.parent.mkdir(exist_ok=True)
        if here.exists() and here.stat().st_mtime_ns == there.stat().st_mtime_ns:
            passed(size)  # an earlier try brought it
            continue
        here.unlink(missing_ok=True)  # it may be a link to a file that must not be written to
        try:
            os.link(there, here)
            linked += 1
            passed(size)
        except OSError:  # another disk, or one without links, or a file of somebody else
            _copy(there, here, passed)
    return linked


def _copy(there: Path, here: Path, passed: Callable[[int], None]) -> None:
    with there.open("rb", buffering=0) as source, here.open("wb", buffering=0) as sink:
        while data := source.read(digests.CHUNK):
            sink.write(data)
            passed(len(data))
    status = there.stat()
    os.utime(here, ns=(status.st_atime_ns, status.st_mtime_ns))


def _listed(folder: Path, given: Path, model: Known, commit: str, report: Report) -> Manifest:
    """The manifest of files that were brought; those of a manifest that came with them must agree with it."""
    names = layout.belonging(folder)
    total, done = sum((folder / name).stat().st_size for name in names), 0

    def passed(count: int) -> None:
        nonlocal done
        done += count
        report(Progress("verify", min(done / max(total, 1), 1.0), done, total, "bytes"))

    # What the folder itself remembers was not seen here.
    remembered = digests.Digests(folder, again=True)
    files = tuple(
        File(path=name, size=(folder / name).stat().st_size, sha256=remembered.of(name, passed=passed))
        for name in names
    )
    came = _came(given)
    if came is not None and (came.model != model.name or set(came.files) != set(files)):
        other = sorted({f.path for f in set(came.files) ^ set(files)}) or [manifest.NAME]
        raise ModelUnavailable(f"{given} is not as its {manifest.NAME} says: {other[0]}.")
    if came is not None:
        return came.model_copy(update={"revision": commit or came.revision})
    return Manifest(
        model=model.name,
        repository=model.repository,
        revision=commit or manifest.revision_of(files),
        origin="folder",
        files=files,
    )
