"""What may lie in a model's folder: which names, how large, and that nothing leads out of it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.chassis.errors import ModelUnavailable

INDEX = "model_index.json"
"""What a folder begins with: it names the parts."""

WEIGHTS = ("text_encoder", "transformer", "transformer_2", "vae")
"""The parts that have weights."""

PATTERNS = {
    **dict.fromkeys(WEIGHTS, (".json", ".safetensors")),
    "tokenizer": (".json", ".model", ".txt"),
    "scheduler": (".json",),
}
"""By part the endings of the files that are fetched and kept; none of them can hold a program."""

LOADED = (
    *(".bin", ".ckpt", ".gguf", ".h5", ".json", ".model", ".msgpack", ".onnx", ".pickle", ".pkl", ".pt"),
    *(".pth", ".py", ".safetensors"),
)
"""Endings that loaders look for: such a file is not left lying beside those that were checked."""

LIBRARIES = ("diffusers", "transformers")
"""Where the classes of the parts come from; another name would be a program in the folder."""

MAX_JSON = 32 << 20
"""Bytes; the largest of the tokenizer has 17 MB."""

MAX_FILES = 2000
"""In a model's folder; those published have fewer than 60."""

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


class BadLayout(ModelUnavailable):
    """A folder is not that of a model."""


def allowed(name: str) -> bool:
    """Tell whether a file of this name, with `/` between folder and file, belongs to a model."""
    if name == INDEX:
        return True
    part, _, file = name.partition("/")
    return (
        part in PATTERNS
        and file.endswith(PATTERNS[part])
        and _NAME.fullmatch(file) is not None
        and ".." not in file
    )


def belonging(folder: Path) -> tuple[str, ...]:
    """The names of the files in a folder that belong to a model, sorted; links to files count."""
    found = [INDEX] if (folder / INDEX).is_file() else []
    for part in PATTERNS:
        if (folder / part).is_dir():
            names = (f"{part}/{path.name}" for path in (folder / part).iterdir())
            found += [name for name in names if allowed(name) and (folder / name).is_file()]
    return tuple(sorted(found))


def everything(folder: Path) -> Iterator[str]:
    """The names of all files and links in a folder and those below it.

    Raises:
        BadLayout: There are more than MAX_FILES.
    """
    count = 0
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in (*files, *links):
            if (count := count + 1) > MAX_FILES:
                raise BadLayout(f"There are more than {MAX_FILES:,} files in the folder {folder.name}.")
            yield (Path(place) / name).relative_to(folder).as_posix()


def inside(folder: Path, name: str) -> bool:
    """Tell whether a file is in a folder when all links are followed."""
    return (folder / name).resolve().is_relative_to(folder.resolve())


def read_json(path: Path, *, called: str) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        path: The file.
        called: Its name in errors.

    Raises:
        BadLayout: It cannot be read, is larger than MAX_JSON, or is no JSON object.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_JSON + 1)
        if len(raw) > MAX_JSON:
            raise BadLayout(f"{called} is larger than {MAX_JSON >> 20} MiB.")
        found = json.loads(raw)
    except OSError as error:
        raise BadLayout(f"{called} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise BadLayout(f"{called} is not JSON.") from None
    if not isinstance(found, dict):
        raise BadLayout(f"{called} is not a JSON object.")
    return found


def parts(folder: Path) -> dict[str, str]:
    """The parts that `model_index.json` names and the class of each.

    Raises:
        BadLayout: It cannot be read, or names a class from somewhere else than LIBRARIES.
    """
    found = {}
    for name, entry in read_json(folder / INDEX, called=INDEX).items():
        if name.startswith("_") or not isinstance(entry, list) or entry == [None, None]:
            continue
        if len(entry) != 2 or entry[0] not in LIBRARIES or not isinstance(entry[1], str):
            raise BadLayout(
                f"{INDEX} takes {name[:40]!r} from somewhere else than {' and '.join(LIBRARIES)}."
            )
        found[name] = entry[1]
    return found
