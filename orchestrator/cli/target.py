"""Where a video is written: whether it can be, and whether what lies there is storyreel's own."""

from __future__ import annotations

import errno
import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from orchestrator.cli.arguments import UsageError
from services.chassis.errors import Configuration, Suggestion, Violation
from storyreel.artifact.v1 import artifact_pb2
from storyreel.job.v1 import job_pb2

SUFFIXES = {
    "srt": ".srt",
    "vtt": ".vtt",
    "transcript": ".txt",
    "thumbnail": ".jpg",
    "manifest": ".manifest.json",
}
"""What stands beside a video, by what it holds."""

LARGEST_MANIFEST = 64 << 20
"""Bytes; that of 500 scenes has less than 1 MB."""

OTHER = "Name another output with -o."


def files(out: Path) -> dict[str, Path]:
    """The files of a video, by what they hold; the video first, the manifest last."""
    return {"mp4": out} | {kind: out.with_suffix(suffix) for kind, suffix in SUFFIXES.items()}


def check_target(out: Path, source: Path | None = None) -> Path:
    """The absolute path of the video to write, known to be writable before any work is done.

    Raises:
        UsageError: The name is not one for a video, or the source stands there; the message says why.
        Configuration: It cannot be written to; the message says why.
    """
    try:
        out = out.expanduser().absolute()
        source = source.expanduser() if source else None
    except RuntimeError:
        raise _wrong(f"{out.parts[0]} does not exist. {OTHER}") from None
    try:
        _check_name(out, source)
        for path in files(out).values():
            _check_file(path, out, source)
        _check_folder(out.parent)
    except OSError as error:
        why = f"{out} cannot be written to ({error.strerror}). {OTHER}"
        raise _wrong(why) if error.errno == errno.ENAMETOOLONG else Configuration(why) from None
    return out


def _wrong(why: str) -> UsageError:
    """The refusal of what was named with -o, whatever the state of the machine."""
    return UsageError(why, violations=[Violation("output", why)])


def _check_name(out: Path, source: Path | None) -> None:
    if out.is_dir():
        inside = out / f"{(source and source.stem) or 'video'}.mp4"
        raise _wrong(f"{out} is a folder. Name a file in it, such as {inside}.")
    if out.suffix.lower() != ".mp4":
        raise _wrong(f"{out.name} does not end in .mp4. Name the video, such as {out.stem}.mp4.")


def _check_file(path: Path, out: Path, source: Path | None) -> None:
    try:
        path.lstat()  # a name that is too long is refused here
    except (FileNotFoundError, NotADirectoryError):
        return
    if path.is_dir():
        raise Configuration(
            f"{path} is a folder, and a file of that name is written beside {out.name}. "
            "Move the folder away, or name another output with -o."
        )
    if path.exists() and not path.is_file():
        raise _wrong(f"{path} is not a file but a device or the like. {OTHER}")
    if source is not None and source.exists() and path.exists() and path.samefile(source):
        raise _wrong(
            f"{path.name}, which stands beside {out.name}, would overwrite the source. "
            f"Name another output with -o, such as {out.stem}-video.mp4."
        )


def _check_folder(folder: Path) -> None:
    """Make the folder, and see that a file can be made in it."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not there.is_dir():
        raise Configuration(f"{folder} cannot be written to: {there} is a file, not a folder. {OTHER}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        missing = "" if there == folder else ", and the folder cannot be made there"
        raise Configuration(f"{there} cannot be written to ({error.strerror}){missing}. {OTHER}") from None


def check_overwriting(out: Path, job: job_pb2.Job | None = None, *, force: bool) -> None:
    """See that only files are overwritten that storyreel wrote and nobody changed since.

    Empty files hold nothing to lose. A job's own outputs may be there already, and its source never
    goes, not by force either.

    Raises:
        Configuration: Another file stands there; the message names them all.
    """
    outputs, source = (job.outputs, job.source.artifact) if job else (job_pb2.Outputs(), None)
    there = {kind: path for kind, path in files(out).items() if path.is_file() and path.stat().st_size}
    written = _written(there["manifest"]) if "manifest" in there else {}
    strangers = []
    for kind, path in there.items():
        ours = {made.sha256: made.size_bytes for made in _artifacts(outputs, kind)} | dict(
            written.get(kind, {})
        )
        if (kind == "manifest" and written) or _is(path, ours):
            continue
        if source and _is(path, {source.sha256: source.size_bytes}):
            raise Configuration(f"{path} is the job's source; it is never overwritten. {OTHER}")
        if not force:
            strangers.append(path)
    if strangers:
        raise Configuration(_refusal(strangers), suggestions=_ways(out))


def _refusal(strangers: list[Path]) -> str:
    names = ", ".join(path.name for path in strangers)
    was, it = ("was", "it") if len(strangers) == 1 else ("were", "them")
    return (
        f"{names} in {strangers[0].parent} {was} not written by storyreel, or changed since: "
        f"this would overwrite {it}."
    )


def _ways(out: Path) -> list[Suggestion]:
    return [
        Suggestion(f"Name another output with -o, such as {out.stem}-video.mp4."),
        Suggestion("Overwrite with --force."),
    ]


def _artifacts(outputs: job_pb2.Outputs, kind: str) -> Iterator[artifact_pb2.Artifact]:
    made: artifact_pb2.Artifact = getattr(outputs if kind == "manifest" else outputs.video, kind)
    if made.sha256:
        yield made


def _written(manifest: Path) -> Mapping[str, Mapping[str, int]]:
    """By kind the digest and size that a manifest records; empty when the file is not a manifest of ours."""
    try:
        if manifest.stat().st_size > LARGEST_MANIFEST:
            return {}
        video = json.loads(manifest.read_bytes())["job"]["outputs"]["video"]
        return {
            kind: {str(made["sha256"]): int(made["size_bytes"])}
            for kind, made in video.items()
            if isinstance(made, dict) and "sha256" in made
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def _is(path: Path, known: Mapping[str, int]) -> bool:
    """Tell whether a file is one of these artifacts; only one of the right size is read."""
    if path.stat().st_size not in known.values():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() in known
