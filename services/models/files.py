"""The models that are there, as pre-flight and the backend ask for them."""

from __future__ import annotations

from pathlib import Path

from services.chassis.errors import ModelUnavailable, Suggestion
from services.models import manifest
from services.models.catalogue import MODELS, known
from services.models.verify import verify

_Stamp = tuple[tuple[str, int, int], ...]


class ModelFiles:
    """The models in a folder, one folder each by name.

    Args:
        folder: It need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looked: dict[str, tuple[_Stamp, list[str]]] = {}

    def path(self, model: str) -> Path:
        """Where a model lies or would lie.

        Raises:
            ModelUnavailable: There is no model of this name.
        """
        return self._folder / known(model).name

    def missing(self, model: str) -> list[str]:
        """What is missing or broken of a model, a sentence each; nothing when it can be loaded.

        Looks at names, sizes and headers; while no file changes, only at times and sizes.
        """
        if model not in MODELS:
            return [f"There is no model {model[:40]!r}."]
        try:
            stamp = self._stamp(model)
        except OSError as error:
            return [f"{model} cannot be read: {error.strerror}."]
        looked = self._looked.get(model)
        if looked is None or looked[0] != stamp:
            looked = self._looked[model] = stamp, verify(self.path(model), known(model), quick=True)
        return list(looked[1])

    def revision(self, model: str) -> str:
        """The commit that a model's files are from, or `files-…` where that is not known.

        Raises:
            ModelUnavailable: The model is not there or has no manifest.
        """
        if not self.path(model).is_dir():
            raise ModelUnavailable(
                f"{model} is not there.", suggestions=[Suggestion(f"`storyreel models fetch {model}`")]
            )
        return manifest.read(self.path(model)).revision

    def whole(self) -> tuple[str, ...]:
        """The models of which nothing is missing."""
        return tuple(name for name in MODELS if not self.missing(name))

    def _stamp(self, model: str) -> _Stamp:
        """Names, sizes and times of all that lies in a model's folder."""
        found = []
        for place in (self.path(model), *(self.path(model) / part for part in known(model).parts)):
            entries = sorted(place.iterdir()) if place.is_dir() else []
            for entry in entries:
                status = entry.stat() if entry.exists() else entry.lstat()
                found.append((entry.as_posix(), status.st_size, status.st_mtime_ns))
        return tuple(found)
