"""The models of generated clips: fetch one, verify them, list them."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from orchestrator.cli.byte_progress import Advance, advance
from orchestrator.cli.terminal import clean, counted, emit, tell, write
from services.chassis.errors import ModelUnavailable, Suggestion
from services.chassis.progress import Progress
from services.chassis.settings import load
from services.models import manifest
from services.models.catalogue import MODELS, known
from services.models.fetch import fetch
from services.models.files import ModelFiles
from services.models.hub import HuggingFace
from services.models.import_folder import take
from services.models.manifest import Manifest
from services.models.settings import ModelSettings
from services.models.verify import verify

OK, DAMAGED = 0, 4

WHOLE, BROKEN, ABSENT = "whole", "broken", "absent"
"""How a model's folder is found; a broken one has a folder, and something in it is not as it should be."""

_MARKS = {WHOLE: "✓", BROKEN: "✗", ABSENT: "·"}
_SAID = {BROKEN: "broken", ABSENT: "not there"}


async def models(options: argparse.Namespace) -> int:
    """Do what the word after `storyreel models` says; what reads and writes gigabytes may be stopped."""
    if options.action == "list":
        return _list(options)
    shown = advance(as_json=options.json)
    stopped = threading.Event()

    def report(progress: Progress) -> None:
        if stopped.is_set():
            raise InterruptedError
        shown.show(progress)

    try:
        return await _aside(partial(_ACTIONS[options.action], options, report, shown))
    except asyncio.CancelledError:
        stopped.set()
        shown.close()
        if options.action == "fetch":
            tell("What has arrived is kept; the same command goes on with it.\n")
        raise
    finally:
        shown.close()


def _fetch(options: argparse.Namespace, report: Callable[[Progress], None], shown: Advance) -> int:
    model, folder = known(options.model), _folder(options)
    how, linked = "is there already", 0
    if options.given:
        given = options.given.expanduser().absolute()
        taken = take(folder, model, given, revision=options.revision or "", report=report)
        listed, linked = taken.manifest, taken.linked
        how = f"taken from {given}" + (f", {counted(linked, 'file')} as links" if linked else "")
    else:
        hub = HuggingFace()
        listed, fresh = fetch(folder, model, hub, revision=options.revision or "main", report=report)
        how = f"fetched from {model.repository}" if fresh else how
    shown.close()
    place = folder / model.name
    if options.json:
        emit({"event": "finished", **_data(listed, place), "linked": linked})
    else:
        write(clean(f"{model.name}  {listed.size / 1e9:.1f} GB  {how}, revision {listed.revision}") + "\n")
        write(clean(f"{place}") + "\n")
    if listed.revision.startswith("files-"):
        tell("note  Nothing says which commit these files are from; --revision COMMIT writes it down.\n")
    return OK


def _verify(options: argparse.Namespace, report: Callable[[Progress], None], shown: Advance) -> int:
    folder = _folder(options)
    names = [options.model] if options.model else [name for name in MODELS if (folder / name).is_dir()]
    if not names:
        raise ModelUnavailable(
            f"There is no model in {folder}.",
            suggestions=[Suggestion(f"`storyreel models fetch {name}`") for name in MODELS],
        )
    code = OK
    for name in names:
        found = verify(folder / name, known(name), quick=options.quick, again=options.again, report=report)
        shown.pause()
        code = DAMAGED if found else code
        if options.json:
            way = "quick" if options.quick else "full"
            emit({"event": "verified", "model": name, "whole": not found, "check": way, "problems": found})
            continue
        right = "names, sizes and headers are right" if options.quick else "every byte is right"
        broken = BROKEN if (folder / name).is_dir() else ABSENT
        _entry(name, broken if found else WHOLE, _SAID[broken] if found else right, found)
        if found:
            tell(f"   → {clean(mend(name, folder / name))}\n")
    return code


def _list(options: argparse.Namespace) -> int:
    folder = _folder(options)
    files = ModelFiles(folder)
    entries = []
    for name, model in MODELS.items():
        place = folder / name
        problems = files.missing(name)
        state = ABSENT if not place.is_dir() else BROKEN if problems else WHOLE
        listed = None
        with contextlib.suppress(ModelUnavailable):
            listed = manifest.read(place)
        there = listed if listed and listed.model == name else None
        data = _data(there, place) if there else {"model": name, "repository": model.repository}
        entries.append({**data, "state": state, "whole": not problems, "problems": problems})
        if options.json:
            continue
        size = f"{there.size / 1e9:6.1f} GB  {there.revision}" if there else ""
        what = f"{_SAID.get(state, '')}  {size}".strip() if state != WHOLE else size
        _entry(name, state, what, problems if state == BROKEN else ())
        if state == BROKEN:
            write(clean(f"{'':13} → {mend(name, place)}") + "\n")
    if options.json:
        emit({"folder": str(folder), "models": entries})
    else:
        tell(f"They lie in {clean(str(folder))}; `storyreel models fetch MODEL` fetches one.\n")
    return OK


def _entry(name: str, state: str, what: str, problems: Sequence[str]) -> None:
    write(clean(f" {_MARKS[state]} {name:<9}  {what}").rstrip() + "\n")
    for problem in problems:
        write(clean(f"{'':13} {problem}") + "\n")


def mend(name: str, place: Path) -> str:
    """The way out for a model that is not whole."""
    if not place.is_dir():
        return f"storyreel models fetch {name}"
    if any(place.iterdir()) and not (place / manifest.NAME).exists():
        return f"`storyreel models fetch {name} --from {place}` makes a manifest of what is there"
    return f"`storyreel models fetch {name}` mends it; what is whole is not fetched again"


_ACTIONS = {"fetch": _fetch, "verify": _verify}


def _folder(options: argparse.Namespace) -> Path:
    named: Path | None = options.models
    return named.expanduser().absolute() if named else load(ModelSettings).folder


def _data(listed: Manifest, place: Path) -> dict[str, object]:
    return {
        "model": listed.model,
        "repository": listed.repository,
        "revision": listed.revision,
        "origin": listed.origin,
        "size_bytes": listed.size,
        "files": len(listed.files),
        "folder": str(place),
    }


async def _aside(work: Callable[[], int]) -> int:
    """Do work in a thread that is not waited for when the command is stopped: a download may hang."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[int] = loop.create_future()

    def settle(code: int, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(code)
        else:
            done.set_exception(error)

    def run() -> None:
        code, error = OK, None
        try:
            code = work()
        except BaseException as raised:
            error = raised
        with contextlib.suppress(RuntimeError):  # the command has ended, and its loop
            loop.call_soon_threadsafe(settle, code, error)

    threading.Thread(target=run, daemon=True, name="models").start()
    return await done
