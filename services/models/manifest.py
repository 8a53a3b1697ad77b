"""The manifest of a model's folder: where its files are from, and the size and digest of each."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from services.chassis.errors import ModelUnavailable, Suggestion
from services.models.layout import MAX_FILES, allowed

NAME = "manifest.json"
MAX_BYTES = 1 << 20
MAX_FILE_BYTES = 1 << 40

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class BadManifest(ModelUnavailable):
    """A folder has no manifest, or one that cannot be read."""


def _belongs(name: str) -> str:
    if not allowed(name):
        raise ValueError("no file of a model has this name")
    return name


class File(BaseModel):
    """One file: its name from the folder on, its bytes and their digest."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    path: Annotated[str, Field(max_length=200), AfterValidator(_belongs)]
    size: int = Field(ge=0, le=MAX_FILE_BYTES)
    sha256: Digest


def _once(files: tuple[File, ...]) -> tuple[File, ...]:
    if len({file.path for file in files}) != len(files):
        raise ValueError("a file is listed twice")
    return files


class Manifest(BaseModel):
    """What a model's folder holds.

    Attributes:
        format: Of this manifest.
        model: Our name for it.
        repository: Where it is published.
        revision: The commit of that repository; of files whose commit nobody knows, `files-` and the
            beginning of a digest over all of them.
        origin: `hub`: the hub said what each file's digest must be, and it was; `folder`: the files
            were given, and the revision is what was found or said with them.
        files: By name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    model: str = Field(max_length=40)
    repository: str = Field(max_length=100)
    revision: str = Field(pattern="^([0-9a-f]{40}|files-[0-9a-f]{16})$")
    origin: Literal["hub", "folder"]
    files: Annotated[tuple[File, ...], Field(min_length=1, max_length=MAX_FILES), AfterValidator(_once)]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def revision_of(files: tuple[File, ...]) -> str:
    """The revision of files whose commit nobody knows: the same files, the same revision."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.path):
        digest.update(f"{file.path}\0{file.sha256}\n".encode())
    return f"files-{digest.hexdigest()[:16]}"


def read(folder: Path) -> Manifest:
    """The manifest of a folder.

    Raises:
        BadManifest: There is none, or it is not as it was written.
    """
    try:
        with (folder / NAME).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise BadManifest(f"{folder.name} has no {NAME}.", suggestions=_ways(folder)) from None
    except OSError as error:
        raise BadManifest(f"{NAME} of {folder.name} cannot be read: {error.strerror}.") from None
    if len(raw) > MAX_BYTES:
        raise BadManifest(f"{NAME} of {folder.name} is larger than 1 MiB.", suggestions=_ways(folder))
    try:
        return Manifest.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise BadManifest(
            f"{NAME} of {folder.name} is damaged: {f'{where}: ' if where else ''}{first['msg']}.",
            suggestions=_ways(folder),
        ) from None


def write(folder: Path, manifest: Manifest) -> None:
    """Write a folder's manifest, whole or not at all."""
    write_whole(folder / NAME, manifest.model_dump_json(indent=1).encode() + b"\n")


def write_whole(path: Path, data: bytes) -> None:
    """Write a small file so that whoever reads it meets the old or the new one."""
    number, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            os.fchmod(number, 0o644)
            file.write(data)
            file.flush()
            os.fsync(number)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _ways(folder: Path) -> list[Suggestion]:
    return [Suggestion(f"`storyreel models fetch {folder.name} --from {folder}` makes one of what is there.")]
