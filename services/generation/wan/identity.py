"""What the backend is made of: the source and libraries its bytes depend on, and what its models can do."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from services import generation, media
from services.chassis.errors import Configuration, Suggestion
from services.generation.clip import ModelCapability
from services.generation.footage.modes import LIMITS
from services.models.files import ModelFiles

_LIBRARIES = ("torch", "diffusers", "transformers", "peft", "ftfy", "av", "numpy", "pillow")


def versions() -> dict[str, str]:
    """The versions of the libraries that clips depend on; those that generate are not imported.

    Raises:
        Configuration: One is not installed.
    """
    try:
        return {name: version(name) for name in _LIBRARIES}
    except PackageNotFoundError as error:
        raise Configuration(
            f"The backend diffusers needs the package {error.name}, which is not installed.",
            suggestions=[Suggestion("Install storyreel[diffusers].")],
        ) from error


def code() -> str:
    """A short digest of the source that decides what a clip looks like, so that no change needs a version."""
    room, shared = Path(generation.__path__[0]), Path(media.__path__[0])
    sources = [
        *sorted(Path(__file__).parent.rglob("*.py")),
        *sorted((room / "footage").glob("*.py")),
        *(shared / name for name in ("conform.py", "planes.py", "encode.py", "repeat.py")),
    ]
    digest = hashlib.sha256()
    for path in sources:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def revisions(models: ModelFiles) -> str:
    """The models that are whole, each with its revision."""
    return ",".join(f"{name}@{models.revision(name)}" for name in models.whole()) or "none"


def capabilities(models: ModelFiles) -> tuple[ModelCapability, ...]:
    """Every model: whether it is whole, and its limits."""
    return tuple(
        ModelCapability(
            name,
            limits.mode,
            not (missing := models.missing(name)),
            missing[0] if missing else "",
            limits.steps.least,
            limits.steps.most,
            limits.steps.default,
            limits.resolutions,
            limits.loras,
        )
        for name, limits in LIMITS.items()
    )
