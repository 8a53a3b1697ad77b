"""Fetches a model from the hub: listed, downloaded, every byte compared, then put in its place."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from services.chassis.errors import Configuration, ModelUnavailable, Suggestion
from services.chassis.progress import Progress, Report
from services.models import digests, layout, manifest
from services.models.catalogue import Known
from services.models.hub import Hub, Published
from services.models.inspection import inspect
from services.models.manifest import File, Manifest
from services.models.staging import Arrival
from services.models.verify import quiet, verify

GLANCE_SECONDS = 0.5
"""Between two looks at how much has arrived."""


def fetch(
    models: Path, model: Known, hub: Hub, *, revision: str = "main", report: Report = quiet
) -> tuple[Manifest, bool]:
    """Fetch a model, unless it is there already.

    Args:
        models: The folder of the models; made when it is not there.
        model: Which.
        hub: Where from.
        revision: A commit, a branch or a tag; the manifest records the commit.
        report: Told of `download` and `verify`, in bytes.

    Returns:
        The model's manifest, and whether anything was fetched.

    Raises:
        ModelUnavailable: What was published, or what has arrived, is not this model, or is damaged.
        StoreFull: The disk has no room.
        Overloaded: Another process is fetching it.
        Configuration: The model's folder has files of somebody else.
        StoryreelError: As the hub's methods.
    """
    if (there := _whole(models / model.name, model)) and there.revision == revision:
        return there, False
    listing = hub.listing(model.repository, revision)
    files = {name: file for name, file in listing.files.items() if layout.allowed(name)}
    if layout.INDEX not in files or len(files) > layout.MAX_FILES:
        raise ModelUnavailable(f"{model.repository} at {listing.commit} is not a model: no {layout.INDEX}.")
    if there and there.revision == listing.commit:
        return there, False
    arrival = Arrival(models, model, way="hub")
    with arrival.alone():
        arrival.check_target()
        arrival.begin({name: file.size for name, file in files.items()})
        arrival.reuse({name: (file.size, file.sha256) for name, file in files.items() if file.sha256})
        total = sum(file.size for file in files.values())
        arrival.check_space(total - arrival.arrived())
        _watched(
            lambda: hub.download(model.repository, listing.commit, sorted(files), arrival.folder),
            lambda: _tell(report, "download", arrival.arrived(), total),
        )
        made = _compared(arrival.folder, files, report)
        if problems := list(inspect(arrival.folder, model)):
            raise ModelUnavailable(
                f"What {model.repository} holds at {listing.commit} is not {model.name}: {problems[0]}"
            )
        listed = Manifest(
            model=model.name,
            repository=model.repository,
            revision=listing.commit,
            origin="hub",
            files=made,
        )
        arrival.put(listed)
    return listed, True


def _whole(folder: Path, model: Known) -> Manifest | None:
    """The manifest of a model that is there and whole as far as a quick look can tell."""
    return None if verify(folder, model, quick=True) else manifest.read(folder)


def _tell(report: Report, step: str, done: int, total: int) -> None:
    done = min(done, total)
    report(Progress(step, done / max(total, 1), done, total, "bytes"))


def _watched(work: Callable[[], None], glance: Callable[[], None]) -> None:
    """Do work in a thread of its own and look at it from time to time.

    When the glance raises, the work goes on without being waited for: huggingface_hub cannot be stopped,
    and the process that asks for it ends.
    """
    failed: list[BaseException] = []
    ended = threading.Event()

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)
        finally:
            ended.set()

    threading.Thread(target=run, daemon=True, name="download").start()
    while not ended.wait(GLANCE_SECONDS):
        glance()
    if failed:
        raise failed[0]
    glance()


def _compared(folder: Path, files: Mapping[str, Published], report: Report) -> tuple[File, ...]:
    """The files that have arrived, each compared with what the hub says of it.

    Raises:
        ModelUnavailable: Some are not what was published; they are removed, so that they come again.
    """
    total, done = sum(file.size for file in files.values()), 0

    def passed(count: int) -> None:
        nonlocal done
        done += count
        _tell(report, "verify", done, total)

    found, damaged = [], []
    remembered = digests.Digests(folder)
    for name, published in sorted(files.items()):
        path = folder / name
        if not path.is_file() or path.is_symlink() or path.stat().st_size != published.size:
            damaged.append(name)
            continue
        digest = remembered.of(name, passed=passed)
        if digest != published.sha256 if published.sha256 else _git(path) != published.git:
            damaged.append(name)
            continue
        found.append(File(path=name, size=published.size, sha256=digest))
    for name in damaged:
        with contextlib.suppress(OSError):
            (folder / name).unlink()
    if damaged:
        raise ModelUnavailable(
            f"{len(damaged)} of {len(files)} files did not arrive as they were published, "
            f"such as {damaged[0]}.",
            suggestions=[Suggestion("The same command fetches these again.")],
        )
    return tuple(found)


def _git(path: Path) -> str:
    """Git's digest of a small file, which is all that the hub tells of it."""
    if path.stat().st_size > layout.MAX_JSON:
        raise Configuration(f"{path.name} is too large for a file without a sha256 on the hub.")
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
