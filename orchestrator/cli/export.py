"""From the store to the files a person asked for: OUT.mp4 and what stands beside it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from services.artifacts import wire
from services.artifacts.store import Store
from services.chassis.errors import Configuration
from services.chassis.settings import home
from storyreel.artifact.v1 import artifact_pb2
from storyreel.job.v1 import job_pb2


def check_target(out: Path, source: Path | None = None) -> Path:
    """The absolute path of the video to write, known to be writable before any work is done.

    Raises:
        Configuration: It cannot be written to; the message says why.
    """
    try:
        out = out.expanduser().absolute()
        source = source.expanduser() if source else None
    except RuntimeError:
        raise Configuration(f"{out.parts[0]} does not exist. Name another output with -o.") from None
    if out.suffix.lower() != ".mp4":
        raise Configuration(f"{out.name} does not end in .mp4. Name the video OUT.mp4.")
    if out.is_dir():
        raise Configuration(f"{out} is a folder. Name a file in it, such as {out / 'video.mp4'}.")
    for beside in files(out).values():
        if source is not None and source.exists() and beside.resolve() == source.resolve():
            raise Configuration(
                f"{beside.name}, which stands beside {out.name}, would overwrite the source. "
                f"Name another output with -o, such as {out.stem}-video.mp4."
            )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        raise Configuration(
            f"{out.parent} cannot be written to ({error.strerror}). Name another output with -o."
        ) from None
    return out


def files(out: Path) -> dict[str, Path]:
    """The files of a video, by what they hold."""
    suffixes = {
        "mp4": ".mp4",
        "srt": ".srt",
        "vtt": ".vtt",
        "transcript": ".txt",
        "thumbnail": ".jpg",
        "manifest": ".manifest.json",
    }
    return {kind: out.with_suffix(suffix) for kind, suffix in suffixes.items()}


async def export(store: Store, job: job_pb2.Job, out: Path) -> list[Path]:
    """Write the outputs of a finished job; each file is whole or not there.

    Returns:
        The files written. A finishing touch that is missing is not among them.
    """
    video, written = job.outputs.video, []
    for kind, path in files(out).items():
        message: artifact_pb2.Artifact = getattr(job.outputs if kind == "manifest" else video, kind)
        if not message.sha256:
            continue
        partial = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            await store.fetch(wire.from_proto(message), partial)
            partial.chmod(0o644)
            partial.replace(path)
        except OSError as error:
            raise Configuration(f"{path} cannot be written ({error.strerror}).") from None
        finally:
            partial.unlink(missing_ok=True)
        written.append(path)
    return written


def remember(name: str, out: Path) -> None:
    """Note where a job's video is to be written, so that `resume` needs no -o."""
    note = _note(name)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(str(out))


def remembered(name: str) -> Path | None:
    """Where a job's video is to be written, when that was noted."""
    try:
        return Path(_note(name).read_text())
    except OSError:
        return None


def _note(name: str) -> Path:
    return home() / "outputs" / hashlib.sha256(name.encode()).hexdigest()[:16]
